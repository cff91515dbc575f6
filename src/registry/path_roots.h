// Path roots: short names for the upper part of paths, kept beside the database in X.db.roots (lines NAME, tab, PREFIX).
// A stored pathname "$NAME/rest" stands for PREFIX/rest. One changed line moves all rows below it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg {

class PathRoots {
 public:
  /// The roots of a database; none when there is no X.db.roots. Errors: corrupt (with the line), io.
  static Result<PathRoots> load(const std::string& database);

  /// Adds or changes one. NAME: letters, digits, underscore; PREFIX: an absolute path. Errors: invalid.
  Status define(const std::string& name, const std::string& prefix);
  /// Writes X.db.roots in one step.
  Status save(const std::string& database) const;

  /// "$NAME/rest" to a full path; anything else, and unknown names, stay as they are.
  std::string expand(std::string_view pathname) const;
  /// The shortest form of an absolute folder: whole components only, the longest prefix wins.
  std::string shorten(std::string_view pathname) const;
  bool empty() const { return roots_.empty(); }

  struct Root {
    std::string name;
    std::string prefix;
    bool operator==(const Root&) const = default;
  };
  const std::vector<Root>& roots() const { return roots_; }

 private:
  std::vector<Root> roots_;
};

}  // namespace imreg

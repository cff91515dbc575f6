// Path roots: short names for the upper part of paths, kept beside the database in X.db.roots (lines NAME, tab, PREFIX).
// A stored pathname "$NAME/rest" stands for PREFIX/rest. One changed line moves all rows below it. man 5 imreg-roots.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/status.h"

namespace imreg {

class IoObserver;

/// What the configuration of this host says about roots: lines ROOT_NAME PREFIX.
struct HostRoots {
  /// NAME, PREFIX of each. Asked only for a database that has roots.
  std::function<Result<std::vector<std::pair<std::string, std::string>>>()> read;
  /// Tells people of a NAME that the database does not define.
  std::function<void(const std::string& name, const std::string& note)> warn;
};

class PathRoots {
 public:
  /// The roots of a database as this host sees them; none when there is no X.db.roots. Errors: corrupt (with the line), io;
  /// invalid (a prefix of this host makes no sense).
  static Result<PathRoots> load(const std::string& database);
  /// A process has one configuration, whoever loads roots: so this is said once, before the work begins.
  static void set_host(HostRoots host);

  /// Adds or changes one. NAME: letters, digits, underscore; PREFIX: an absolute path, or $OTHER/rest with a root that is
  /// defined. Errors: invalid; nothing is changed then.
  Status define(const std::string& name, const std::string& prefix);
  /// Errors: not_found; invalid (another root is built on it).
  Status remove(const std::string& name);
  /// Writes X.db.roots in one step, without what only this host says.
  Status save(const std::string& database, IoObserver* observer = nullptr) const;
  /// Whether X.db.roots is as save() wrote it, or has no check because a person or an older release did. Errors: mismatch, io.
  static Status check_file(const std::string& database);

  /// "$NAME/rest" to a full path; anything else, and unknown names, stay as they are.
  std::string expand(std::string_view pathname) const;
  /// The shortest form of an absolute folder: whole components only, the root with the longest folder wins.
  std::string shorten(std::string_view pathname) const;
  bool empty() const { return roots_.empty(); }

  struct Root {
    std::string name;
    std::string prefix;  ///< as X.db.roots has it
    std::string host;    ///< what this host has instead, or empty
    std::string folder;  ///< what it stands for here: an absolute path
    bool operator==(const Root&) const = default;
  };
  const std::vector<Root>& roots() const { return roots_; }
  const Root* find(std::string_view name) const;

 private:
  Status put(const std::string& name, std::string prefix, std::string Root::*where);
  Status resolve(std::size_t* culprit = nullptr);
  Status take_host(const std::string& database);

  std::vector<Root> roots_;
};

/// NAME of "$NAME/rest"; empty for any other path.
std::string_view root_of(std::string_view pathname);
/// Whether a path is a folder, or in it: /data/a/b is in /data/a, /data/ab is not.
bool is_in_folder(std::string_view path, std::string_view folder);

}  // namespace imreg

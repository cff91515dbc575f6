// Rules that say where files went: OLD NEW for whole components of a path, or a substitution s|re|new|flags. Tried in order, the
// first that matches a path decides.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expression/substitution.h"
#include "imreg/status.h"
#include "registry/path_roots.h"

namespace imreg {

struct PathRule {
  std::string text;                               ///< as it was typed
  std::string place;                              ///< "line 3 of FILE"; empty: the command line
  std::string from, to;                           ///< absolute, without roots; `from` may be a file
  std::string leaves = {};                        ///< OLD is this root and NEW its folder: its rows get whole paths
  std::optional<Substitution> substitution = {};  ///< instead
};

/// What the rules make of a file's path.
struct NewPath {
  int rule = -1;             ///< that decides; -1: none matches
  bool any_name = false;     ///< it is the same for every name in the folder
  std::string folder, name;  ///< absolute, without roots
  std::string_view leaves;   ///< the rule's
};

class PathRules {
 public:
  explicit PathRules(PathRoots roots) : roots_(std::move(roots)) {}
  /// Pairs OLD NEW and substitutions, in any order. Error: invalid.
  Status add_words(const std::vector<std::string>& words);
  /// A rule a line: OLD, a tab (or blanks), NEW; or a substitution. # begins a comment line. Error: invalid, with the line.
  Status add_lines(std::string_view text, const std::string& file);
  /// Behind the last one. Error: invalid, there is none.
  Status check() const;

  const std::vector<PathRule>& rules() const { return rules_; }
  /// Error invalid: the new path makes no sense.
  Result<NewPath> apply(std::string_view folder, std::string_view name) const;
  /// All paths that a rule matches begin with one of these; empty: nothing is known.
  std::vector<std::string> starts() const;

 private:
  Status add_pair(PathRule rule, std::string_view from, std::string_view to);
  Status add_substitution(PathRule rule);
  Result<std::string> path_of(std::string_view typed) const;

  PathRoots roots_;
  std::vector<PathRule> rules_;
};

}  // namespace imreg

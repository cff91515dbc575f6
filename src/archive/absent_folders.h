// Which folders are not there, each asked of the kernel once; and roots that are not.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <unordered_set>

#include "registry/path_roots.h"

namespace imreg::archive {

/// For several threads.
class AbsentFolders {
 public:
  /// The highest folder at or above `path` that is known to be missing; empty: none is known.
  std::string known_above(const std::string& path);
  /// `path` is missing: what is the highest folder that is?
  std::string top_of(const std::string& path);

 private:
  bool is_there(const std::string& path);

  std::mutex mutex_;
  std::unordered_set<std::string> tops_, there_;
};

/// Roots that are not there, or are an empty folder (a disk that is not mounted): by name, and why in words.
std::map<std::string, std::string> roots_away(const PathRoots& roots);

}  // namespace imreg::archive

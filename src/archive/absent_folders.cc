// A folder below one that is known to be missing costs nothing.
#include "archive/absent_folders.h"

#include "os/walk.h"

namespace imreg::archive {

std::string AbsentFolders::known_above(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (tops_.empty()) return {};
  for (std::size_t end = path.size(); end > 0 && end != path.npos; end = path.rfind('/', end - 1)) {
    if (const auto at = tops_.find(path.substr(0, end)); at != tops_.end()) return *at;
  }
  return {};
}

std::string AbsentFolders::top_of(const std::string& path) {
  std::string top = path;
  for (;;) {
    const auto slash = top.rfind('/');
    if (slash == 0 || slash == top.npos) break;
    const std::string above = top.substr(0, slash);
    if (is_there(above) || is_folder(above)) {
      const std::lock_guard lock(mutex_);
      there_.insert(above);
      break;
    }
    top = above;
  }
  const std::lock_guard lock(mutex_);
  tops_.insert(top);
  return top;
}

bool AbsentFolders::is_there(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return there_.contains(path);
}

std::map<std::string, std::string> roots_away(const PathRoots& roots) {
  std::map<std::string, std::string> out;
  for (const auto& root : roots.roots()) {
    const std::string name = "root " + root.name + " (" + root.folder + ")";
    const auto names = names_in(root.folder);
    if (!names && names.status().code() == Code::not_found)
      out[root.name] = name + " is not there";
    else if (names && names->empty())
      out[root.name] = name + " is an empty folder: is it mounted?";
  }
  return out;
}

}  // namespace imreg::archive

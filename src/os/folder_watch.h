// What happens in folders and all folders below them, as the kernel tells it (inotify(7)). On a network file system the kernel
// tells only what this host does.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "imreg/status.h"

namespace imreg {

struct FolderEvents {
  std::vector<std::string> files;    ///< closed behind writing, moved in, or linked; a name comes once
  std::vector<std::string> folders;  ///< new ones: what they hold already was not told
  std::vector<std::string> gone;     ///< watched folders that are no more where they were
  bool lost = false;                 ///< the kernel had no room for all events: look at everything
};

class FolderWatch {
 public:
  /// Error: io (too many instances for this user).
  static Result<FolderWatch> make();
  /// Watches a folder and those below it, not those that are links, hidden ones left out; what is watched stays so. Errors:
  /// not_found, io (no folder).
  Status add(const std::string& folder);
  /// The kernel had not enough watches (fs.inotify.max_user_watches): some folders are not watched.
  bool full() const { return full_; }
  /// Watches a folder and those below it no more.
  void forget(const std::string& folder);
  /// Whether this folder is watched.
  bool has(const std::string& folder) const;
  /// Waits up to `seconds` (less than 0: for ever) for events, or until `also` can be read (-1: none), and gives all there are. New
  /// folders are watched by then. Errors: io.
  Result<FolderEvents> wait(double seconds, int also = -1);

  FolderWatch() = default;
  FolderWatch(FolderWatch&& other) noexcept;
  FolderWatch& operator=(FolderWatch&& other) noexcept;
  ~FolderWatch();

 private:
  Status add_one(const std::string& folder);
  Status take(FolderEvents& out);

  int fd_ = -1;
  bool full_ = false;
  std::map<int, std::string> folders_;
  std::map<std::string, int> watches_;
};

}  // namespace imreg

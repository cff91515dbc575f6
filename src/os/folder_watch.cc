// inotify, folder by folder.
#include "os/folder_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <set>
#include <utility>

#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace {

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// Closed long ago, or nobody knows: a name more for a file that is there tells of no closing of its own.
bool is_another_name(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return false;
  // Its other name may be gone already; making and removing names changes ctime alone, writing both.
  const auto time = [](const timespec& t) { return std::pair(t.tv_sec, t.tv_nsec); };
  return S_ISLNK(info.st_mode) ||
         (S_ISREG(info.st_mode) && (info.st_nlink > 1 || time(info.st_ctim) > time(info.st_mtim)));
}

}  // namespace

Result<FolderWatch> FolderWatch::make() {
  FolderWatch out;
  out.fd_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (out.fd_ < 0) return os_error("", "cannot watch folders (fs.inotify.max_user_instances)", errno);
  return out;
}

FolderWatch::FolderWatch(FolderWatch&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      full_(other.full_),
      folders_(std::move(other.folders_)),
      watches_(std::move(other.watches_)) {}

FolderWatch& FolderWatch::operator=(FolderWatch&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(full_, other.full_);
  folders_.swap(other.folders_);
  watches_.swap(other.watches_);
  return *this;
}

FolderWatch::~FolderWatch() {
  if (fd_ >= 0) ::close(fd_);
}

bool FolderWatch::has(const std::string& folder) const { return watches_.contains(folder); }

Status FolderWatch::add_one(const std::string& folder) {
  const int watch = ::inotify_add_watch(fd_, folder.c_str(), kEvents);
  if (watch < 0) {
    if (errno != ENOSPC) return os_error(folder, "cannot be watched", errno);
    full_ = true;
    return {};
  }
  if (const auto before = folders_.find(watch); before != folders_.end()) watches_.erase(before->second);
  folders_[watch] = folder;
  watches_[folder] = watch;
  return {};
}

Status FolderWatch::add(const std::string& folder) {
  IMREG_TRY(add_one(folder));
  // Watched first, read then: a folder that is made in between is told, or found, or both.
  IMREG_ASSIGN(const auto names, names_in(folder));
  for (const auto& name : names) {
    const std::string path = below(folder, name);
    if (name[0] == '.' || !is_folder_itself(path)) continue;
    (void)add(path);  // it went again, or nobody may look into it: the others are watched all the same
  }
  return {};
}

void FolderWatch::forget(const std::string& folder) {
  for (auto at = watches_.lower_bound(folder); at != watches_.end() && at->first.starts_with(folder);) {
    if (at->first.size() > folder.size() && at->first[folder.size()] != '/') {
      ++at;
      continue;
    }
    ::inotify_rm_watch(fd_, at->second);
    folders_.erase(at->second);
    at = watches_.erase(at);
  }
}

Result<FolderEvents> FolderWatch::wait(double seconds, int also) {
  pollfd waiting[] = {{fd_, POLLIN, 0}, {also, POLLIN, 0}};
  const int milliseconds = seconds < 0 ? -1 : static_cast<int>(std::ceil(std::min(seconds, 1e6) * 1000));
  FolderEvents out;
  if (::poll(waiting, 2, milliseconds) < 0 && errno != EINTR) return os_error("", "cannot wait for events", errno);
  IMREG_TRY(take(out));
  return out;
}

Status FolderWatch::take(FolderEvents& out) {
  alignas(inotify_event) char buffer[1 << 16];
  std::set<std::string> seen;
  for (;;) {
    const ssize_t size = ::read(fd_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return {};
    if (size < 0) return os_error("", "cannot read the events of folders", errno);
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* const text = buffer + at + sizeof event;
      at += static_cast<ssize_t>(sizeof event + event.len);
      if (event.mask & IN_Q_OVERFLOW) out.lost = true;
      const auto known = folders_.find(event.wd);
      if (known == folders_.end()) continue;
      const std::string folder = known->second;
      if (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
        forget(folder);
        out.gone.push_back(folder);
        continue;
      }
      const std::string name(text, strnlen(text, event.len));
      if (name.empty() || name[0] == '.') continue;
      const std::string path = below(folder, name);
      if (event.mask & IN_ISDIR) {
        if (event.mask & IN_MOVED_FROM) forget(path);
        if (!(event.mask & (IN_CREATE | IN_MOVED_TO))) continue;
        (void)add(path);  // whoever looks into it tells why it cannot be read
        out.folders.push_back(path);
      } else if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) || ((event.mask & IN_CREATE) && is_another_name(path))) {
        if (seen.insert(path).second) out.files.push_back(path);
      }
    }
  }
}

}  // namespace imreg

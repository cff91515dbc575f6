// A task for each folder: one open, its names, one look at those of unknown kind. What vanishes meanwhile was not there.
#include "archive/walk_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <utility>

#include "archive/tasks.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg::archive {

namespace {

class Walker {
 public:
  Walker(const std::function<void(const Passed&)>& visit, const std::function<void(std::int64_t)>& going)
      : visit_(visit), going_(going) {}

  Walked run(std::vector<std::string> folders, int jobs) {
    std::sort(folders.begin(), folders.end());
    start(folders, jobs);
    // In the order of their names, so that the same links win each time.
    while (!links_.empty()) {
      std::vector<std::string> links;
      links.swap(links_);
      std::sort(links.begin(), links.end());
      for (auto& link : links) start({std::move(link)}, jobs);
    }
    std::sort(out_.faults.begin(), out_.faults.end(),
              [](const Status& a, const Status& b) { return a.file() < b.file(); });
    return std::move(out_);
  }

 private:
  void start(const std::vector<std::string>& folders, int jobs) {
    for (const auto& folder : folders) tasks_.add([this, folder] { enter(folder); });
    tasks_.run(jobs);
  }

  void fault(const std::string& folder, const char* what, int error) {
    if (error == ENOENT || error == ENOTDIR) return;
    const std::lock_guard lock(mutex_);
    out_.faults.push_back(os_error(folder, what, error));
  }

  void enter(const std::string& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fault(folder, "the folder cannot be read", errno);
    DIR* dir = ::fdopendir(fd);
    struct stat info {};
    if (!dir || ::fstat(fd, &info) != 0) {
      fault(folder, "the folder cannot be read", errno);
      dir ? ::closedir(dir) : ::close(fd);
      return;
    }
    bool is_new = true;
    {
      const std::lock_guard lock(mutex_);
      is_new = entered_.emplace(info.st_dev, info.st_ino).second;
    }
    try {
      if (is_new) read(folder, dir, fd);
    } catch (...) {
      ::closedir(dir);
      throw;
    }
    ::closedir(dir);
  }

  void read(const std::string& folder, DIR* dir, int fd) {
    std::int64_t files = 0;
    for (errno = 0; const dirent* entry = ::readdir(dir); errno = 0) {
      const char* name = entry->d_name;
      if (name[0] == '.') continue;
      unsigned char type = entry->d_type;
      const bool link = type == DT_LNK;
      struct stat info {};
      if (link || type == DT_UNKNOWN) {
        if (::fstatat(fd, name, &info, 0) != 0) continue;  // it leads nowhere, or has gone
        type = S_ISDIR(info.st_mode) ? DT_DIR : S_ISREG(info.st_mode) ? DT_REG : DT_FIFO;
      }
      if (type == DT_DIR && link) {
        const std::lock_guard lock(mutex_);
        links_.push_back(below(folder, name));
      } else if (type == DT_DIR) {
        tasks_.add([this, inside = below(folder, name)] { enter(inside); });
      } else if (type == DT_REG) {
        visit_({folder, fd, name});
        ++files;
      }
    }
    if (errno != 0) fault(folder, "its names cannot be read to the end", errno);
    const std::lock_guard lock(mutex_);
    out_.files += files;
    if (going_) going_(out_.files);
  }

  const std::function<void(const Passed&)>& visit_;
  const std::function<void(std::int64_t)>& going_;
  Tasks tasks_;
  std::mutex mutex_;
  std::set<std::pair<dev_t, ino_t>> entered_;
  std::vector<std::string> links_;
  Walked out_;
};

}  // namespace

Walked walk_folders(const std::vector<std::string>& folders, int jobs, const std::function<void(const Passed&)>& visit,
                    const std::function<void(std::int64_t)>& going) {
  return Walker(visit, going).run(folders, jobs);
}

}  // namespace imreg::archive

// Walks folders in a fixed order, through links too, into a loop only once.
#include "os/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "os/file.h"

namespace imreg {

namespace {

using Identity = std::pair<dev_t, ino_t>;

const char* special_kind(mode_t mode) {
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

FileTimes times_of(const struct stat& info) {
  return {info.st_size, static_cast<double>(info.st_mtim.tv_sec) + static_cast<double>(info.st_mtim.tv_nsec) * 1e-9};
}

struct Entry {
  std::string name;
  int error = 0;
  struct stat info {};
};

// Looked at from within the folder: the kernel need not go through its path again for each of them.
Result<std::vector<Entry>> entries_of(const std::string& folder) {
  IMREG_ASSIGN(auto names, names_in(folder));
  std::erase_if(names, [](const std::string& name) { return name[0] == '.'; });
  const int at = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) return os_error(folder, "cannot read the folder", errno);
  std::vector<Entry> out(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    out[i].name = std::move(names[i]);
    out[i].error = ::fstatat(at, out[i].name.c_str(), &out[i].info, 0) == 0 ? 0 : errno;
  }
  ::close(at);
  return out;
}

void walk(const std::string& folder, std::vector<Identity>& above, Walk& out) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) {
    out.faults.push_back(os_error(folder, "cannot look at the folder", errno));
    return;
  }
  const Identity self{info.st_dev, info.st_ino};
  if (std::find(above.begin(), above.end(), self) != above.end()) {
    out.faults.push_back(Status(Code::invalid, "is a link to a folder above it: a loop, not entered").in_file(folder));
    return;
  }
  const auto entries = entries_of(folder);
  if (!entries) {
    out.faults.push_back(entries.status());
    return;
  }
  above.push_back(self);
  for (const auto& entry : *entries) {
    std::string path = below(folder, entry.name);
    if (entry.error != 0) {
      out.faults.push_back(os_error(path, "cannot look at it", entry.error));
    } else if (S_ISDIR(entry.info.st_mode)) {
      walk(path, above, out);
    } else if (S_ISREG(entry.info.st_mode)) {
      out.files.push_back(std::move(path));
      out.times.push_back(times_of(entry.info));
    } else {
      out.special.emplace_back(std::move(path), special_kind(entry.info.st_mode));
    }
  }
  above.pop_back();
}

}  // namespace

Result<std::vector<std::string>> names_in(const std::string& folder) {
  DIR* dir = ::opendir(folder.c_str());
  if (!dir) return os_error(folder, "cannot read the folder", errno);
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(dir); errno = 0) names.emplace_back(entry->d_name);
  const int error = errno;  // the end and a disk that fails look alike but for this
  ::closedir(dir);
  if (error != 0) return os_error(folder, "cannot read the folder to its end", error);
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(names.begin(), names.end());
  return names;
}

Walk walk_folder(const std::string& folder) {
  Walk out;
  std::vector<Identity> above;
  std::string start = folder;
  while (start.size() > 1 && start.back() == '/') start.pop_back();
  walk(start, above, out);
  return out;
}

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Inode inode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? Inode(info.st_dev, info.st_ino) : Inode();
}

std::optional<FileTimes> file_times(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return times_of(info);
}

bool is_folder_itself(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string below(std::string_view folder, std::string_view name) {
  std::string out(folder == "/" ? "" : folder);
  return (out += '/') += name;
}

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

bool is_missing(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  auto absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

}  // namespace imreg

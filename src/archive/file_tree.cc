// Trees of files by lstat, never through links and never into another file system.
#include "archive/file_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "os/walk.h"

namespace imreg::archive {

namespace {

constexpr std::size_t kPiece = 4 << 20;
constexpr int kDeepest = 256;

bool same_time(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

int vetoed(IoObserver* observer, IoOperation::Kind kind, const std::string& path, int fd = -1) {
  return observer ? observer->before({kind, path, 0, {}, fd}) : 0;
}

Result<std::string> target_of(const std::string& link) {
  std::string out(4096, '\0');
  const ssize_t size = ::readlink(link.c_str(), out.data(), out.size());
  if (size < 0) return os_error(link, "cannot read the link", errno);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool same_file(const std::string& a, const struct stat& first, const std::string& b, const struct stat& second) {
  if ((first.st_mode & S_IFMT) != (second.st_mode & S_IFMT)) return false;
  if (S_ISDIR(first.st_mode)) return true;
  if (S_ISLNK(first.st_mode)) return target_of(a).value_or("a") == target_of(b).value_or("b");
  return first.st_size == second.st_size && same_time(first.st_mtim, second.st_mtim);
}

Status add(const std::string& top, const std::string& rest, dev_t device, int depth, std::vector<TreeEntry>& out) {
  const std::string path = top + rest;
  IMREG_ASSIGN(const auto info, look_at(path));
  if (info.st_dev != device)
    return Status(Code::invalid, "is on another file system, mounted there; unmount it first").in_file(path);
  if (depth > kDeepest) return Status(Code::invalid, "its folders are nested too deep").in_file(path);
  out.push_back({rest, info});
  if (!S_ISDIR(info.st_mode)) return {};
  IMREG_ASSIGN(const auto names, names_in(path));
  for (const auto& name : names) IMREG_TRY(add(top, rest + "/" + name, device, depth + 1, out));
  return {};
}

// What is not the content: owner first, which takes bits of the mode away; times last.
Status take_attributes(const std::string& path, const struct stat& info) {
  if (::lchown(path.c_str(), info.st_uid, info.st_gid) != 0 &&
      ::lchown(path.c_str(), static_cast<uid_t>(-1), info.st_gid) != 0)
    errno = 0;  // others than root may not, and it is no trouble
  if (!S_ISLNK(info.st_mode) && ::chmod(path.c_str(), info.st_mode & 07777) != 0)
    return os_error(path, "cannot set its mode", errno);
  const std::array<timespec, 2> times{info.st_atim, info.st_mtim};
  if (::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
    return os_error(path, "cannot set its time", errno);
  return {};
}

// fsync and not fdatasync: the time is what tells later that the copy is one.
Status sync_all_of(int fd, const std::string& path, IoObserver* observer) {
  int error = vetoed(observer, IoOperation::Kind::sync_data, path, fd);
  if (error == 0 && ::fsync(fd) != 0 && errno != EINVAL) error = errno;
  return error == 0 ? Status() : os_error(path, "cannot sync", error);
}

Status sync_folder(const std::string& path, IoObserver* observer) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return os_error(path, "cannot open the folder", errno);
  Status synced = sync_all_of(fd, path, observer);
  ::close(fd);
  return synced;
}

Status compare_content(const File& first, const File& second, std::size_t piece) {
  (void)::posix_fadvise(second.fd(), 0, 0, POSIX_FADV_DONTNEED);  // what the disk has, not what memory has
  std::string one(piece, '\0'), other(piece, '\0');
  for (std::int64_t at = 0;;) {
    IMREG_ASSIGN(const std::size_t got, first.read(at, one.data(), piece));
    IMREG_ASSIGN(const std::size_t read, second.read(at, other.data(), piece));
    if (got != read || std::string_view(one).substr(0, got) != std::string_view(other).substr(0, got)) {
      return Status(Code::mismatch, "the copy in " + folder_of(second.path()) + " is not the same when it is read back")
          .in_file(first.path());
    }
    if (got == 0) return {};
    at += static_cast<std::int64_t>(got);
  }
}

Status copy_file(const std::string& from, const std::string& to, const struct stat& info, IoObserver* observer,
                 const std::function<void(std::int64_t)>& copied) {
  IMREG_ASSIGN(const File in, File::open(from, File::Mode::read));
  IMREG_ASSIGN(File out, File::open(to, File::Mode::create_new, observer));
  const std::size_t piece = std::min(kPiece, static_cast<std::size_t>(info.st_size) + 1);
  std::string bytes(piece, '\0');
  for (std::int64_t at = 0;;) {
    IMREG_ASSIGN(const std::size_t got, in.read(at, bytes.data(), piece));
    if (got == 0) break;
    IMREG_TRY(out.write(at, std::string_view(bytes).substr(0, got)));
    at += static_cast<std::int64_t>(got);
    if (copied) copied(static_cast<std::int64_t>(got));
  }
  IMREG_TRY(take_attributes(to, info));
  IMREG_TRY(sync_all_of(out.fd(), to, observer));
  return compare_content(in, out, piece);
}

Status remove_one(const std::string& path, const struct stat& info, IoObserver* observer) {
  if (!S_ISDIR(info.st_mode)) return remove_file(path, observer);
  if (const int error = vetoed(observer, IoOperation::Kind::remove, path))
    return os_error(path, "cannot remove it", error);
  return ::rmdir(path.c_str()) == 0 ? Status() : os_error(path, "cannot remove it", errno);
}

Status remove_all(const std::string& path, const struct stat& info, dev_t device, IoObserver* observer) {
  if (info.st_dev != device) return Status(Code::io, "is on another file system, mounted there").in_file(path);
  if (S_ISDIR(info.st_mode)) {
    if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) (void)::chmod(path.c_str(), 0700);  // a copy of a closed one
    IMREG_ASSIGN(const auto names, names_in(path));
    for (const auto& name : names) {
      const std::string inside = path + "/" + name;
      const auto found = look_at(inside);
      if (found) IMREG_TRY(remove_all(inside, *found, device, observer));
    }
  }
  Status removed = remove_one(path, info, observer);
  return removed.code() == Code::not_found ? Status() : removed;
}

}  // namespace

Result<struct stat> look_at(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return os_error(path, "cannot look at it", errno);
  return info;
}

Status unless_missing(const Status& status) { return status.code() == Code::not_found ? Status() : status; }

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

// The device alone does not tell: one file system may be mounted at two places, and no rename leads from one to the other.
std::pair<std::uint64_t, std::uint64_t> file_system_of(const std::string& path) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &info) != 0) return {};
  return {std::uint64_t{info.stx_dev_major} << 32 | info.stx_dev_minor,
          info.stx_mask & STATX_MNT_ID ? info.stx_mnt_id : 0};
}

Result<std::vector<TreeEntry>> tree_of(const std::string& top) {
  std::vector<TreeEntry> out;
  IMREG_ASSIGN(const auto info, look_at(top));
  IMREG_TRY(add(top, "", info.st_dev, 0, out));
  return out;
}

Status rename_to_free(const std::string& from, const std::string& to, IoObserver* observer) {
  int error = observer ? observer->before({IoOperation::Kind::rename, from, 0, to}) : 0;
  if (error == 0 && ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) error = errno;
  if (error == EINVAL || error == ENOSYS) {  // not every file system knows it
    error = exists(to) ? EEXIST : 0;
    if (error == 0 && ::rename(from.c_str(), to.c_str()) != 0) error = errno;
  }
  return error == 0 ? Status() : Status(Code::io, "cannot move it to " + to + ": " + error_text(error)).in_file(from);
}

Status copy_tree(const std::string& from, const std::string& to, IoObserver* observer,
                 const std::function<void(std::int64_t)>& copied) {
  IMREG_ASSIGN(const auto tree, tree_of(from));
  for (const auto& [rest, info] : tree) {
    const std::string source = from + rest, target = to + rest;
    if (S_ISREG(info.st_mode)) {
      IMREG_TRY(copy_file(source, target, info, observer, copied));
      continue;
    }
    int error = vetoed(observer, IoOperation::Kind::create, target);
    if (S_ISDIR(info.st_mode)) {
      if (error == 0 && ::mkdir(target.c_str(), 0700) != 0) error = errno;
    } else if (S_ISLNK(info.st_mode)) {
      IMREG_ASSIGN(const std::string points_to, target_of(source));
      if (error == 0 && ::symlink(points_to.c_str(), target.c_str()) != 0) error = errno;
    } else {
      return Status(Code::invalid, "is a pipe or device, which is not copied to another file system").in_file(source);
    }
    if (error != 0) return os_error(target, "cannot create it", error);
    if (S_ISLNK(info.st_mode)) IMREG_TRY(take_attributes(target, info));
  }
  // Folders last, from below: what is made in them changes their times, and they may forbid it.
  for (auto entry = tree.rbegin(); entry != tree.rend(); ++entry) {
    if (!S_ISDIR(entry->info.st_mode)) continue;
    IMREG_TRY(sync_folder(to + entry->rest, observer));
    IMREG_TRY(take_attributes(to + entry->rest, entry->info));
  }
  return {};
}

Status compare_trees(const std::string& from, const std::string& copy) {
  IMREG_ASSIGN(const auto ours, tree_of(from));
  IMREG_ASSIGN(const auto theirs, tree_of(copy));
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    const bool same = i < ours.size() && i < theirs.size() && ours[i].rest == theirs[i].rest &&
                      same_file(from + ours[i].rest, ours[i].info, copy + theirs[i].rest, theirs[i].info);
    if (!same) {
      return Status(Code::mismatch, "was changed while it was copied")
          .in_file(from + (i < ours.size() ? ours[i].rest : theirs[i].rest));
    }
  }
  return {};
}

Status remove_tree(const std::string& path, IoObserver* observer) {
  const auto info = look_at(path);
  if (!info) return unless_missing(info.status());
  return remove_all(path, *info, info->st_dev, observer);
}

Status remove_copied(const std::string& from, const std::string& copy, IoObserver* observer,
                     std::vector<std::string>& left) {
  if (!exists(from)) return {};
  IMREG_ASSIGN(const auto tree, tree_of(from));  // an error when it cannot be looked at
  std::string kept;                              // the last that stays: its folders do too, and are named by it
  for (auto entry = tree.rbegin(); entry != tree.rend(); ++entry) {
    const std::string here = from + entry->rest, there = copy + entry->rest;
    const auto twin = look_at(there);
    IMREG_TRY(unless_missing(twin.status()));
    const bool folder = S_ISDIR(entry->info.st_mode);
    if ((folder && kept.starts_with(here + "/")) || !twin || !same_file(here, entry->info, there, *twin)) {
      if (!folder || !twin) left.push_back(here);
      kept = here;
      continue;
    }
    IMREG_TRY(remove_one(here, entry->info, observer));
  }
  return {};
}

}  // namespace imreg::archive

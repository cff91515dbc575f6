// System calls on files: all bytes or an error that names the file; each change passes the observer.
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace imreg {

namespace {

// A call of the kernel for so many bytes, or what an observer wants instead of it: then it fails with that errno, or does fewer.
template <class Call>
ssize_t unless(int answer, std::size_t size, const Call& call) {
  if (answer > 0) return errno = answer, ssize_t{-1};
  return call(answer < 0 ? std::min(size, static_cast<std::size_t>(-answer)) : size);
}
template <class Call>
ssize_t observed(IoObserver* observer, const IoOperation& operation, const Call& call) {
  return unless(observer ? observer->before(operation) : 0, operation.bytes.size(), call);
}

}  // namespace

int IoObserver::before(const IoOperation&) { return 0; }
int IoObserver::before_read(const std::string&, std::size_t) { return 0; }

std::string error_text(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof buffer);  // the GNU form: returns the text
}

Status os_error(const std::string& path, const std::string& what, int error) {
  const Code code = error == ENOENT || error == ENOTDIR ? Code::not_found : Code::io;
  return Status(code, what + ": " + error_text(error)).in_file(path);
}

Status File::fail(const char* what, int error) const { return os_error(path_, what, error); }

Result<File> File::open(const std::string& path, Mode mode, IoObserver* observer, const std::string& like) {
  File file;
  file.path_ = path;
  file.observer_ = observer;
  const bool may_make = mode == Mode::create || mode == Mode::create_new;
  const int flags = O_CLOEXEC | O_NONBLOCK | (mode == Mode::read ? O_RDONLY : O_RDWR | O_NOFOLLOW);
  bool made = false;
  const auto call = [&](std::size_t) -> ssize_t {
    made = may_make;
    file.fd_ = ::open(path.c_str(), may_make ? flags | O_CREAT | O_EXCL : flags, 0666);
    if (file.fd_ < 0 && errno == EEXIST && mode == Mode::create) {
      made = false;
      file.fd_ = ::open(path.c_str(), flags);
      if (file.fd_ < 0 && errno == ENOENT) errno = EINTR;  // removed between the two: again
    }
    return file.fd_;
  };
  while ((may_make ? observed(observer, {IoOperation::Kind::create, path}, call) : call(0)) < 0 && errno == EINTR) {
  }
  if (file.fd_ < 0 && errno == ELOOP && mode != Mode::read) {
    return Status(Code::io, "is a symbolic link, which no writer follows; remove it, or name the file it points to")
        .in_file(path);
  }
  if (file.fd_ < 0) return file.fail(mode == Mode::read ? "cannot read it" : "cannot open it for writing", errno);
  struct stat info {};
  if (::fstat(file.fd_, &info) != 0) return file.fail("cannot look at it", errno);
  if (S_ISDIR(info.st_mode)) return Status(Code::invalid, "is a directory, not a file").in_file(path);
  if (!S_ISREG(info.st_mode)) return Status(Code::invalid, "is a pipe or device, not a file").in_file(path);
  struct stat other {};
  if (made && !like.empty() && ::stat(like.c_str(), &other) == 0) {
    // The owner first: giving a file away clears bits of its mode. Only root may; a group only one of ours.
    if (::fchown(file.fd_, ::geteuid() == 0 ? other.st_uid : static_cast<uid_t>(-1), other.st_gid) != 0)
      other.st_mode &= ~static_cast<mode_t>(S_IRWXG);  // what the group of `like` may is not for another group
    (void)::fchmod(file.fd_, other.st_mode & 0666);
  }
  return file;
}

Result<File> File::temporary(const std::string& folder, IoObserver* observer) {
  File file;
  file.path_ = folder;
  file.observer_ = observer;
  const auto call = [&](std::size_t) -> ssize_t {
    file.fd_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file.fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {  // not on every file system
      std::string name = folder + "/imreg-XXXXXX";
      file.fd_ = ::mkostemp(name.data(), O_CLOEXEC);
      if (file.fd_ >= 0) ::unlink(name.c_str());
    }
    return file.fd_;
  };
  while (observed(observer, {IoOperation::Kind::create, folder}, call) < 0 && errno == EINTR) {
  }
  if (file.fd_ < 0) {
    const Status status = file.fail("cannot make a temporary file; name a folder with TMPDIR", errno);
    return Status(Code::io, status.message()).in_file(folder);  // never not_found: that would mean the database
  }
  return file;
}

std::string temporary_folder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder && *folder ? folder : "/tmp";
}

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), observer_(other.observer_) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
    observer_ = other.observer_;
  }
  return *this;
}

File::~File() { close(); }

void File::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::int64_t File::next_data(std::int64_t offset) const {
  const off_t at = ::lseek(fd_, offset, SEEK_DATA);
  return at >= offset ? at : errno == ENXIO ? std::max(offset, size().value_or(offset)) : offset;
}

int File::names() const {
  struct stat info {};
  return ::fstat(fd_, &info) == 0 ? static_cast<int>(info.st_nlink) : 0;
}

std::string File::stamp() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return "";
  return std::to_string(info.st_ino) + '/' + std::to_string(info.st_mtim.tv_sec) + '.' +
         std::to_string(info.st_mtim.tv_nsec);
}

Result<std::int64_t> File::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return fail("cannot look at it", errno);
  return std::int64_t{info.st_size};
}

Result<std::size_t> File::read(std::int64_t offset, char* to, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    const int answer = observer_ ? observer_->before_read(path_, size - done) : 0;
    const ssize_t n = unless(answer, size - done, [&](std::size_t most) {
      return ::pread(fd_, to + done, most, offset + static_cast<std::int64_t>(done));
    });
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("cannot read it", errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Status File::read_exactly(std::int64_t offset, char* to, std::size_t size) const {
  IMREG_ASSIGN(const std::size_t got, read(offset, to, size));
  if (got < size) {
    return Status(Code::corrupt, "the file ends too early")
        .in_file(path_)
        .at_byte(offset + static_cast<std::int64_t>(got));
  }
  return {};
}

Status File::read_exactly(std::int64_t offset, std::span<const iovec> to) const {
  std::size_t size = 0;
  for (const iovec& part : to) size += part.iov_len;
  const int answer = observer_ ? observer_->before_read(path_, size) : 0;
  const ssize_t got = answer == 0 ? ::preadv(fd_, to.data(), static_cast<int>(to.size()), offset) : -1;
  if (got >= 0 && static_cast<std::size_t>(got) == size) return {};
  for (const iovec& part : to) {  // interrupted, or the end of the file: the slow way knows what to say
    IMREG_TRY(read_exactly(offset, static_cast<char*>(part.iov_base), part.iov_len));
    offset += static_cast<std::int64_t>(part.iov_len);
  }
  return {};
}

Status File::write(std::int64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = observed(observer_, {IoOperation::Kind::write, path_, offset, bytes, fd_},
                               [&](std::size_t size) { return ::pwrite(fd_, bytes.data(), size, offset); });
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("cannot write", n < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += n;
  }
  return {};
}

Status File::write_zeros(std::int64_t offset, std::int64_t size) {
  const std::string zeros(static_cast<std::size_t>(std::min<std::int64_t>(size, 1 << 20)), '\0');
  while (size > 0) {
    const auto n = std::min<std::int64_t>(size, static_cast<std::int64_t>(zeros.size()));
    IMREG_TRY(write(offset, std::string_view(zeros).substr(0, static_cast<std::size_t>(n))));
    offset += n;
    size -= n;
  }
  return {};
}

Status File::sync() {
  // Not repeated after EINTR or any other failure: a second fdatasync may report success for pages that were lost.
  const auto call = [this](std::size_t) -> ssize_t { return ::fdatasync(fd_); };
  if (observed(observer_, {IoOperation::Kind::sync_data, path_, 0, {}, fd_}, call) != 0)
    return fail("cannot sync", errno);
  return {};
}

Status File::truncate(std::int64_t size) {
  const auto call = [&](std::size_t) -> ssize_t { return ::ftruncate(fd_, size); };
  ssize_t result = 0;
  do {
    result = observed(observer_, {IoOperation::Kind::truncate, path_, size, {}, fd_}, call);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status() : fail("cannot cut it to size", errno);
}

void File::take_owner_and_mode(const File& other) {
  struct stat info {};
  if (::fstat(other.fd_, &info) != 0) return;
  // The owner first: a change of owner takes mode bits away. Others than root may give only their own groups.
  if (::fchown(fd_, info.st_uid, info.st_gid) != 0 && ::fchown(fd_, static_cast<uid_t>(-1), info.st_gid) != 0) {
    info.st_mode &= ~static_cast<mode_t>(070) | (info.st_mode << 3 & 070);  // another group gets what others may
  }
  (void)::fchmod(fd_, info.st_mode & 07777);
}

Status File::allocate(std::int64_t size) {
  IMREG_ASSIGN(const std::int64_t before, this->size());
  if (size <= before) return {};
  const auto call = [&](std::size_t) -> ssize_t {
    errno = ::posix_fallocate(fd_, before, size - before);
    return errno == 0 ? 0 : -1;
  };
  ssize_t result = 0;
  do {
    result = observed(observer_, {IoOperation::Kind::allocate, path_, size, {}, fd_}, call);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return {};
  const int error = errno;
  // glibc and the kernel leave the file grown when the disk is full.
  if (auto cut = truncate(before); !cut.ok()) return cut;
  return fail("cannot make room", error);
}

std::string without_ending(const std::string& path) { return path.substr(0, path.rfind('.')); }

std::string resolved_path(const std::string& path) {
  char* const found = ::realpath(path.c_str(), nullptr);
  if (!found) return path;
  std::string out(found);
  std::free(found);
  return out;
}

std::string network_file_system(const std::string& path) {
  // Numbers of statfs(2) and of the kernel's own sources; magic.h has only some of them.
  static constexpr struct {
    unsigned long type;
    const char* name;
  } kKinds[] = {{0x6969, "NFS"},      {0xff534d42, "SMB (CIFS)"}, {0xfe534d42, "SMB"},   {0x517b, "SMB"},
                {0x01021997, "9P"},   {0x5346414f, "AFS"},        {0x6b414653, "AFS"},   {0x73757245, "Coda"},
                {0x00c36400, "Ceph"}, {0x0bd00bd0, "Lustre"},     {0x47504653, "GPFS"},  {0x564c, "NCP"},
                {0x01161970, "GFS2"}, {0x19830326, "BeeGFS"},     {0xaad7aaea, "PanFS"}, {0x7461636f, "OCFS2"}};
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return "";
  for (const auto& kind : kKinds) {
    if (static_cast<unsigned long>(info.f_type) == kind.type) return kind.name;
  }
  return "";
}

Status rename_file(const std::string& from, const std::string& to, IoObserver* observer) {
  if (const int error = observer ? observer->before({IoOperation::Kind::rename, from, 0, to}) : 0)
    return os_error(from, "cannot rename it", error);
  if (::rename(from.c_str(), to.c_str()) != 0) return os_error(from, "cannot rename it to " + to, errno);
  return {};
}

Status remove_file(const std::string& path, IoObserver* observer) {
  if (const int error = observer ? observer->before({IoOperation::Kind::remove, path}) : 0)
    return os_error(path, "cannot remove it", error);
  if (::unlink(path.c_str()) != 0) return os_error(path, "cannot remove it", errno);
  return {};
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

Status sync_folder_of(const std::string& path, IoObserver* observer) {
  const std::string folder = folder_of(path);
  if (const int error = observer ? observer->before({IoOperation::Kind::sync_folder, folder}) : 0)
    return os_error(folder, "cannot sync the folder", error);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return os_error(folder, "cannot open the folder", errno);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some file systems cannot sync a folder and say EINVAL; their names are as durable as they ever get.
  return result == 0 || error == EINVAL ? Status() : os_error(folder, "cannot sync the folder", error);
}

Status rename_new_file(const std::string& from, const std::string& to) {
  IMREG_TRY(rename_file(from, to));
  auto synced = sync_folder_of(to);
  if (!synced.ok()) (void)remove_file(to);
  return synced;
}

Status replace_file(const std::string& path, std::string_view content, IoObserver* observer, const std::string& like) {
  // Beside it, also where its name has no room for more.
  const std::string ending = ".new" + std::to_string(::getpid());
  const std::size_t slash = path.rfind('/') + 1, room = NAME_MAX - ending.size();  // npos + 1 is 0
  const std::string temporary = path.substr(0, std::min(path.size(), slash + room)) + ending;
  // A crash may have left one of this name: after a restart, and in containers always, process numbers come again.
  if (::access(temporary.c_str(), F_OK) == 0) (void)remove_file(temporary, observer);
  auto written = [&]() -> Status {
    IMREG_ASSIGN(File file, File::open(temporary, File::Mode::create_new, observer,
                                       ::access(path.c_str(), F_OK) == 0 ? path : like));
    IMREG_TRY(file.write(0, content));
    IMREG_TRY(file.sync());
    return rename_file(temporary, path, observer);
  }();
  if (!written.ok()) {
    ::unlink(temporary.c_str());
    return Status(written.code(), written.message()).in_file(path);  // the temporary name means nothing to people
  }
  return sync_folder_of(path, observer);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  IMREG_ASSIGN(const File file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(const std::int64_t size, file.size());
  if (static_cast<std::size_t>(size) > limit)
    return Status(Code::invalid, "is larger than " + std::to_string(limit) + " bytes").in_file(path);
  std::string text(static_cast<std::size_t>(size), '\0');
  IMREG_ASSIGN(const std::size_t got, file.read(0, text.data(), text.size()));
  text.resize(got);
  return text;
}

}  // namespace imreg

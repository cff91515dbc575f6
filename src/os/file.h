// Files as the engine uses them: positioned reads and writes, syncs, preallocation. Every operation that changes something
// on disk passes an IoObserver, so that a test can record the operations, or let any of them fail.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "imreg/status.h"

namespace imreg {

/// One operation that changes something on disk, before it happens.
struct IoOperation {
  enum class Kind { create, write, sync_data, truncate, allocate, rename, remove, sync_folder };
  Kind kind;
  const std::string& path;
  std::int64_t offset = 0;      ///< write, allocate: where; truncate: the new size
  std::string_view bytes = {};  ///< write: what; rename: the new name
  int fd = -1;                  ///< of an open file: a file that was renamed is still known by its first name
};

/// Sees every operation; the default lets all of them happen.
class IoObserver {
 public:
  virtual ~IoObserver() = default;
  /// What the kernel's call shall do: 0 all of it; an errno value: fail with that (after EINTR it is made again, and asked for
  /// again, where the kernel's own would be); -n: of a write the first n bytes, so that the rest is the next operation.
  virtual int before(const IoOperation& operation);
  /// The same of a read, which changes nothing: few tests need to see it.
  virtual int before_read(const std::string& path, std::size_t size);
};

/// An open file. Closed when it goes out of scope.
class File {
 public:
  enum class Mode {
    read,
    write,      ///< read and write, must exist
    create,     ///< read and write, made when missing, never cut
    create_new  ///< read and write, must not exist
  };
  /// Errors: not_found, io; the message names the reason. Never waits for a pipe. To be written, it is not reached through a
  /// symbolic link: somebody who may make names in the folder could let a writer destroy another file. A file that is made
  /// gets the permissions of `like`, when that exists, and its owner where that is allowed; else the umask decides.
  static Result<File> open(const std::string& path, Mode mode, IoObserver* observer = nullptr,
                           const std::string& like = {});
  /// A file without a name, gone when it is closed, whatever ends the program. path() is the folder. Error: io.
  static Result<File> temporary(const std::string& folder, IoObserver* observer = nullptr);

  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

  Result<std::int64_t> size() const;
  /// The first byte from `offset` on that stands in no hole, as far as the file system tells; the size when there is none.
  std::int64_t next_data(std::int64_t offset) const;
  /// In how many folders or under how many names it stands (hard links); 0 when that cannot be known.
  int names() const;
  /// Which file it is and when it was last written, as text; empty when that cannot be known.
  std::string stamp() const;
  /// Up to `size` bytes; fewer only at the end of the file.
  Result<std::size_t> read(std::int64_t offset, char* to, std::size_t size) const;
  /// Exactly `size` bytes. Error: corrupt when the file ends before.
  Status read_exactly(std::int64_t offset, char* to, std::size_t size) const;
  /// The same into several places, one behind the other, by one call of the kernel.
  Status read_exactly(std::int64_t offset, std::span<const iovec> to) const;

  Status write(std::int64_t offset, std::string_view bytes);
  Status write_zeros(std::int64_t offset, std::int64_t size);
  /// fdatasync: returns ok only when the bytes, and the size, will survive power loss.
  Status sync();
  Status truncate(std::int64_t size);
  /// The mode of another file, and its owner and group as far as this process may give them. Nothing that can fail depends
  /// on it, so it does not pass the observer.
  void take_owner_and_mode(const File& other);
  /// Grows the file to `size` with real blocks. On a full disk it is cut back to what it was.
  Status allocate(std::int64_t size);
  void close();

 private:
  Status fail(const char* what, int error) const;

  int fd_ = -1;
  std::string path_;
  IoObserver* observer_ = nullptr;
};

/// Where temporary files go: $TMPDIR, else /tmp.
std::string temporary_folder();
/// The folder that holds a path: "." and "/" too.
std::string folder_of(const std::string& path);
/// X.db of X.db.journal.
std::string without_ending(const std::string& path);
/// The path without symbolic links, so that all names of a file have the same files beside them; as given when there is no file.
std::string resolved_path(const std::string& path);
/// The kind of network file system ("NFS", "SMB", ...) a folder or file is on; empty when it is on a local one, or cannot be
/// known. FUSE counts as local: it says nothing about what is behind it.
std::string network_file_system(const std::string& path);
/// "No space left on device" and so on, without a thread-unsafe strerror.
std::string error_text(int error);
/// A Status from errno, not_found for ENOENT and ENOTDIR.
Status os_error(const std::string& path, const std::string& what, int error);

Status rename_file(const std::string& from, const std::string& to, IoObserver* observer = nullptr);
Status remove_file(const std::string& path, IoObserver* observer = nullptr);
/// Makes the names in the folder of `path` durable.
Status sync_folder_of(const std::string& path, IoObserver* observer = nullptr);
/// A new file takes its name, durably; when its folder cannot be synced it goes again, for the next attempt.
Status rename_new_file(const std::string& from, const std::string& to);
/// New content in one step: temporary name, sync, rename, sync of the folder. A new file is made as File::open() makes it.
Status replace_file(const std::string& path, std::string_view content, IoObserver* observer = nullptr,
                    const std::string& like = {});
/// A whole small file. Errors: not_found, io, invalid (over `limit` bytes, or not a regular file).
Result<std::string> read_file(const std::string& path, std::size_t limit = 64u << 20);

}  // namespace imreg

// What the files of this room share: an open file, the shape of an HDU by its cards, the guess at what a file is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/fits_file.h"

namespace imreg::fits {

/// A regular file, open for reading; closed with the object.
class OpenFile {
 public:
  /// Never waits: a pipe, socket, device or directory is refused (invalid). Errors: not_found, io, invalid; they name the file.
  static Result<OpenFile> open(const std::string& path);
  OpenFile(OpenFile&& other) noexcept : fd_(other.fd_), size_(other.size_), mtime_(other.mtime_) { other.fd_ = -1; }
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

  std::int64_t size() const { return size_; }
  double mtime() const { return mtime_; }
  /// Up to `size` bytes from `offset` on, fewer at the end of the file; -1 with errno.
  std::int64_t read(char* to, std::int64_t size, std::int64_t offset) const;

 private:
  OpenFile(int fd, std::int64_t size, double mtime) : fd_(fd), size_(size), mtime_(mtime) {}
  int fd_ = -1;
  std::int64_t size_ = 0;
  double mtime_ = 0;
};

/// What the first bytes of a file say; kFirstBytes of them are enough.
inline constexpr std::int64_t kFirstBytes = 8 * static_cast<std::int64_t>(kBlockSize);
FileKind kind_of(std::string_view first);
/// "it looks like a JPEG image", for the message about a file that is not FITS.
std::string looks_like(std::string_view first);

/// Fills kind, bitpix, axes, extname, extver and data_size from hdu.header (hdu.number is set). Returns what makes the
/// HDU unusable ("NAXIS1 = -5 makes no sense"), empty when all is well; oddities go to `warnings`.
std::string shape_of(Hdu& hdu, std::vector<std::string>& warnings);

/// "HDU 3 (ccd02)".
std::string name_of(const Hdu& hdu);

/// The HDUs of a gzip, bzip2 or compress file, by CFITSIO.
Status read_compressed(const std::string& path, FitsHeaders& out);

}  // namespace imreg::fits

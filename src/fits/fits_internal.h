// What the files of this room share: an open file, the shape of an HDU by its cards, the guess at what a file is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/fits_file.h"

namespace imreg::fits {

/// The bytes of a FITS file, read from front to back.
class Source {
 public:
  static constexpr std::int64_t kUnknown = INT64_MAX;
  virtual ~Source() = default;
  /// Up to `size` bytes from `offset` on, fewer only where the bytes end; -1 with errno. A packed file has no way back.
  virtual std::int64_t read(char* to, std::int64_t size, std::int64_t offset) = 0;
  /// Goes so far that size() is known if the bytes end before `offset`. False: errno tells.
  virtual bool reach(std::int64_t offset) = 0;
  /// All bytes; kUnknown as long as the end of a packed file has not been met.
  virtual std::int64_t size() const = 0;
};

/// A regular file, open for reading; closed with the object.
class OpenFile final : public Source {
 public:
  /// Never waits: a pipe, socket, device or directory is refused (invalid). Errors: not_found, io, invalid; they name the file.
  static Result<OpenFile> open(const std::string& path);
  OpenFile(OpenFile&& other) noexcept : fd_(other.fd_), size_(other.size_), mtime_(other.mtime_) { other.fd_ = -1; }
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() override;

  std::int64_t size() const override { return size_; }
  double mtime() const { return mtime_; }
  std::int64_t read(char* to, std::int64_t size, std::int64_t offset) override;
  bool reach(std::int64_t) override { return true; }

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

}  // namespace imreg::fits

// The pixels of FITS images, as they are stored: planes of big-endian numbers in memory, of any BITPIX, and exact statistics
// of sections of them. Standard: FITS 4.0, sections 4.4.2, 5 and 10.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/fits_file.h"
#include "imreg/status.h"

namespace imreg {

/// Pixels in memory: mapped, so that only what is looked at takes room. A pixel's value is bscale * stored + bzero.
struct PixelPlane {
  const unsigned char* bytes = nullptr;  ///< big-endian; row by row, the lowest first
  int bitpix = 0;                        ///< 8 (unsigned), 16, 32, 64, -32, -64
  std::int64_t width = 0, height = 0;
  double bscale = 1, bzero = 0;
  std::optional<std::int64_t> blank;  ///< the stored integer that means: no value

  /// Whether the same stored numbers mean the same.
  bool is_like(const PixelPlane& other) const {
    return bitpix == other.bitpix && bscale == other.bscale && bzero == other.bzero && blank == other.blank;
  }
  int pixel_size() const { return (bitpix < 0 ? -bitpix : bitpix) / 8; }
  double value(double stored) const { return bscale * stored + bzero; }
  /// The largest value that the type can hold; infinity for floats.
  double limit() const;
};

/// Some pixels of a row as numbers, NaN where there is no value. 0 <= x, x + to.size() <= width. What is finite stays so.
void read_row(const PixelPlane& plane, std::int64_t y, std::int64_t x, std::span<float> to);
void read_row(const PixelPlane& plane, std::int64_t y, std::int64_t x, std::span<double> to);

/// The file of one or more images, open. May be used by several threads.
class PixelFile {
 public:
  /// `headers` are those of this file. Packed files (.gz, .bz2, .Z) are unpacked into a file without a name in $TMPDIR.
  /// Errors: those of File::open and Map; corrupt (packed data are damaged).
  static Result<PixelFile> open(const std::string& path, const FitsHeaders& headers);
  /// The same, and its headers as read_fits_headers() gives them; a packed file is unpacked once for both.
  static Result<std::pair<FitsHeaders, PixelFile>> open(const std::string& path);

  /// The image of an HDU, plane `plane` (from 0) of its cube; all of them above each other as one when it is kAllPlanes. The memory lives as long as the returned object.
  /// Tile-compressed images are decompressed, also into a file without a name, plane by plane. `what_is_there`: of a file that is cut off, too,
  /// as long as a row of it is there.
  /// Errors: invalid (no image, no such plane), corrupt (cut off, damaged), io.
  class Image;
  static constexpr std::int64_t kAllPlanes = -1;
  Result<Image> image(const Hdu& hdu, std::int64_t plane = 0, bool what_is_there = false) const;

  PixelFile(PixelFile&&) noexcept;
  PixelFile& operator=(PixelFile&&) noexcept;
  ~PixelFile();

 private:
  struct Content;
  explicit PixelFile(std::shared_ptr<Content> content);
  std::shared_ptr<Content> content_;
};

class PixelFile::Image {
 public:
  const PixelPlane& plane() const { return plane_; }
  /// How many rows may be looked at, from the lowest; all but of a file that is cut off.
  std::int64_t rows() const { return rows_; }
  /// These rows will be looked at soon: the system may begin to read them.
  void want(std::int64_t y, std::int64_t rows) const;
  /// To be asked when the work is done. Error: io, the file was cut while it was read.
  Status check() const;

 private:
  friend class PixelFile;
  PixelPlane plane_;
  std::int64_t rows_ = 0;
  std::shared_ptr<const Content> content_;
};

/// How many planes an image has: 1, or the product of its axes from the third on.
std::int64_t planes_of(const Hdu& hdu);

/// A rectangle of pixels, from 0; what a section of a header comes to.
struct PixelBox {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
  bool empty() const { return width <= 0 || height <= 0; }
  std::int64_t pixels() const { return empty() ? 0 : width * height; }
  bool operator==(const PixelBox&) const = default;
};

/// A section as a header writes it: "[1:32,1:4612]", also with blanks, without brackets, backwards (x2 < x1), "*", ":" or
/// "*:*" for a whole axis, "a" for "a:a", one axis only (the other one whole), steps ("1:100:2", which are ignored), a
/// third axis (ignored).
struct Section {
  static constexpr std::int64_t kEnd = 1'000'000'000;  ///< stands for the last pixel, where the text leaves it open
  /// From 1, both ends included.
  std::int64_t x1 = 1, x2 = kEnd, y1 = 1, y2 = kEnd;
  bool flip_x() const { return x2 < x1; }
  bool flip_y() const { return y2 < y1; }
};
/// Nothing when the text is no section, or stands for none ("[0:0,0:0]", "none", "").
std::optional<Section> parse_section(std::string_view text);
/// The part of a section that lies in an image; empty when nothing does. `whole`: whether all of it does.
PixelBox clip_section(const Section& section, std::int64_t width, std::int64_t height, bool* whole = nullptr);

/// What is true about the pixels of some boxes. NaN: there are no pixels to say it of.
struct PixelStatistics {
  std::int64_t pixels = 0;     ///< in the boxes
  std::int64_t bad = 0;        ///< of them without a value: NaN, BLANK
  std::int64_t saturated = 0;  ///< at or above the limit that was given
  std::int64_t at_maximum = 0, at_minimum = 0;
  double median = std::numeric_limits<double>::quiet_NaN();  ///< the mean of the two middle ones of an even number
  double sigma = std::numeric_limits<double>::quiet_NaN();   ///< 1.482602218505602 * median of |value - median|
  double minimum = std::numeric_limits<double>::quiet_NaN(), maximum = std::numeric_limits<double>::quiet_NaN();
};

/// A box of a plane, which it lies in.
struct PixelArea {
  const PixelPlane* plane = nullptr;
  PixelBox box;
};

/// Exact: what sorting all pixels would give. A pixel that stands in two areas counts twice. The planes are alike: of one
/// bitpix, bscale, bzero and blank.
PixelStatistics statistics_of(std::span<const PixelArea> areas,
                              double saturation = std::numeric_limits<double>::infinity());

}  // namespace imreg

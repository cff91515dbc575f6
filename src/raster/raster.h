// A picture in memory, and as bytes of a JPEG or PNG file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "imreg/status.h"

namespace imreg::raster {

/// Bytes that may begin as whatever memory held.
struct UnsetBytes : std::allocator<std::uint8_t> {
  template <class U>
  struct rebind {
    using other = UnsetBytes;
  };
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

/// Rows of grey (1) or red, green, blue (3) bytes, the highest row first.
struct Raster {
  int width = 0, height = 0, channels = 1;
  std::vector<std::uint8_t, UnsetBytes> bytes;

  Raster() = default;
  Raster(int wide, int high, int of_pixel = 1, std::uint8_t fill = 0)
      : width(wide), height(high), channels(of_pixel), bytes(size_of(wide, high, of_pixel), fill) {}
  /// Whoever asks for it writes every pixel.
  static Raster unset(int wide, int high, int of_pixel) {
    Raster out;
    out.width = wide, out.height = high, out.channels = of_pixel;
    out.bytes.resize(size_of(wide, high, of_pixel));
    return out;
  }
  std::size_t row_size() const { return size_of(width, 1, channels); }
  std::uint8_t* row(int y) { return bytes.data() + row_size() * static_cast<std::size_t>(y); }
  const std::uint8_t* row(int y) const { return bytes.data() + row_size() * static_cast<std::size_t>(y); }
  std::uint8_t* at(int x, int y) { return row(y) + static_cast<std::size_t>(x) * static_cast<std::size_t>(channels); }
  const std::uint8_t* at(int x, int y) const {
    return row(y) + static_cast<std::size_t>(x) * static_cast<std::size_t>(channels);
  }

 private:
  static std::size_t size_of(int wide, int high, int of_pixel) {
    return static_cast<std::size_t>(wide) * static_cast<std::size_t>(high) * static_cast<std::size_t>(of_pixel);
  }
};

/// Texts of a picture file: PNG's tEXt, JPEG's one comment of "key: text" lines.
using Texts = std::vector<std::pair<std::string, std::string>>;

/// The file as bytes. Quality 1 to 100, as libjpeg counts it; colours are not subsampled. The same bytes for any number of threads.
/// Errors: invalid (no pixels; a side above 65,500 of a JPEG), io (no memory).
Result<std::string> jpeg_of(const Raster& picture, int quality, int threads, const Texts& texts = {});
Result<std::string> png_of(const Raster& picture, const Texts& texts = {});
/// Reads either back, as grey or colour. Error: corrupt.
Result<Raster> picture_from(std::string_view bytes);

/// Each pixel of the smaller (or equal) picture is the mean of what it covers.
Raster shrunk(const Raster& picture, int width, int height);
/// Each pixel becomes `factor` x `factor`.
Raster enlarged(const Raster& picture, int factor);
/// The largest size within `most` x `most` that keeps the shape; never larger than it is, never 0.
std::pair<int, int> size_within(int width, int height, int most);
Raster in_colour(const Raster& grey);

}  // namespace imreg::raster

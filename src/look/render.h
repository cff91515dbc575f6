// From pieces in their places to a picture in grey.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "look/layout.h"
#include "look/stretch.h"
#include "raster/raster.h"

namespace imreg::look {

/// A grey picture, and what is not grey in it.
struct Rendered {
  raster::Raster grey;
  enum Mark : std::uint8_t { good, without_value, outside };
  std::vector<std::uint8_t> marks;  ///< a Mark of each pixel; empty: all are good
};

/// Only this part of the mosaic; its lowest and leftmost pixel becomes 0. Pieces without a pixel in it are left out.
/// Error: invalid, nothing is in it.
Status crop(std::vector<Piece>& pieces, Mosaic& mosaic, const PixelBox& part);

/// A picture of all pixels, once biases are known. `trusted_only`: flagged pixels have no value.
Rendered render(const std::vector<Piece>& pieces, const Mosaic& mosaic, const Levels& levels, bool trusted_only,
                int threads);

/// What each pixel of a smaller picture covers. Two steps, since levels are known only when all pixels have been read once.
class Means {
 public:
  /// `width` x `height`: at most the mosaic's. Finds the biases on the way, so that each piece is read from its disk only once, while others are
  /// computed.
  Means(std::vector<Piece>& pieces, const Mosaic& mosaic, int width, int height, bool trusted_only, int threads);
  /// A pixel shows the level of the mean.
  Rendered rendered(const Levels& levels) const;

 private:
  void add(const Piece& piece, std::int64_t from, std::int64_t end, bool trusted_only);

  int width_, height_;
  double x_step_, y_step_;
  std::vector<float> sums_, weights_;
  std::vector<std::uint8_t> marks_;
  std::mutex mutex_;  // two pieces may stand in one pixel of the picture
};

}  // namespace imreg::look

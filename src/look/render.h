// From pieces in their places to a picture in grey.
#pragma once

#include <cstdint>
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

/// A pixel of a picture of width x height (at most the mosaic's) shows the level of the mean of what it covers. `levels` of all pixels
/// with a value; `trusted_only`: flagged pixels have none.
Rendered render(const std::vector<Piece>& pieces, const Mosaic& mosaic, const Levels& levels, int width, int height,
                bool trusted_only, int threads);

}  // namespace imreg::look

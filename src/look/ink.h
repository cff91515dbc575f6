// Letters and lines on pixels.
#pragma once

#include <array>
#include <cstdint>

#include "chart/text_coverage.h"
#include "raster/raster.h"

namespace imreg::look {

using Colour = std::array<std::uint8_t, 3>;

/// All in colour; what lies outside of the page is not drawn.
void fill(raster::Raster& page, int x, int y, int width, int height, const Colour& colour);
void write(raster::Raster& page, int x, int y, const chart::Coverage& letters, const Colour& ink);
/// A circle around x, y.
void ring(raster::Raster& page, double x, double y, double radius, double width, const Colour& ink);
void line(raster::Raster& page, double x0, double y0, double x1, double y1, double width, const Colour& ink);

}  // namespace imreg::look

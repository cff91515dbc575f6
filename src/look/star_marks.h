// Where stars stand in a mosaic, and rings around them.
#pragma once

#include <cstdint>
#include <vector>

#include "look/layout.h"
#include "raster/raster.h"

namespace imreg::look {

/// In pixels of the mosaic, from its lower left corner, y upward.
struct StarMark {
  double x = 0, y = 0;
  double size = 0;  ///< sigma of the star
};

/// The stars that imstats would count in each piece, but for saturated ones; none of cubes that are collapsed.
std::vector<StarMark> stars_in(const std::vector<Piece>& pieces, int threads);

/// A ring around each, in a picture of which a pixel shows `shrink` pixels of the mosaic.
void draw_rings(raster::Raster& picture, const std::vector<StarMark>& stars, double shrink);

}  // namespace imreg::look

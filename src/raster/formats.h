// The readers of each format.
#pragma once

#include <string_view>

#include "raster/raster.h"

namespace imreg::raster {

Result<Raster> picture_from_jpeg(std::string_view bytes);
Result<Raster> picture_from_png(std::string_view bytes);

}  // namespace imreg::raster

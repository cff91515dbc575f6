// Pictures as what a terminal shows.
#pragma once

#include <string>

#include "imreg/look.h"
#include "raster/raster.h"

namespace imreg::look {

std::string text_of(const raster::Raster& picture, Look::Terminal kind);

}  // namespace imreg::look

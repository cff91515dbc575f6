// What a Look holds.
#pragma once

#include "imreg/look.h"
#include "raster/raster.h"

namespace imreg {

struct Look::Content {
  raster::Raster picture;
  LookCaption caption;
  std::vector<std::string> notes;
  std::string damage;
  std::string layout;
  int jobs = 1;
};

}  // namespace imreg

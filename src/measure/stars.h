// Stars in the pixels of a CCD: how many, how wide, how round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "imreg/measure.h"
#include "imreg/pixels.h"

namespace imreg::measure {

struct StarPlace {
  std::size_t area = 0;
  double x = 0, y = 0;  ///< of its centre, from the centre of the area's first pixel
  double size = 0;      ///< sigma, pixels
};

struct StarStatistics {
  double fwhm = CcdStatistics::kNone;
  double ellipticity = CcdStatistics::kNone;
  std::int64_t stars = 0;
  std::string why_none;  ///< why there is no FWHM
  std::string note;      ///< why there may be more stars
  std::vector<StarPlace> places;
};

/// `sky`, `sigma` of all areas; pixels from `saturation` on are saturated.
StarStatistics measure_stars(std::span<const PixelArea> areas, const PixelStatistics& sky, double saturation,
                             FwhmRule rule);

}  // namespace imreg::measure

// Stars in the pixels of a CCD: how many, how wide, how round.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "imreg/measure.h"
#include "imreg/pixels.h"

namespace imreg::measure {

struct StarStatistics {
  double fwhm = CcdStatistics::kNone;
  double ellipticity = CcdStatistics::kNone;
  std::int64_t stars = 0;
  std::string why_none;  ///< why there is no FWHM
  std::string note;      ///< why there may be more stars
};

/// `sky`, `sigma` of all areas; pixels from `saturation` on are saturated.
StarStatistics measure_stars(std::span<const PixelArea> areas, const PixelStatistics& sky, double saturation,
                             FwhmRule rule);

}  // namespace imreg::measure

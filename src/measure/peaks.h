// Where stars may be: pixels that stand above the sky and above their neighbours, with the company that a star has.
#pragma once

#include <cstdint>
#include <vector>

#include "imreg/pixels.h"
#include "measure/background.h"

namespace imreg::measure {

struct Peak {
  std::int32_t x = 0, y = 0;               ///< from the corner of the area
  float height = 0, level = 0, noise = 0;  ///< above the level of the sky; the sky's noise
};

/// How many times noisier means of 3 x 3 pixels are than those of white noise: 1, or more when neighbours share their noise, as in
/// coadded and resampled images.
float shared_noise(const PixelArea& area, Background& background);

/// The peaks of an area, the highest first. Pixels from `saturation` on, and their neighbours, are none. `binning`: sums of
/// so many by so many pixels are looked at instead, for stars that are wide and faint, with `shared` times the noise.
std::vector<Peak> find_peaks(const PixelArea& area, Background& background, double saturation, int binning,
                             float shared);

}  // namespace imreg::measure

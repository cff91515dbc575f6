// The profile of all stars: one Moffat function (Moffat 1969, A&A 3, 455), a Gaussian among them, fitted to many stars at once, each
// with its own height and sky.
#pragma once

#include <span>
#include <vector>

#include "imreg/pixels.h"
#include "measure/shape.h"

namespace imreg::measure {

/// A star for the fit, in its area.
struct ProfileStar {
  const PixelArea* area = nullptr;
  const Shape* shape = nullptr;
};

struct Profile {
  double fwhm = 0;   ///< pixels; 0: it could not be fitted
  double gamma = 0;  ///< 1 / beta; 0 is a Gaussian
  int stars = 0;     ///< that were used in the end
};

/// `e1`, `e2`: the mean shape of the stars; `size`: their sigma by moments. Pixels from `saturation` on are left out.
Profile fit_profile(std::span<const ProfileStar> stars, double e1, double e2, double size, double saturation);

}  // namespace imreg::measure

// The seeing of an image by the rule of CFHT's Elixir, from a list of its stars.
#pragma once

#include <string_view>
#include <vector>

namespace imreg {

struct StarShape {
  double fwhm = 0;       ///< pixels
  double magnitude = 0;  ///< instrumental: smaller is brighter
};

/// Of stars without flags: the brightest quarter (at least 10), the most frequent 0.1-pixel bin of their fwhm, the mean of those
/// within 0.2 pixels of it when these are more than 3; else the mean of the middle half. -1: fewer than 4 stars.
double elixir_fwhm(std::vector<StarShape> stars);

/// The same of a .sdat file: a star a line, words fwhm, flags, anything, magnitude; flagged ones and magnitudes above 0 do not
/// count. -1: no star in it.
double elixir_fwhm_of_text(std::string_view sdat);

}  // namespace imreg

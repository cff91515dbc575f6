// Colours and signs: of series, and the ramp that stands for numbers.
#pragma once

#include <cstddef>

#include "chart/canvas.h"

namespace imreg::chart {

/// 64 pairs differ; then they come again.
struct Look {
  Colour colour;
  Symbol symbol;
  int dash;
  char letter;  ///< what stands for the symbol where there are only letters
};
Look look_of(std::size_t series);
inline constexpr std::size_t kColourRound = 8;  ///< colours, then they come again
char letter_of(Symbol symbol);

/// Step 1..256 from pale yellow over green to dark blue. Even steps are equally far apart to the eye, and as greys, too:
/// CIE lightness falls in a straight line.
Colour ramp(int step);
inline constexpr int kRamp = 256;
/// The CIE lightness of a step, 0..100: is text on it black or white?
double lightness(int step);

}  // namespace imreg::chart

// The shapes of symbols, the same for all canvases of pixels.
#pragma once

#include <vector>

#include "chart/canvas.h"

namespace imreg::chart {

struct Shape {
  std::vector<std::vector<Point>> lines;  ///< around (0, 0)
  bool filled = false;                    ///< else drawn with a line
  bool closed = false;
};

/// Not for dot and circle: those are discs.
Shape shape_of(Symbol symbol, double radius);

}  // namespace imreg::chart

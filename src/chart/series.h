// The marks of series within the area of a plot.
#pragma once

#include <algorithm>

#include "chart/canvas.h"
#include "chart/palette.h"
#include "chart/scale.h"
#include "imreg/chart.h"

namespace imreg::chart {

/// Values to places on the paper.
struct View {
  Box area;
  Scale x, y;
  double inset = 0;
  Point operator()(double a, double b) const {
    return {area.x0 + near(x(a)) * (area.width() - inset), area.y1 - inset - near(y(b)) * (area.height() - inset)};
  }
  // A million areas away is as good as further, and leaves room for calculating with it.
  static double near(double place) { return std::clamp(place, -1e6, 1e6); }
};

/// All series in their order. Without those drawn as points when `skip_points`: their density is drawn already.
void draw_series(Canvas& canvas, const Plot& plot, const View& view, bool skip_points);

/// The look of a series in this plot: its own, or the plain one when it is alone.
Look look_in(const Canvas& canvas, const Plot& plot, std::size_t series);

}  // namespace imreg::chart

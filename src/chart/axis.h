// An axis on the paper: its ticks, chosen so that their labels have room, and its title.
#pragma once

#include <string>
#include <vector>

#include "chart/canvas.h"
#include "chart/scale.h"
#include "chart/ticks.h"
#include "imreg/chart.h"

namespace imreg::chart {

/// The ticks for an axis of this length: as many as there is room for.
Ticks fit_ticks(const Canvas& canvas, const Axis& axis, const Scale& scale, double length, bool upright);

/// "fwhm (pixel)", "obstime (UTC)".
std::string axis_title(const Axis& axis, const Ticks& ticks);

/// The room that tick labels take: across for an upright axis, down for the other; ticks and gaps included.
double labels_room(const Canvas& canvas, const Ticks& ticks, bool upright);

/// How far labels of the lower axis reach beyond its ends.
struct Overhang {
  double left = 0, right = 0;
};
Overhang overhang(const Canvas& canvas, const Ticks& ticks, const Scale& scale, double length);

void draw_ticks(Canvas& canvas, const Ticks& ticks, const Scale& scale, const Box& area, Side side);

}  // namespace imreg::chart

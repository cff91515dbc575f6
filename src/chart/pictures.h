// Each kind of picture, drawn on any canvas. Error: invalid, nothing that can be shown, or no room for it.
#pragma once

#include "chart/canvas.h"
#include "imreg/chart.h"

namespace imreg::chart {

Status draw(const Plot& plot, Canvas& canvas);
Status draw(const SkyMap& map, Canvas& canvas);
Status draw(const FocalPlane& plane, Canvas& canvas);

}  // namespace imreg::chart

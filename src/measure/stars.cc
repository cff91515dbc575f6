// Stars.
#include "measure/stars.h"

namespace imreg::measure {

StarStatistics measure_stars(std::span<const PixelArea>, const PixelStatistics&, double, FwhmRule) { return {}; }

}  // namespace imreg::measure

// What headers and statistics say about full pixels.
#include "measure/saturation.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace imreg::measure {

// The lowest of those that are there and make sense counts. The primary header speaks for the HDUs that say nothing themselves.
double saturation_of(const Header& header, const Header& primary, const PixelPlane& plane) {
  constexpr const char* kKeywords[] = {"SATURATE", "SATLEVEL", "SATURATA", "SATURATB"};
  std::optional<double> out;
  for (const Header* from : {&header, &primary}) {
    if (out) break;
    for (const char* keyword : kKeywords) {
      const auto value = from->number_of(keyword);
      if (value && *value > 0 && std::isfinite(*value)) out = std::min(out.value_or(*value), *value);
    }
  }
  return std::min(out.value_or(plane.limit()), plane.limit());
}

bool is_top(const PixelStatistics& sky) {
  return sky.at_maximum >= 10 && sky.maximum > sky.median + 20 * sky.sigma && sky.sigma > 0;
}

}  // namespace imreg::measure

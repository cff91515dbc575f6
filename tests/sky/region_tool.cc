// Regions for region_oracle_test.py. Lines in, tab-separated; one line out for each:
//   cone RA DEC RADIUS | box RA RA DEC DEC | polygon CORNERS   ok LOW HIGH (its band), or "error MESSAGE"
//   at RA DEC MARGIN                                           of the last region: 0|1 (contains), 0 outside 1 inside 2 border
//   ranges LOW HIGH                                            LOW HIGH [LOW HIGH]
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "base/text.h"
#include "imreg/sky_region.h"

using namespace imreg;

namespace {

double number(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

}  // namespace

int main() {
  std::string line;
  std::optional<SkyRegion> region;
  const auto keep = [&region](Result<SkyRegion> made) {
    if (made.ok()) {
      region = *std::move(made);
      std::printf("ok %.17g %.17g\n", region->band().low, region->band().high);
    } else {
      std::printf("error %s\n", made.status().text().c_str());
    }
  };
  while (std::getline(std::cin, line)) {
    const auto w = split(line, '\t');
    if (w[0] == "cone") {
      keep(SkyRegion::parse_cone(w.at(1), w.at(2), w.at(3)));
    } else if (w[0] == "box") {
      keep(SkyRegion::parse_box(w.at(1), w.at(2), w.at(3), w.at(4)));
    } else if (w[0] == "polygon") {
      keep(SkyRegion::parse_polygon(w.at(1)));
    } else if (w[0] == "at") {
      const double ra = number(w.at(1)), dec = number(w.at(2));
      std::printf("%d %d\n", region->contains(ra, dec), static_cast<int>(region->classify(ra, dec, number(w.at(3)))));
    } else {
      for (const auto& range : region->ra_ranges(number(w.at(1)), number(w.at(2)))) {
        std::printf("%.17g %.17g ", range.low, range.high);
      }
      std::printf("\n");
    }
  }
}

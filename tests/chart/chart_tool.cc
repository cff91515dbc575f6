// Draws a picture by name, for the eye and for chart_test.py: chart_tool NAME svg|png WIDTH HEIGHT, or NAME braille|ascii|sixel COLUMNS
// ROWS [colour]. `chart_tool list` names them.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "base/random.h"
#include "imreg/chart.h"
#include "imreg/date.h"

namespace {

using namespace imreg;
using namespace imreg::chart;

constexpr double kNight = 1043690400;  // 2003-01-27T18:00:00Z

Plot seeing(double length, int n, int series) {
  Plot out{.title = "Seeing of the night", .x = {.label = "obstime", .time = true}, .y = {.label = "fwhm", .unit = "arcsec"}};
  const char* names[] = {"g", "r", "i", "z", "u", "Halpha", "TiO", "CaHK", "OIII", "open"};
  for (int s = 0; s < series; ++s) {
    Random random(static_cast<std::uint64_t>(s) + 3);
    Series one{.name = s < 10 ? names[s] : "filter " + std::to_string(s)};
    for (int i = 0; i < n; ++i) {
      const double t = random.uniform(0, 1);
      one.x.push_back(kNight + length * t);
      one.y.push_back(0.6 + 0.08 * s + 0.1 * std::sin(7 * t) + 0.05 * random.normal());
    }
    out.series.push_back(std::move(one));
  }
  return out;
}

std::map<std::string, std::function<Picture()>> pictures() {
  std::map<std::string, std::function<Picture()>> all;
  all["points"] = [] { return seeing(12 * 3600, 120, 1); };
  all["filters"] = [] { return seeing(12 * 3600, 40, 4); };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const auto all = pictures();
  if (argc == 2 && std::string(argv[1]) == "list") {
    for (const auto& [name, make] : all) std::puts(name.c_str());
    return 0;
  }
  if (argc < 5 || !all.count(argv[1])) return 2;
  const std::string kind = argv[2];
  const int a = std::atoi(argv[3]), b = std::atoi(argv[4]);
  const Picture picture = all.at(argv[1])();
  const Terminal terminal{a, b, kind == "ascii" ? TerminalStyle::ascii : kind == "sixel" ? TerminalStyle::sixel : TerminalStyle::braille, argc > 5};
  const auto bytes = kind == "svg" ? draw_svg(picture, {a, b}) : kind == "png" ? draw_png(picture, {a, b}) : draw_text(picture, terminal);
  if (!bytes.ok()) {
    std::fprintf(stderr, "%s\n", bytes.status().text().c_str());
    return 4;
  }
  std::cout << *bytes;
  return 0;
}

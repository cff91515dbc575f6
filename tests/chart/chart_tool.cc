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
  Plot out{.title = "Seeing of the night",
           .x = {.label = "obstime", .time = true},
           .y = {.label = "fwhm", .unit = "arcsec"}};
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
  all["many_series"] = [] { return seeing(12 * 3600, 8, 30); };
  all["groups"] = [] { return seeing(12 * 3600, 1, 10000); };
  all["second"] = [] { return seeing(1, 50, 1); };
  all["years"] = [] { return seeing(20 * 365.25 * 86400, 200, 2); };
  all["days"] = [] { return seeing(9 * 86400, 200, 2); };
  all["months"] = [] { return seeing(200 * 86400, 200, 2); };
  all["dense"] = [] {
    Plot out = seeing(30 * 86400, 1000000, 1);
    out.title = "A million images";
    return out;
  };
  all["lines"] = [] {
    Plot out{.title = "Temperatures",
             .x = {.label = "obstime", .time = true, .tz_hours = -10},
             .y = {.label = "temperature", .unit = "deg C"}};
    for (const std::string name : {"mirror", "dome", "outside", "top ring", "floor"}) {
      Series one{.name = name, .mark = Mark::line};
      for (int i = 0; i < 400; ++i) {
        one.x.push_back(kNight + i * 100);
        one.y.push_back(2 + static_cast<double>(out.series.size()) +
                        std::sin(i / 60.0 + static_cast<double>(name.size())) + (i > 200 && i < 220 ? NAN : 0));
      }
      out.series.push_back(one);
    }
    return out;
  };
  all["errors"] = [] {
    Plot out{.title = "Bias of ccd 3", .x = {.label = "exposure number"}, .y = {.label = "bias", .unit = "adu"}};
    Series one;
    Random random(5);
    for (int i = 0; i < 25; ++i) {
      one.x.push_back(671234 + i);
      one.y.push_back(1000001 + 0.4 * random.normal());
      one.y_error.push_back(0.3 + 0.2 * random.uniform(0, 1));
      one.x_error.push_back(i % 3 == 0 ? 0.4 : NAN);
    }
    out.series.push_back(one);
    return out;
  };
  all["histogram"] = [] {
    Plot out{.title = "Sky", .x = {.label = "sky", .unit = "adu"}, .y = {.label = "images"}};
    Series one{.mark = Mark::bars};
    for (int i = 0; i < 40; ++i) {
      one.x.push_back(500 + 25 * i);
      one.y.push_back(std::floor(300 * std::exp(-0.5 * std::pow((i - 14) / 6.0, 2))));
    }
    out.series.push_back(one);
    return out;
  };
  all["histograms"] = [] {
    Plot out{.title = "Sky by filter", .x = {.label = "sky", .unit = "adu"}, .y = {.label = "images"}};
    for (int s = 0; s < 3; ++s) {
      Series one{.name = std::string(1, "gri"[s]), .mark = Mark::bars};
      for (int i = 0; i < 40; ++i) {
        one.x.push_back(500 + 25 * i);
        one.y.push_back(std::floor(300 * std::exp(-0.5 * std::pow((i - 10 - 6 * s) / 5.0, 2))));
      }
      out.series.push_back(one);
    }
    return out;
  };
  all["log"] = [] {
    Plot out{.title = "Counts",
             .x = {.label = "exptime", .unit = "s", .log = true},
             .y = {.label = "sky", .unit = "adu", .log = true},
             .notes = {"12 of 300 images are not measured"}};
    Series one{.name = "flat"}, two{.name = "object", .mark = Mark::steps};
    Random random(5);
    for (int i = 0; i < 200; ++i) {
      const double t = std::pow(10, random.uniform(-1, 3.5));
      one.x.push_back(t);
      one.y.push_back(t * 30 * std::exp(0.4 * random.normal()) - (i % 50 == 0 ? 1e9 : 0));
    }
    for (int i = 0; i < 10; ++i) {
      two.x.push_back(std::pow(2, i));
      two.y.push_back(100 * std::pow(3, i % 5));
    }
    out.series = {one, two};
    return out;
  };
  all["long_texts"] = [] {
    std::string title;
    for (int i = 0; i < 20; ++i) title += "a title of ";
    Plot out{.title = title.substr(0, 200),
             .x = {.label = "an axis label that is as long as people sometimes make them, with <markup> & \"quotes\" "
                            "and a bell \a",
                   .unit = "1e-17 erg/s/cm2/Angstrom"},
             .y = {.label = "\u00c5ngstr\u00f6m \u03bb\u03b1 \u65e5\u672c \U0001f52d \u202eturned\u202c \xff and a "
                            "label that is longer than the axis is high, so that it must be broken"}};
    Series one{.name = "a series with a name that goes on and on, longer than any legend would have it"},
        two{.name = "<b>bold</b>"};
    for (int i = 0; i < 12; ++i) {
      one.x.push_back(1234567890 + i);
      one.y.push_back(-1234567890.0 + i * 17);
      two.x.push_back(1234567890.5 + i);
      two.y.push_back(-1234567890.0 + i * i);
    }
    out.series = {one, two};
    return out;
  };
  all["one"] = [] { return Plot{.x = {.label = "x"}, .y = {.label = "y"}, .series = {{.x = {3}, .y = {5e-300}}}}; };
  all["huge"] = [] {
    return Plot{.x = {.label = "x"},
                .y = {.label = "y"},
                .series = {{.x = {-1.7e308, 0, 1.7e308, HUGE_VAL}, .y = {5e-324, 1e-323, 2e-323, 1}}}};
  };
  all["sky"] = [] {
    SkyMap out{.title = "Pointings of the survey"};
    Random random(5);
    for (const std::string name : {"W1", "W2", "D"}) {
      Series one{.name = name};
      for (int i = 0; i < 60; ++i) {
        one.x.push_back(34 + 70 * static_cast<double>(out.series.size()) + 8 * random.normal());
        one.y.push_back(-7 + 30 * static_cast<double>(out.series.size()) + 8 * random.normal());
      }
      out.series.push_back(one);
    }
    return out;
  };
  all["dense_sky"] = [] {
    SkyMap out{.title = "All images", .series = {{}}};
    Random random(5);
    for (int i = 0; i < 300000; ++i) {
      out.series[0].x.push_back(random.uniform(0, 360));
      out.series[0].y.push_back(std::asin(random.uniform(-0.8, 1)) * 57.2957795 * 0.95);
    }
    return out;
  };
  all["focal_plane"] = [] {
    FocalPlane out{.title = "Bias of each CCD", .label = "bias", .unit = "adu"};
    for (int i = 0; i < 36; ++i) {
      const double x = i % 9 * 2112, y = i / 9 * 4700;
      out.chips.push_back(
          {"ccd" + std::to_string(i), x, y, x + 2048, y + 4612, i == 13 ? NAN : 1000 + 30 * std::sin(i * 1.7)});
    }
    return out;
  };
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
  const Terminal terminal{a, b,
                          kind == "ascii"   ? TerminalStyle::ascii
                          : kind == "sixel" ? TerminalStyle::sixel
                                            : TerminalStyle::braille,
                          argc > 5};
  const auto bytes = kind == "svg"   ? draw_svg(picture, {a, b})
                     : kind == "png" ? draw_png(picture, {a, b})
                                     : draw_text(picture, terminal);
  if (!bytes.ok()) {
    std::fprintf(stderr, "%s\n", bytes.status().text().c_str());
    return 4;
  }
  std::cout << *bytes;
  return 0;
}

// Layout: no text outside of the picture, none over another, no data outside of its area; on the canvas of pixels and in terminals.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

#include "chart/axis.h"
#include "chart/pictures.h"
#include "chart/sheet.h"
#include "chart/text_canvas.h"
#include "recorder.h"

namespace imreg::chart {
namespace {

std::string place_of(const Box& box) {
  return " @" + std::to_string(std::lround(box.x0)) + "," + std::to_string(std::lround(box.y0)) + ".." +
         std::to_string(std::lround(box.x1)) + "," + std::to_string(std::lround(box.y1));
}

// What is wrong with the texts, or nothing.
std::string faults(const Recorder& recorder) {
  const Extent size = recorder.metrics().size;
  std::string out;
  for (std::size_t i = 0; i < recorder.texts.size(); ++i) {
    const auto& one = recorder.texts[i];
    constexpr double hair = 0.5;
    if (one.box.x0 < -hair || one.box.y0 < -hair || one.box.x1 > size.width + hair || one.box.y1 > size.height + hair)
      out += "outside: " + one.text + place_of(one.box) + "\n";
    for (std::size_t k = i + 1; k < recorder.texts.size(); ++k) {
      Box box = recorder.texts[k].box;
      if (box.overlaps({one.box.x0 + 0.1, one.box.y0 + 0.1, one.box.x1 - 0.1, one.box.y1 - 0.1}))
        out += "overlap: " + one.text + place_of(one.box) + " | " + recorder.texts[k].text + place_of(box) + "\n";
    }
  }
  return out;
}

std::string text_of(int words) {
  std::string out;
  for (int i = 0; i < words; ++i) {
    out += (i > 0 ? " " : "");
    out += *rc::gen::elementOf(std::vector<std::string>{"fwhm", "a", "temperature", "\u65e5\u672c",
                                                        "sky_background_of_the_whole_chip", "<x>", "\x1b[31m"});
  }
  return out;
}

double number_of(int kind) {
  switch (kind) {
    case 0: return *rc::gen::inRange(-1000, 1000) / 10.0;
    case 1: return 1.04e9 + *rc::gen::inRange(0, 600000000);
    case 2: return *rc::gen::inRange(1, 1000) * std::pow(10.0, *rc::gen::inRange(-300, 300));
    case 3: return 1000000 + *rc::gen::inRange(0, 30) * 0.1;
    case 4: return *rc::gen::elementOf(std::vector<double>{0, 5e-324, 1e308, -1e308, NAN, HUGE_VAL, 3});
    default: return 42;
  }
}

Plot any_plot() {
  Plot plot{.title = text_of(*rc::gen::inRange(0, 20)),
            .x = {.label = text_of(*rc::gen::inRange(0, 12)),
                  .log = *rc::gen::inRange(0, 4) == 0,
                  .time = *rc::gen::inRange(0, 2) == 0},
            .y = {.label = text_of(*rc::gen::inRange(0, 12)), .unit = "adu", .log = *rc::gen::inRange(0, 3) == 0}};
  if (plot.x.time) plot.x.log = false;
  const int series = *rc::gen::elementOf(std::vector<int>{1, 2, 5, 30}), kind_x = *rc::gen::inRange(0, 6),
            kind_y = *rc::gen::inRange(0, 6);
  for (int i = 0; i < series; ++i) {
    Series one{.name = text_of(*rc::gen::inRange(0, 6)), .mark = static_cast<Mark>(*rc::gen::inRange(0, 4))};
    const int n = *rc::gen::inRange(0, 12);
    for (int k = 0; k < n; ++k) {
      one.x.push_back(number_of(kind_x));
      one.y.push_back(number_of(kind_y));
    }
    plot.series.push_back(std::move(one));
  }
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) plot.notes.push_back(text_of(4));
  return plot;
}

void check_picture(const Plot& plot, const Canvas& canvas) {
  Recorder recorder(canvas);
  const Status status = draw(plot, recorder);
  if (!status.ok()) {
    RC_ASSERT(!status.message().empty());
    return;
  }
  RC_ASSERT(faults(recorder) == "");
  const Extent size = recorder.metrics().size;
  for (const auto& box : recorder.drawn) {
    RC_LOG() << place_of(box) << " of " << size.width << " x " << size.height << " x1-w " << box.x1 - size.width
             << "\n";
    constexpr double kRounding = 1e-9;
    RC_ASSERT(box.x0 >= -kRounding && box.y0 >= -kRounding && box.x1 <= size.width + kRounding &&
              box.y1 <= size.height + kRounding);
  }
}

TEST(Layout, PlotsOfPixels) {
  EXPECT_TRUE(rc::check("pixels", [] {
    for (int i = 0; i < 4; ++i) {
      const auto canvas = make_pixel_canvas({*rc::gen::inRange(200, 1500), *rc::gen::inRange(200, 1000)});
      RC_ASSERT(canvas.ok());
      check_picture(any_plot(), **canvas);
    }
  }));
}

TEST(Layout, PlotsInTerminals) {
  EXPECT_TRUE(rc::check("terminal", [] {
    for (int i = 0; i < 8; ++i) {
      const TextCanvas canvas({*rc::gen::inRange(20, 150), *rc::gen::inRange(8, 60),
                               *rc::gen::elementOf(std::vector{TerminalStyle::braille, TerminalStyle::ascii})});
      check_picture(any_plot(), canvas);
    }
  }));
}

// One number tells no scale: an upright axis of four places has two, whatever its range.
TEST(Layout, TwoNumbersOnSmallAxes) {
  EXPECT_TRUE(rc::check("two numbers", [] {
    const TextCanvas canvas({60, 15});
    const int kind = *rc::gen::inRange(0, 3);
    Axis axis{.log = kind == 1, .time = kind == 2};
    const double low = kind == 1   ? std::pow(10.0, *rc::gen::inRange(-30, 30) / 7.0)
                       : kind == 2 ? 1.04e9 + *rc::gen::inRange(0, 600000000)
                                   : *rc::gen::inRange(-100000, 100000) / 37.0;
    const double step = std::pow(10.0, *rc::gen::inRange(-6, 24) / 3.0);
    const double high = kind == 1 ? low * (1.5 + step) : low + step;
    const Ticks ticks = fit_ticks(canvas, axis, Scale(low, high, axis.log), *rc::gen::inRange(4, 12) * 4, true);
    int named = 0;
    for (const auto& tick : ticks.ticks) named += tick.label.empty() ? 0 : 1;
    RC_LOG() << low << " to " << high << " kind " << kind << "\n";
    RC_ASSERT(named >= 2);
  }));
}

TEST(Layout, Densities) {
  Plot plot{.title = "many",
            .x = {.label = "x"},
            .y = {.label = "y"},
            .series = {{},
                       {.name = "a", .x = {1, 2}, .y = {1, 2}, .mark = Mark::line},
                       {.name = "b", .x = {1, 2}, .y = {1, 2}, .mark = Mark::bars}}};
  SkyMap sky{.series = {{}}};
  for (int i = 0; i < 25000; ++i) {
    plot.series[0].x.push_back(i % 1000);
    plot.series[0].y.push_back(i % 3 * (i % 7));
    sky.series[0].x.push_back(i % 360);
    sky.series[0].y.push_back(i % 181 - 90);
  }
  EXPECT_TRUE(rc::check("density", [&] {
    const auto pixels = make_pixel_canvas({*rc::gen::inRange(200, 1500), *rc::gen::inRange(200, 1000)});
    const TextCanvas text({*rc::gen::inRange(20, 150), *rc::gen::inRange(8, 60)});
    for (const Canvas* canvas : {static_cast<const Canvas*>(pixels->get()), static_cast<const Canvas*>(&text)}) {
      Recorder plotted(*canvas), map(*canvas);
      if (draw(plot, plotted).ok()) RC_ASSERT(faults(plotted) == "");
      if (draw(sky, map).ok()) RC_ASSERT(faults(map) == "");
    }
  }));
}

TEST(Layout, LegendHidesNothing) {
  EXPECT_TRUE(rc::check("legend", [] {
    Plot plot;
    for (int s = 0; s < 3; ++s) {
      Series one{.name = "series_" + std::to_string(s)};
      for (int i = 0; i < *rc::gen::inRange(1, 60); ++i) {
        one.x.push_back(*rc::gen::inRange(0, 1000));
        one.y.push_back(*rc::gen::inRange(0, 1000));
      }
      plot.series.push_back(std::move(one));
    }
    const auto canvas = make_pixel_canvas({900, 600});
    Recorder recorder(**canvas);
    RC_ASSERT(draw(plot, recorder).ok());
    int names = 0;
    for (const auto& text : recorder.texts) {
      if (!text.text.starts_with("series_")) continue;
      ++names;
      for (const auto& mark : recorder.drawn)
        RC_ASSERT(!(mark.x0 > text.box.x0 && mark.x0 < text.box.x1 && mark.y0 > text.box.y0 && mark.y0 < text.box.y1));
    }
    RC_ASSERT(names == 3);
  }));
}

TEST(Layout, FocalPlanesAndSkies) {
  EXPECT_TRUE(rc::check("others", [] {
    FocalPlane plane{.title = text_of(5), .label = text_of(3), .unit = "adu"};
    const int columns = *rc::gen::inRange(1, 12), rows = *rc::gen::inRange(1, 8);
    for (int i = 0; i < columns * rows; ++i) {
      const double x = i % columns * 100, y = i / columns * 220;
      plane.chips.push_back(
          {text_of(*rc::gen::inRange(0, 2)), x + 95, y, x, y + 210, number_of(*rc::gen::inRange(0, 5))});
    }
    SkyMap sky{.title = text_of(8)};
    for (int s = *rc::gen::inRange(1, 5); s > 0; --s) {
      Series one{.name = text_of(1)};
      for (int i = 0; i < 5; ++i) {
        one.x.push_back(number_of(0) * 4);
        one.y.push_back(number_of(0));
      }
      sky.series.push_back(std::move(one));
    }
    const auto pixels = make_pixel_canvas({*rc::gen::inRange(200, 1500), *rc::gen::inRange(200, 1000)});
    const TextCanvas text({*rc::gen::inRange(20, 150), *rc::gen::inRange(8, 60)});
    for (const Canvas* canvas : {static_cast<const Canvas*>(pixels->get()), static_cast<const Canvas*>(&text)}) {
      Recorder chips(*canvas), map(*canvas);
      const Status a = draw(plane, chips), b = draw(sky, map);
      RC_ASSERT(a.ok() || !a.message().empty());
      RC_ASSERT(b.ok() || !b.message().empty());
      if (a.ok()) RC_ASSERT(faults(chips) == "");
      if (b.ok()) RC_ASSERT(faults(map) == "");
    }
  }));
}

}  // namespace
}  // namespace imreg::chart

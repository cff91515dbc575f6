// Pictures as bytes: the same for the same input, never empty without a word, text of users is data.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

#include "chart/text_tools.h"
#include "imreg/chart.h"

namespace imreg::chart {
namespace {

Plot of(std::vector<double> x, std::vector<double> y, Mark mark = Mark::points) {
  return {.title = "t",
          .x = {.label = "x"},
          .y = {.label = "y"},
          .series = {{.x = std::move(x), .y = std::move(y), .mark = mark}}};
}

std::string message(const Picture& picture, Size size = {}) {
  const auto svg = draw_svg(picture, size), png = draw_png(picture, size);
  EXPECT_EQ(svg.status().message(), png.status().message());
  return svg.status().message();
}

TEST(Draw, NeverEmptyWithoutAWord) {
  EXPECT_EQ(message(Plot{}), "nothing to draw: the plot has no points");
  EXPECT_EQ(message(of({}, {})), "nothing to draw: the plot has no points");
  EXPECT_EQ(message(of({1, 2}, {1})), "series \"\": x has 2 values, y has 1");
  EXPECT_EQ(message(of({NAN, 1, HUGE_VAL}, {1, NAN, 2})),
            "nothing to draw: 3 of 3 points not drawn: 2 not known, 1 infinite");
  Plot log = of({1, 2, NAN}, {-1, 0, 1});
  log.y.log = true;
  EXPECT_EQ(message(log), "nothing to draw: 3 of 3 points not drawn: 1 not known, 2 not positive (log axis)");
  Plot narrow = of({1, 2}, {3, 4});
  narrow.x.low = 10;
  EXPECT_EQ(message(narrow), "nothing to draw: 2 of 2 points not drawn: 2 outside of the axes");
  narrow.x = {.log = true, .low = -1};
  EXPECT_EQ(message(narrow), "axis x: the limit -1 is not above 0, as a log axis needs");
  narrow.x = {.low = 3, .high = 3};
  EXPECT_EQ(message(narrow), "axis x: both limits are 3");
  narrow.x = {.low = NAN};
  EXPECT_EQ(message(narrow), "axis x: a limit is not a finite number");
  narrow.x = {.log = true, .time = true};
  EXPECT_EQ(message(narrow), "axis x: times have no logarithm: choose log or time");
  EXPECT_EQ(message(of({1}, {1}), {199, 600}), "the width of a picture is 200 to 10000 pixels, not 199");
  EXPECT_EQ(message(of({1}, {1}), {600, 10001}), "the height of a picture is 200 to 10000 pixels, not 10001");
  EXPECT_EQ(message(SkyMap{}), "nothing to draw: the map has no positions");
  EXPECT_EQ(message(SkyMap{.series = {{.x = {10}, .y = {91}}}}),
            "nothing to draw: 1 of 1 position not drawn: unknown or |dec| > 90");
  EXPECT_EQ(message(FocalPlane{}), "nothing to draw: the focal plane has no chips");
  EXPECT_EQ(message(FocalPlane{.chips = {{"a", 0, 0, 1, 1, NAN}, {"b", 0, 0, 1, 1, HUGE_VAL}}}),
            "nothing to draw: 2 chips: 1 with an infinite value, 1 without a value");
  EXPECT_EQ(draw_text(of({1}, {1}), {.columns = 10}).status().message(),
            "a picture in a terminal has 20 x 8 to 1000 x 1000 places, not 10 x 24");
}

std::string without(std::string text, const std::string& word) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word)) text.erase(at, word.size());
  return text;
}

TEST(Draw, OddNumbersAreDrawn) {
  constexpr double kMost = 1.7976931348623157e308, kLeast = 5e-324;
  const std::vector<std::pair<std::vector<double>, std::vector<double>>> all = {
      {{3}, {4}},
      {{0}, {0}},
      {{7, 7, 7}, {-2, -2, -2}},
      {{kMost}, {-kMost}},
      {{-kMost, kMost}, {kLeast, 2 * kLeast}},
      {{kLeast}, {kMost}},
      {{1e308, 1.1e308}, {1e-308, 2e-308}},
      {{1000001, 1000002}, {1, std::nextafter(1, 2)}},
      {{1e17, 1e17 + 16}, {-1e-17, 1e-17}},
      {{0, 1, NAN, 3, HUGE_VAL}, {1, NAN, 2, -HUGE_VAL, 5}}};
  for (const auto& [x, y] : all) {
    for (const Mark mark : {Mark::points, Mark::line, Mark::steps, Mark::bars}) {
      for (const int kind : {0, 1, 2, 3}) {
        Plot plot = of(x, y, mark);
        plot.x.time = kind == 1;
        plot.x.log = kind == 2;
        plot.y.log = kind == 2;
        if (kind == 3) {
          plot.x.low = 5;
          plot.x.high = -5;
        }
        plot.series[0].y_error.assign(x.size(), kMost);
        const auto svg = draw_svg(plot), png = draw_png(plot), text = draw_text(plot, {});
        EXPECT_EQ(svg.ok(), png.ok());
        EXPECT_EQ(svg.ok(), text.ok()) << text.status().message();
        if (svg.ok()) {
          EXPECT_EQ(svg->find("nan"), svg->npos);
          EXPECT_EQ(without(*svg, "infinite").find("inf"), svg->npos);  // the word is in notes
        } else {
          EXPECT_EQ(svg.status().message().substr(0, 15), "nothing to draw") << svg.status().message();
        }
      }
    }
  }
}

TEST(Draw, SameInputSameBytes) {
  Plot plot = of({1, 2, 3}, {4, 5, 6});
  plot.series.push_back({.name = "line", .x = {1, 3}, .y = {4, 4.5}, .mark = Mark::line});
  for (int i = 0; i < 30000; ++i) {
    plot.series[0].x.push_back(i % 100);
    plot.series[0].y.push_back(i % 77);
  }
  EXPECT_EQ(*draw_svg(plot), *draw_svg(plot));
  EXPECT_EQ(*draw_png(plot), *draw_png(plot));
  EXPECT_EQ(*draw_text(plot, {.style = TerminalStyle::sixel}), *draw_text(plot, {.style = TerminalStyle::sixel}));
}

// The text of every <text> element, in order.
std::string texts(const std::string& svg) {
  std::string out;
  for (std::size_t at = svg.find("<text"); at != svg.npos; at = svg.find("<text", at + 1)) {
    const std::size_t from = svg.find('>', at) + 1;
    out += svg.substr(from, svg.find("</text>", from) - from) + "\n";
  }
  return out;
}

TEST(Draw, LeftOutPointsAreCounted) {
  const auto svg = draw_svg(of({1, 2, 3, NAN}, {1, HUGE_VAL, 2, 5}));
  EXPECT_NE(texts(*svg).find("2 of 4 points not drawn: 1 not known, 1 infinite"), std::string::npos);
}

TEST(Draw, TextIsData) {
  Plot plot = of({1, 2}, {3, 4});
  plot.title = "<script>alert(\"1\")</script> & \x1b[31m \xff \u202e";
  const auto svg = draw_svg(plot);
  EXPECT_EQ(svg->find("<script"), svg->npos);
  EXPECT_NE(svg->find("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; \\x1b[31m \\xff \\u202e"), svg->npos);
  EXPECT_EQ(svg->find(" id="), svg->npos) << "two pictures in one page would share it";
  const auto text = draw_text(plot, {});
  EXPECT_EQ(text->find('\x1b'), text->npos);
}

TEST(Draw, TerminalLinesFit) {
  Plot plot = of({1, 2, 3}, {3, 4, 1e6}, Mark::line);
  plot.title = "\u65e5\u672c\u8a9e and e\u0301 and a long title that does not fit into one line of a small terminal";
  for (const auto style : {TerminalStyle::braille, TerminalStyle::ascii}) {
    for (int columns = 20; columns < 120; columns += 7) {
      for (int rows = 8; rows < 50; rows += 5) {
        const auto text = draw_text(plot, {columns, rows, style});
        if (!text.ok()) continue;
        EXPECT_EQ(std::count(text->begin(), text->end(), '\n'), rows);
        for (std::size_t at = 0; at < text->size();) {
          const std::size_t end = text->find('\n', at);
          int width = 0;
          for (std::string_view line(text->data() + at, end - at); !line.empty();) {
            const Letter letter = first_letter(line);
            EXPECT_TRUE(style != TerminalStyle::ascii || (letter.code >= 0x20 && letter.code < 0x7f));
            width += places(letter.code);
            line.remove_prefix(letter.bytes);
          }
          EXPECT_LE(width, columns);
          at = end + 1;
        }
      }
    }
  }
  const auto colour = draw_text(plot, {.colour = true});
  EXPECT_NE(colour->find("\x1b[34m"), colour->npos);
  EXPECT_EQ(colour->find("\x1b[39m\n"), colour->find('\n', colour->find("\x1b[34m")) - 5)
      << "each line ends in the terminal's own colour";
}

TEST(Draw, LineOfAMillionIsSmall) {
  Plot plot = of({}, {}, Mark::line);
  for (int i = 0; i < 1000000; ++i) {
    plot.series[0].x.push_back(i);
    plot.series[0].y.push_back(std::sin(i * 0.7) + i * 1e-6);
  }
  EXPECT_LT(draw_svg(plot)->size(), 100000u);
  // To and fro it would be a blot of a million lines: it is a density, and says so.
  for (std::size_t i = 0; i < plot.series[0].x.size(); ++i)
    plot.series[0].x[i] = static_cast<double>(i * 7919 % 1000003);
  const auto svg = draw_svg(plot);
  EXPECT_LT(svg->size(), 1000000u);
  EXPECT_NE(texts(*svg).find("1 line to and fro drawn as density"), std::string::npos);
}

}  // namespace
}  // namespace imreg::chart

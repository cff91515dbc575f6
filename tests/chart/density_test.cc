// Densities against a plain two-dimensional histogram; the ramp against CIE's own formulas; sixels read back.
#include "chart/density.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <map>

#include "base/random.h"
#include "chart/palette.h"
#include "chart/sixel.h"

namespace imreg::chart {
namespace {

TEST(Density, IsTheHistogram) {
  EXPECT_TRUE(rc::check("density", [] {
    const int columns = *rc::gen::inRange(1, 40), rows = *rc::gen::inRange(1, 40);
    const bool log = *rc::gen::arbitrary<bool>(), turned = *rc::gen::arbitrary<bool>();
    std::vector<double> x, y;
    for (int i = 0; i < 500; ++i) {
      x.push_back(*rc::gen::inRange(-100, 1100) / 10.0);
      y.push_back(i % 50 == 0 ? NAN : std::pow(10, *rc::gen::inRange(-100, 400) / 100.0));
    }
    const Scale sx(turned ? 100 : 0, turned ? 0 : 100, false), sy(0.5, 1000, log);
    Density density(columns, rows);
    density.add(x, y, sx, sy);
    std::map<std::pair<int, int>, std::uint32_t> naive;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!(x[i] >= 0 && x[i] <= 100 && y[i] >= 0.5 && y[i] <= 1000)) continue;
      double a = x[i] / 100;
      if (turned) a = 1 - a;
      const double b = log ? (std::log10(y[i]) - std::log10(0.5)) / (3 - std::log10(0.5)) : (y[i] - 0.5) / 999.5;
      // On an edge of two cells rounding decides: such points are not compared.
      const auto edge = [](double v) { return std::abs(v - std::round(v)) < 1e-9; };
      if (edge(a * columns) || edge(b * rows)) continue;
      ++naive[{static_cast<int>(a * columns), rows - 1 - static_cast<int>(b * rows)}];
    }
    std::uint64_t sum = 0;
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        const auto count = density.counts()[static_cast<std::size_t>(row * columns + column)];
        const auto found = naive.find({column, row});
        RC_ASSERT(count >= (found == naive.end() ? 0 : found->second));
        sum += count;
      }
    }
    std::uint64_t inside = 0;
    for (std::size_t i = 0; i < x.size(); ++i) inside += x[i] >= 0 && x[i] <= 100 && y[i] >= 0.5 && y[i] <= 1000;
    RC_ASSERT(sum == inside);
  }));
}

double lightness_of(Colour c) {
  const auto linear = [](std::uint8_t v) {
    const double s = v / 255.0;
    return s <= 0.04045 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4);
  };
  const double y = 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
  return y > 0.008856 ? 116 * std::cbrt(y) - 16 : 903.3 * y;
}

TEST(Density, RampFallsEvenlyInLightness) {
  for (int step = 1; step <= kRamp; ++step) {
    EXPECT_NEAR(lightness_of(ramp(step)), lightness(step), 1.6) << step;
    if (step <= 8) continue;
    EXPECT_LT(lightness_of(ramp(step)), lightness_of(ramp(step - 8))) << step;
  }
  EXPECT_LT(lightness_of(ramp(1)), 90) << "one point must be seen on white paper";
}

TEST(Density, LooksOfSeriesDiffer) {
  std::map<std::pair<int, int>, int> seen;
  for (std::size_t i = 0; i < 64; ++i) {
    const Look look = look_of(i);
    EXPECT_TRUE(
        seen.emplace(std::pair{look.colour.red * 65536 + look.colour.green * 256 + look.colour.blue, int(look.symbol)},
                     0)
            .second)
        << i;
    EXPECT_LT(lightness_of(look.colour), 62) << "too faint on white";
    EXPECT_NE(look.symbol, look_of(i + 1).symbol);
  }
}

// A decoder of sixels, as small as the format.
std::vector<std::uint32_t> decode(const std::string& text, int width, int height) {
  std::vector<std::uint32_t> out(static_cast<std::size_t>(width * height), 0xff000000);
  std::map<int, std::uint32_t> palette;
  std::size_t i = text.find('q') + 1;
  int x = 0, y = 0, repeat = 1, colour = 0;
  const auto number = [&] {
    int value = 0;
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) value = value * 10 + (text[i++] - '0');
    return value;
  };
  while (text[i] != '\x1b') {
    const char c = text[i++];
    if (c == '"' || c == '#') {
      std::vector<int> numbers{number()};
      while (text[i] == ';') {
        ++i;
        numbers.push_back(number());
      }
      if (c == '"') continue;
      colour = numbers[0];
      if (numbers.size() == 5) {
        const auto byte = [&](std::size_t k) { return static_cast<std::uint32_t>(numbers[k] * 255 / 100); };
        palette[colour] = byte(2) << 16 | byte(3) << 8 | byte(4);
      }
    } else if (c == '!') {
      repeat = number();
    } else if (c == '$') {
      x = 0;
    } else if (c == '-') {
      x = 0;
      y += 6;
    } else {
      for (; repeat > 0; --repeat, ++x) {
        for (int k = 0; k < 6; ++k) {
          if (((c - 63) >> k & 1) != 0) out.at(static_cast<std::size_t>((y + k) * width + x)) = palette.at(colour);
        }
      }
      repeat = 1;
    }
  }
  return out;
}

TEST(Density, SixelsReadBack) {
  Random random(3);
  for (const int colours : {1, 7, 200, 5000}) {
    const int width = 61, height = 35;
    std::vector<std::uint32_t> pixels;
    for (int i = 0; i < width * height; ++i) {
      const auto one = static_cast<std::uint32_t>(random.uniform(0, colours));
      pixels.push_back(one * 2654435761u & 0xf8f8f8);
    }
    const std::string text = sixel(width, height, pixels);
    EXPECT_EQ(text.substr(0, 2), "\x1bP");
    EXPECT_EQ(text.substr(text.size() - 3), "\x1b\\\n");
    const auto back = decode(text, width, height);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      EXPECT_NE(back[i], 0xff000000) << "a hole at " << i;
      if (colours > 256) continue;  // the nearest of 256
      for (const int shift : {0, 8, 16})
        EXPECT_NEAR(double(back[i] >> shift & 255), double(pixels[i] >> shift & 255), 3);
    }
  }
}

}  // namespace
}  // namespace imreg::chart

// Colours of series were chosen for white paper: all are dark enough for thin lines, neighbours differ in hue and in lightness.
#include "chart/palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace imreg::chart {
namespace {

constexpr Colour kColours[] = {{28, 82, 160, 4}, {206, 76, 16, 1}, {32, 122, 62, 2}, {148, 44, 128, 5},
                               {166, 118, 0, 3}, {0, 134, 158, 6}, {90, 90, 90, 8},  {120, 56, 32, 9}};
constexpr Symbol kOrder[] = {Symbol::circle,  Symbol::square, Symbol::triangle,      Symbol::cross,
                             Symbol::diamond, Symbol::plus,   Symbol::triangle_down, Symbol::star};

static_assert(std::size(kColours) == kColourRound);

constexpr double kLight = 82, kDark = 18;

std::uint8_t byte_of(double linear) {
  const double v = std::clamp(linear, 0.0, 1.0);
  const double s = v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(255 * s));
}

// CIE L*, chroma and hue (degrees) to sRGB, white point D65.
Colour from_lch(double l, double chroma, double hue) {
  const double angle = hue * std::numbers::pi / 180;
  const double fy = (l + 16) / 116, fx = fy + chroma * std::cos(angle) / 500, fz = fy - chroma * std::sin(angle) / 200;
  const auto back = [](double f) { return f > 6.0 / 29 ? f * f * f : 3 * 36.0 / 841 * (f - 4.0 / 29); };
  const double x = 0.95047 * back(fx), y = back(fy), z = 1.08883 * back(fz);
  return {byte_of(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
          byte_of(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z),
          byte_of(0.0556434 * x - 0.2040259 * y + 1.0572252 * z)};
}

}  // namespace

char letter_of(Symbol symbol) {
  switch (symbol) {
    case Symbol::dot: return '.';
    case Symbol::circle: return 'o';
    case Symbol::square: return '#';
    case Symbol::triangle: return '^';
    case Symbol::diamond: return '%';
    case Symbol::plus: return '+';
    case Symbol::cross: return 'x';
    case Symbol::triangle_down: return 'v';
    case Symbol::star: return '*';
  }
  return '?';
}

Look look_of(std::size_t series) {
  // Each round of colours begins with the next symbol.
  const Symbol symbol = kOrder[(series + series / std::size(kColours)) % std::size(kOrder)];
  return {kColours[series % std::size(kColours)], symbol, static_cast<int>(series % kDashes), letter_of(symbol)};
}

double lightness(int step) { return kLight + (kDark - kLight) * (step - 1) / (kRamp - 1); }

Colour ramp(int step) {
  static const std::array<Colour, kRamp> all = [] {
    std::array<Colour, kRamp> out;
    for (int i = 0; i < kRamp; ++i) {
      const double t = i / (kRamp - 1.0);
      // The chroma is what sRGB can show at all hues of the way.
      out[static_cast<std::size_t>(i)] =
          from_lch(lightness(i + 1), 34 - 7 * std::sin(std::numbers::pi * t), 95 + 190 * t);
    }
    return out;
  }();
  return all[static_cast<std::size_t>(std::clamp(step, 1, kRamp) - 1)];
}

}  // namespace imreg::chart

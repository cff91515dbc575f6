// Palettes of even steps in lightness: each is a curve through CIE L*a*b* (D65, as sRGB has it), its L* a straight line from 5 to 97, so that what
// looks twice as bright is so, in grey, too.
#include "look/palette.h"

#include <algorithm>
#include <cmath>

namespace imreg::look {

namespace {

struct Stop {
  double hue, chroma;  // degrees, of CIE LCh; by lightness at equal steps from dark to bright
};
struct Palette {
  const char* name;
  std::vector<Stop> stops;  // empty: grey, level for level
};
const std::vector<Palette>& palettes() {
  static const std::vector<Palette> all = {
      {"grey", {}},
      {"heat", {{300, 10}, {345, 40}, {20, 60}, {40, 66}, {62, 62}, {85, 52}, {98, 20}}},
      {"ocean", {{300, 12}, {290, 38}, {275, 42}, {245, 36}, {200, 36}, {160, 40}, {110, 32}}},
      {"dusk", {{290, 15}, {300, 48}, {325, 55}, {355, 56}, {35, 56}, {70, 56}, {100, 40}}},
  };
  return all;
}

double gamma_of(double x) { return x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055; }

// CIE 15:2004 and IEC 61966-2-1. False: no such colour on a screen.
bool to_screen(double lightness, double chroma, double hue, std::array<std::uint8_t, 3>& out) {
  const double a = chroma * std::cos(hue * M_PI / 180), b = chroma * std::sin(hue * M_PI / 180);
  const double fy = (lightness + 16) / 116, fx = fy + a / 500, fz = fy - b / 200;
  const auto back = [](double t) { return t > 6.0 / 29 ? t * t * t : 3 * 36.0 / 841 * (t - 4.0 / 29); };
  const double x = 0.95047 * back(fx), y = back(fy), z = 1.08883 * back(fz);
  const double rgb[3] = {3.2406 * x - 1.5372 * y - 0.4986 * z, -0.9689 * x + 1.8758 * y + 0.0415 * z,
                         0.0557 * x - 0.2040 * y + 1.0570 * z};
  bool inside = true;
  for (std::size_t i = 0; i < 3; ++i) {
    inside = inside && rgb[i] > -0.001 && rgb[i] < 1.001;
    out[i] = static_cast<std::uint8_t>(std::lround(255 * gamma_of(std::clamp(rgb[i], 0.0, 1.0))));
  }
  return inside;
}

constexpr std::array<std::uint8_t, 3> kWithoutValue = {52, 84, 160}, kOutside = {22, 24, 32};

}  // namespace

const std::vector<std::string>& palette_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const auto& one : palettes()) out.emplace_back(one.name);
    return out;
  }();
  return names;
}

Colours colours_of(std::string_view name, bool negative) {
  const auto& all = palettes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Palette& one) { return name == one.name; });
  const auto& stops = found == all.end() ? all.front().stops : found->stops;
  Colours out;
  for (std::size_t level = 0; level < out.size(); ++level) {
    auto& colour = out[negative ? 255 - level : level];
    if (stops.empty()) {
      colour.fill(static_cast<std::uint8_t>(level));
      continue;
    }
    const double part = static_cast<double>(level) / 255, at = part * static_cast<double>(stops.size() - 1);
    const auto i = std::min(static_cast<std::size_t>(at), stops.size() - 2);
    const double t = at - static_cast<double>(i);
    double turn = stops[i + 1].hue - stops[i].hue;
    turn -= 360 * std::round(turn / 360);
    const double hue = stops[i].hue + t * turn;
    double chroma = stops[i].chroma + t * (stops[i + 1].chroma - stops[i].chroma);
    while (!to_screen(5 + 92 * part, chroma, hue, colour) && chroma > 0) chroma -= 1;  // as colourful as a screen can
  }
  return out;
}

raster::Raster coloured(Rendered rendered, std::string_view palette, bool negative) {
  const bool grey = palette == "grey" && rendered.marks.empty();
  if (grey && !negative) return std::move(rendered.grey);
  const Colours colours = colours_of(palette, negative);
  if (grey) {
    for (auto& level : rendered.grey.bytes) level = colours[level][0];
    return std::move(rendered.grey);
  }
  raster::Raster out(rendered.grey.width, rendered.grey.height, 3);
  for (std::size_t i = 0; i < rendered.grey.bytes.size(); ++i) {
    const std::uint8_t mark = rendered.marks.empty() ? std::uint8_t{Rendered::good} : rendered.marks[i];
    const auto& colour = mark == Rendered::outside         ? kOutside
                         : mark == Rendered::without_value ? kWithoutValue
                                                           : colours[rendered.grey.bytes[i]];
    std::copy(colour.begin(), colour.end(), out.bytes.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return out;
}

raster::Raster in_one(const std::array<Rendered, 3>& parts) {
  raster::Raster out(parts[0].grey.width, parts[0].grey.height, 3);
  for (std::size_t i = 0; i < parts[0].grey.bytes.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      const bool good = parts[c].marks.empty() || parts[c].marks[i] == Rendered::good;
      out.bytes[3 * i + c] = good ? parts[c].grey.bytes[i] : std::uint8_t{0};
    }
  }
  return out;
}

}  // namespace imreg::look

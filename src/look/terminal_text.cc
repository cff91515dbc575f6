// A character is about twice as high as wide: its upper half shows one pixel, its lower half the next one below.
#include "look/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "chart/sixel.h"

namespace imreg::look {

namespace {

using Colour = std::array<int, 3>;

Colour colour_at(const raster::Raster& picture, int x, int y) {
  if (y >= picture.height) return {0, 0, 0};
  const auto* const at = picture.at(x, y);
  return picture.channels == 1 ? Colour{at[0], at[0], at[0]} : Colour{at[0], at[1], at[2]};
}

// One of xterm's 256: 24 greys from 232 on (8, 18 ... 238), a cube of 6 x 6 x 6 from 16 on (0, 95, 135 ... 255).
int of_256(const Colour& c) {
  const int spread = std::max({c[0], c[1], c[2]}) - std::min({c[0], c[1], c[2]});
  if (spread < 12) {
    const int mean = (c[0] + c[1] + c[2]) / 3;
    return mean < 4 ? 16 : mean > 246 ? 231 : 232 + std::min(23, std::max(0, (mean - 3) / 10));
  }
  const auto step = [](int v) { return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40; };
  return 16 + 36 * step(c[0]) + 6 * step(c[1]) + step(c[2]);
}

std::string escape(const Colour& c, bool front, bool all_colours) {
  const std::string start = front ? "38" : "48";
  if (!all_colours) return start + ";5;" + std::to_string(of_256(c));
  return start + ";2;" + std::to_string(c[0]) + ";" + std::to_string(c[1]) + ";" + std::to_string(c[2]);
}

std::string half_blocks(const raster::Raster& picture, bool all_colours) {
  std::string out;
  for (int y = 0; y < picture.height; y += 2) {
    std::string last;
    for (int x = 0; x < picture.width; ++x) {
      std::string codes = escape(colour_at(picture, x, y), true, all_colours) + ";" +
                          escape(colour_at(picture, x, y + 1), false, all_colours);
      if (codes != last) out += "\x1b[" + codes + "m";
      last = std::move(codes);
      out += "\u2580";
    }
    out += "\x1b[0m\n";
  }
  return out;
}

std::string characters(const raster::Raster& picture) {
  static constexpr std::string_view kRamp = " .:-=+*#%@";
  std::string out;
  for (int y = 0; y < picture.height; y += 2) {
    std::string line;
    for (int x = 0; x < picture.width; ++x) {
      const auto a = colour_at(picture, x, y), b = colour_at(picture, x, std::min(y + 1, picture.height - 1));
      const int sum = a[0] + a[1] + a[2] + b[0] + b[1] + b[2];
      line += kRamp[static_cast<std::size_t>(sum) * (kRamp.size() - 1) / (6 * 255)];
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace

std::string text_of(const raster::Raster& picture, Look::Terminal kind) {
  if (kind == Look::Terminal::ascii) return characters(picture);
  if (kind != Look::Terminal::sixel) return half_blocks(picture, kind == Look::Terminal::true_colour);
  std::vector<std::uint32_t> pixels;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const auto c = colour_at(picture, x, y);
      pixels.push_back(static_cast<std::uint32_t>(c[0] << 16 | c[1] << 8 | c[2]));
    }
  }
  return chart::sixel(picture.width, picture.height, pixels);
}

}  // namespace imreg::look

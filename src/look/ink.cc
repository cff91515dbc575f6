// Mixes ink into pixels by how much of each it covers.
#include "look/ink.h"

#include <algorithm>
#include <cmath>

namespace imreg::look {

namespace {

void mix(raster::Raster& page, int x, int y, int part, const Colour& ink) {
  if (x < 0 || y < 0 || x >= page.width || y >= page.height || part <= 0) return;
  auto* const at = page.at(x, y);
  for (std::size_t c = 0; c < 3; ++c)
    at[c] = static_cast<std::uint8_t>((at[c] * (255 - part) + ink[c] * part + 127) / 255);
}

}  // namespace

void fill(raster::Raster& page, int x0, int y0, int width, int height, const Colour& colour) {
  for (int y = std::max(0, y0); y < std::min(page.height, y0 + height); ++y) {
    for (int x = std::max(0, x0); x < std::min(page.width, x0 + width); ++x)
      std::copy(colour.begin(), colour.end(), page.at(x, y));
  }
}

void write(raster::Raster& page, int x0, int y0, const chart::Coverage& letters, const Colour& ink) {
  for (int y = 0; y < letters.height; ++y) {
    for (int x = 0; x < letters.width; ++x)
      mix(page, x0 + x, y0 + y,
          letters.parts[static_cast<std::size_t>(y) * static_cast<std::size_t>(letters.width) +
                        static_cast<std::size_t>(x)],
          ink);
  }
}

void ring(raster::Raster& page, double x0, double y0, double radius, double width, const Colour& ink) {
  const double reach = radius + width;
  for (int y = std::max(0, static_cast<int>(y0 - reach)); y <= std::min<double>(page.height - 1, y0 + reach); ++y) {
    for (int x = std::max(0, static_cast<int>(x0 - reach)); x <= std::min<double>(page.width - 1, x0 + reach); ++x) {
      const double away = std::abs(std::hypot(x + 0.5 - x0, y + 0.5 - y0) - radius);
      mix(page, x, y, static_cast<int>(255 * std::clamp(width / 2 + 0.5 - away, 0.0, 1.0)), ink);
    }
  }
}

void line(raster::Raster& page, double x0, double y0, double x1, double y1, double width, const Colour& ink) {
  const double dx = x1 - x0, dy = y1 - y0, length2 = std::max(dx * dx + dy * dy, 1e-9), half = width / 2;
  const int left = static_cast<int>(std::floor(std::min(x0, x1) - width)),
            right = static_cast<int>(std::ceil(std::max(x0, x1) + width));
  const int top = static_cast<int>(std::floor(std::min(y0, y1) - width)),
            low = static_cast<int>(std::ceil(std::max(y0, y1) + width));
  for (int y = std::max(0, top); y <= std::min(page.height - 1, low); ++y) {
    for (int x = std::max(0, left); x <= std::min(page.width - 1, right); ++x) {
      const double px = x + 0.5, py = y + 0.5, t = std::clamp(((px - x0) * dx + (py - y0) * dy) / length2, 0.0, 1.0);
      const double away = std::hypot(px - x0 - t * dx, py - y0 - t * dy);
      mix(page, x, y, static_cast<int>(255 * std::clamp(half + 0.5 - away, 0.0, 1.0)), ink);
    }
  }
}

}  // namespace imreg::look

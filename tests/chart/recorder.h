// A canvas that draws nothing and remembers where texts stand; measures are those of another canvas.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "chart/canvas.h"

namespace imreg::chart {

class Recorder final : public Canvas {
 public:
  explicit Recorder(const Canvas& like) : like_(like) {}
  struct Text {
    Box box;
    std::string text;
  };
  std::vector<Text> texts;
  std::vector<Box> drawn;  ///< marks and lines of data: what they cover
  std::vector<Image> images;

  const Metrics& metrics() const override { return like_.metrics(); }
  Extent measure(std::string_view text, Font font) const override { return like_.measure(text, font); }
  void text(Point at, std::string_view text, Font font, Anchor anchor, Colour, bool upward) override {
    Extent size = measure(text, font);
    if (upward) std::swap(size.width, size.height);
    double x = at.x - anchor.across * size.width, y = at.y - anchor.down * size.height;
    if (metrics().characters) {
      // As the terminal's canvas puts letters into places.
      x = std::max(0.0, std::min(2 * std::round(x / 2), metrics().size.width - size.width));
      y = anchor.down == 0.5 ? 4 * std::floor(at.y / 4) : 4 * std::round(y / 4);
    }
    texts.push_back({{x, y, x + size.width, y + size.height}, std::string(text)});
  }
  void polyline(std::span<const Point> points, const Stroke&) override {
    for (const auto& p : points) drawn.push_back({p.x, p.y, p.x, p.y});
  }
  void polygon(std::span<const Point> points, Colour) override {
    for (const auto& p : points) drawn.push_back({p.x, p.y, p.x, p.y});
  }
  void shade(const Box& box, int) override { drawn.push_back(box); }
  void symbols(std::span<const Point> points, Symbol, double, Colour) override {
    for (const auto& p : points) drawn.push_back({p.x, p.y, p.x, p.y});
  }
  void image(const Box& box, const Image& image) override {
    drawn.push_back(box);
    images.push_back(image);
  }
  void rule(Point, Point, Colour) override {}
  void tick(Point, Side, double) override {}

 private:
  const Canvas& like_;
};

}  // namespace imreg::chart

// The canvas of a terminal: places that hold a letter, or 2 x 4 dots (braille).
#pragma once

#include <string>

#include "chart/canvas.h"
#include "imreg/chart.h"

namespace imreg::chart {

/// The unit is a dot: half a place across, a quarter of one down, so that dots are about as wide as high.
class TextCanvas final : public Canvas {
 public:
  explicit TextCanvas(const Terminal& terminal);
  const Metrics& metrics() const override { return metrics_; }
  Extent measure(std::string_view text, Font font) const override;
  void text(Point at, std::string_view text, Font font, Anchor anchor, Colour colour, bool upward) override;
  void polyline(std::span<const Point> points, const Stroke& stroke) override;
  void polygon(std::span<const Point> points, Colour fill) override;
  void shade(const Box& box, int step) override;
  void symbols(std::span<const Point> points, Symbol symbol, double radius, Colour colour) override;
  void image(const Box& box, const Image& image) override;
  void rule(Point from, Point to, Colour colour) override;
  void tick(Point at, Side side, double length) override;
  /// All lines, without blanks at their ends.
  std::string lines() const;

 private:
  struct Place {
    std::string letter{};    ///< what stands here; empty: dots or frame
    std::uint8_t dots = 0;   ///< as in U+2800 + dots
    std::uint8_t frame = 0;  ///< lines to the north 1, east 2, south 4, west 8
    bool covered = false;    ///< the second half of a wide letter
    int ansi = -1;
  };
  Place* place(double x, double y);
  void dot(double x, double y, Colour colour, char letter);
  void put(Place* place, std::string_view letter, int ansi);
  std::string shown(const Place& place) const;
  std::string_view shade_letter(int step) const;

  Terminal terminal_;
  Metrics metrics_;
  std::vector<Place> places_;
};

}  // namespace imreg::chart

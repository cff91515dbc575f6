// What pictures are drawn on: a sheet of pixels, an SVG, the places of a terminal, or a recorder in a test. The layout asks the
// canvas for the sizes of its texts and never for what it is. x grows to the right, y downwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace imreg::chart {

struct Point {
  double x = 0, y = 0;
};

struct Extent {
  double width = 0, height = 0;
};

struct Box {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;  ///< x0 <= x1, y0 <= y1
  double width() const { return x1 - x0; }
  double height() const { return y1 - y0; }
  bool overlaps(const Box& other) const { return x0 < other.x1 && other.x0 < x1 && y0 < other.y1 && other.y0 < y1; }
};

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  int ansi = -1;  ///< on a terminal: 0..15; -1: its own colour
  bool operator==(const Colour&) const = default;
};

inline constexpr Colour kInk{30, 30, 30}, kFrame{70, 70, 70}, kFaint{100, 100, 100}, kGrid{226, 226, 226},
    kPaper{255, 255, 255};

enum class Font { title, label, tick, note };

/// Which point of a text's box is put where it is asked for: 0 left or top, 0.5 middle, 1 right or bottom.
struct Anchor {
  double across = 0, down = 0;
};

struct Stroke {
  Colour colour = kInk;
  double width = 1;
  int dash = 0;     ///< 0: drawn through; else one of kDashes patterns
  char letter = 0;  ///< on a terminal: the sign that tells this line from others; 0: dots will do
};
inline constexpr int kDashes = 4, kDotted = 2;

/// The signs of series. They differ in shape, so that they can be told apart without colours.
enum class Symbol { dot, circle, square, triangle, diamond, plus, cross, triangle_down, star };
inline constexpr int kSymbols = 8;  ///< without the dot

/// Rows from the top. Weight 0 is transparent; else 1..256 steps along the ramp (palette.h).
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint16_t> steps;
};

enum class Side { left, bottom, right };

/// What a canvas wants of the layout; all lengths in its own unit.
struct Metrics {
  Extent size;
  double pad = 12;                 ///< at the rim and between parts
  double gap = 5;                  ///< between a tick and its label, between labels and title
  double apart = 10;               ///< between the labels of two ticks, at least
  double tick = 5;                 ///< length of a tick outside the frame
  Extent frame{};                  ///< what the frame takes outside the area of the data
  Extent grain{1, 1};              ///< the smallest part that can have a shade of its own
  double inset = 0;                ///< the last place is this far from the end
  double line = 1.4, symbol = 3;   ///< width of lines, radius of symbols
  std::size_t most_marks = 20000;  ///< more points than this are drawn as their density
  bool upward_text = true;         ///< can write from below to above
  bool characters = false;         ///< a terminal
};

inline Point tick_end(Point at, Side side, double length) {
  if (side == Side::bottom) return {at.x, at.y + length};
  return {side == Side::left ? at.x - length : at.x + length, at.y};
}

class Canvas {
 public:
  virtual ~Canvas() = default;
  virtual const Metrics& metrics() const = 0;
  /// Of one line.
  virtual Extent measure(std::string_view text, Font font) const = 0;
  virtual void text(Point at, std::string_view text, Font font, Anchor anchor, Colour colour = kInk,
                    bool upward = false) = 0;
  virtual void polyline(std::span<const Point> points, const Stroke& stroke) = 0;
  virtual void polygon(std::span<const Point> points, Colour fill) = 0;
  /// Filled with a colour of the ramp, step 1..256; 0: "no value".
  virtual void shade(const Box& box, int step) = 0;
  virtual void symbols(std::span<const Point> points, Symbol symbol, double radius, Colour colour) = 0;
  virtual void image(const Box& box, const Image& image) = 0;
  /// A line of a frame, along x or along y.
  virtual void rule(Point from, Point to, Colour colour = kFrame) = 0;
  /// A tick at this point of a frame's line, outwards.
  virtual void tick(Point at, Side side, double length) = 0;
};

}  // namespace imreg::chart

// Pictures of letters.
#include "chart/text_canvas.h"

#include <algorithm>
#include <cmath>

#include "chart/palette.h"
#include "chart/text_tools.h"

namespace imreg::chart {
namespace {

constexpr std::string_view kLines[16] = {" ", "│", "─", "└", "│", "│", "┌", "├",
                                         "─", "┘", "─", "┴", "┐", "┤", "┬", "┼"};
constexpr std::string_view kShades[] = {"░", "▒", "▓", "█"};
constexpr std::string_view kAsciiShades[] = {".", ":", "-", "=", "+", "*", "%", "@"};

std::string braille(std::uint8_t dots) {
  // U+2800 + dots in UTF-8.
  return {static_cast<char>(0xe2), static_cast<char>(0xa0 | dots >> 6), static_cast<char>(0x80 | (dots & 0x3f))};
}

}  // namespace

TextCanvas::TextCanvas(const Terminal& terminal) : terminal_(terminal) {
  metrics_.size = {2.0 * terminal.columns, 4.0 * terminal.rows};
  metrics_.pad = 0;
  metrics_.gap = 0;
  metrics_.apart = 4;
  metrics_.tick = 0;
  metrics_.frame = {2, 4};
  metrics_.grain = {2, 4};
  metrics_.inset = 1;
  metrics_.line = 1;
  metrics_.symbol = 1;
  const auto count = static_cast<std::size_t>(terminal.columns) * static_cast<std::size_t>(terminal.rows);
  metrics_.most_marks = 2 * count;
  metrics_.upward_text = false;
  metrics_.characters = true;
  places_.resize(count);
}

Extent TextCanvas::measure(std::string_view text, Font) const {
  double width = 0;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    // Where only ASCII is written, every other letter becomes one "?".
    width += terminal_.style == TerminalStyle::ascii ? 1 : places(letter.code);
    text.remove_prefix(letter.bytes);
  }
  return {2 * width, 4};
}

TextCanvas::Place* TextCanvas::place(double x, double y) {
  const double column = std::floor(x / 2), row = std::floor(y / 4);
  if (!(column >= 0 && row >= 0 && column < terminal_.columns && row < terminal_.rows)) return nullptr;
  return &places_[static_cast<std::size_t>(row) * static_cast<std::size_t>(terminal_.columns) +
                  static_cast<std::size_t>(column)];
}

void TextCanvas::put(Place* place, std::string_view letter, int ansi) {
  if (place == nullptr) return;
  *place = {};
  place->letter = letter;
  place->ansi = ansi;
}

void TextCanvas::text(Point at, std::string_view text, Font font, Anchor anchor, Colour colour, bool) {
  const Extent size = measure(text, font);
  const double columns = terminal_.columns;
  double column = std::round((at.x - anchor.across * size.width) / 2);
  column = std::max(0.0, std::min(column, columns - size.width / 2));
  const double row = anchor.down == 0.5 ? std::floor(at.y / 4) : std::round((at.y - anchor.down * 4) / 4);
  Place* last = nullptr;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    const bool ascii = terminal_.style == TerminalStyle::ascii;
    const int width = ascii ? 1 : places(letter.code);
    const std::string_view shown = ascii && letter.code > 0x7e ? "?" : text.substr(0, letter.bytes);
    if (width == 0) {
      if (last != nullptr) last->letter += shown;
    } else if (column + width <= columns) {
      last = place(column * 2, row * 4);
      put(last, shown, colour.ansi);
      if (width == 2) {
        if (Place* second = place(column * 2 + 2, row * 4)) {
          *second = {};
          second->covered = true;
        }
      }
    }
    column += width;
    text.remove_prefix(letter.bytes);
  }
}

void TextCanvas::dot(double x, double y, Colour colour, char letter) {
  Place* at = place(x, y);
  if (at == nullptr || !at->letter.empty() || at->covered) return;
  if (terminal_.style == TerminalStyle::ascii) {
    put(at, std::string_view(letter != 0 ? &letter : "*", 1), colour.ansi);
    return;
  }
  constexpr std::uint8_t kBits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
  at->dots |= kBits[static_cast<int>(std::floor(y)) & 3][static_cast<int>(std::floor(x)) & 1];
  at->frame = 0;
  at->ansi = colour.ansi;
}

void TextCanvas::polyline(std::span<const Point> points, const Stroke& stroke) {
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const Point a = points[i], b = points[i + 1];
    // Longer than the screen it cannot be: callers clip.
    const double steps = std::min(std::ceil(std::max(std::abs(b.x - a.x), std::abs(b.y - a.y))), 1e5);
    for (double k = 0; k <= steps; ++k) {
      const double t = steps == 0 ? 0 : k / steps;
      if (stroke.dash == kDotted && static_cast<int>(k) % 3 != 0) continue;
      dot(a.x + t * (b.x - a.x), a.y + t * (b.y - a.y), stroke.colour, stroke.letter);
    }
  }
}

void TextCanvas::polygon(std::span<const Point> points, Colour fill) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const auto& point : points) {
    low = std::min(low, point.y);
    high = std::max(high, point.y);
  }
  low = std::max(std::floor(low), 0.0);
  high = std::min(high, metrics_.size.height);
  std::vector<double> crossings;
  for (double y = low; y <= high; ++y) {
    crossings.clear();
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Point a = points[i], b = points[(i + 1) % points.size()];
      const double middle = y + 0.5;
      if ((a.y <= middle) != (b.y <= middle)) crossings.push_back(a.x + (middle - a.y) / (b.y - a.y) * (b.x - a.x));
    }
    std::sort(crossings.begin(), crossings.end());
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
      // Something that is there is seen: a dot at least.
      const double from = std::round(crossings[i]), to = std::max(from + 1, std::round(crossings[i + 1]));
      for (double x = from; x < to; ++x) dot(x, y, fill, '#');
    }
  }
}

std::string_view TextCanvas::shade_letter(int step) const {
  const bool ascii = terminal_.style == TerminalStyle::ascii;
  const int count = ascii ? static_cast<int>(std::size(kAsciiShades)) : static_cast<int>(std::size(kShades));
  const int level = std::clamp((step - 1) * count / kRamp, 0, count - 1);
  return ascii ? kAsciiShades[level] : kShades[level];
}

void TextCanvas::shade(const Box& box, int step) {
  for (double y = std::round(box.y0 / 4); y < std::round(box.y1 / 4); ++y) {
    for (double x = std::round(box.x0 / 2); x < std::round(box.x1 / 2); ++x)
      put(place(2 * x, 4 * y), step == 0 ? "?" : shade_letter(step), -1);
  }
}

void TextCanvas::symbols(std::span<const Point> points, Symbol symbol, double, Colour colour) {
  const char letter = letter_of(symbol);
  for (const auto& at : points) {
    if (symbol == Symbol::dot) {
      dot(at.x, at.y, colour, 0);
    } else {
      put(place(at.x, at.y), std::string_view(&letter, 1), colour.ansi);
    }
  }
}

void TextCanvas::image(const Box& box, const Image& image) {
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const int step =
          image
              .steps[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x)];
      if (step != 0) put(place(box.x0 + 2 * x + 0.5, box.y0 + 4 * y + 0.5), shade_letter(step), -1);
    }
  }
}

void TextCanvas::rule(Point from, Point to, Colour) {
  const bool across = std::floor(from.y / 4) == std::floor(to.y / 4);
  const double a = across ? std::floor(from.x / 2) : std::floor(from.y / 4),
               b = across ? std::floor(to.x / 2) : std::floor(to.y / 4);
  for (double k = std::min(a, b); k <= std::max(a, b); ++k) {
    Place* at = across ? place(2 * k, from.y) : place(from.x, 4 * k);
    if (at == nullptr || !at->letter.empty()) continue;
    if (k > std::min(a, b)) at->frame |= across ? 8 : 1;
    if (k < std::max(a, b)) at->frame |= across ? 2 : 4;
  }
}

void TextCanvas::tick(Point at, Side side, double) {
  Place* here = place(at.x, at.y);
  if (here != nullptr && here->letter.empty()) here->frame |= side == Side::left ? 8 : side == Side::bottom ? 4 : 2;
}

std::string TextCanvas::shown(const Place& at) const {
  if (!at.letter.empty()) return at.letter;
  if (at.dots != 0) return braille(at.dots);
  if (at.frame == 0) return " ";
  if (terminal_.style != TerminalStyle::ascii) return std::string(kLines[at.frame]);
  const bool across = (at.frame & 10) != 0, down = (at.frame & 5) != 0;
  return across && down ? "+" : across ? "-" : "|";
}

std::string TextCanvas::lines() const {
  std::string out;
  for (std::size_t row = 0; row < static_cast<std::size_t>(terminal_.rows); ++row) {
    const Place* all = &places_[row * static_cast<std::size_t>(terminal_.columns)];
    auto end = static_cast<std::size_t>(terminal_.columns);
    while (end > 0 && !all[end - 1].covered && shown(all[end - 1]) == " ") --end;
    int ansi = -1;
    for (std::size_t i = 0; i < end; ++i) {
      if (all[i].covered) continue;
      const std::string letter = shown(all[i]);
      const int wanted = terminal_.colour && letter != " " ? all[i].ansi : letter == " " ? ansi : -1;
      if (wanted != ansi)
        out += wanted < 0 ? "\x1b[39m" : "\x1b[" + std::to_string(wanted < 8 ? 30 + wanted : 82 + wanted) + "m";
      ansi = wanted;
      out += letter;
    }
    if (ansi >= 0) out += "\x1b[39m";
    out += '\n';
  }
  return out;
}

}  // namespace imreg::chart

// Legends, and what they must not cover.
#include "chart/legend.h"

#include <algorithm>
#include <cmath>

#include "chart/path.h"
#include "chart/series.h"
#include "chart/survey.h"
#include "chart/text_tools.h"

namespace imreg::chart {

Legend::Legend(const Canvas& canvas, const Plot& plot, bool skip_points) {
  const Metrics& m = canvas.metrics();
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const auto& one = plot.series[i];
    const bool told = one.like && plot.series[*one.like].name == one.name;
    if (one.name.empty() || (skip_points ? as_points(one) : told)) continue;
    Entry entry{safe_text(one.name), look_in(canvas, plot, i), one.mark, {}, {}};
    for (std::size_t k = 0; k < plot.series.size(); ++k) {
      if (plot.series[k].like == i && plot.series[k].name == one.name) entry.curve = look_in(canvas, plot, k);
    }
    entries_.push_back(std::move(entry));
  }
  wanted_ = plot.legend && entries_.size() > 1;
  row_ = canvas.measure("X", Font::tick).height * (m.characters ? 1 : 1.1);
  sample_ = m.characters ? 4 : 9 * m.symbol;
  gap_ = m.characters ? 4 : m.pad;
}

bool Legend::fit(const Canvas& canvas, Extent room) {
  placed_.clear();
  size_ = {};
  const int rows = static_cast<int>(room.height / row_);
  if (rows < 1 || room.width < sample_ + canvas.measure("XXXX", Font::tick).width) return false;
  double widest = 0;
  for (auto& entry : entries_) {
    // A long name takes several lines, an endless one ends with "...".
    entry.lines = wrap(canvas, entry.name, Font::tick, room.width - sample_, std::min(4, rows));
    for (const auto& line : entry.lines) widest = std::max(widest, canvas.measure(line, Font::tick).width);
  }
  // The line that counts those that are missing may be wider than all names, where names are missing.
  missing_ = "and " + std::to_string(entries_.size()) + " more";
  if (entries_.size() > 12)
    widest = std::min(std::max(widest, canvas.measure(missing_, Font::tick).width), room.width - sample_);
  const double column_width = sample_ + widest + gap_;
  const int columns = std::max(1, static_cast<int>((room.width + gap_) / column_width));
  int lines = 0;
  for (const auto& entry : entries_) lines += static_cast<int>(entry.lines.size());
  // Columns of equal height, as low as they can be.
  int height = std::min(rows, (lines + columns - 1) / columns);
  for (;; ++height) {
    placed_.clear();
    int column = 0, row = 0, highest = 0;
    std::size_t next = 0;
    for (; next < entries_.size(); ++next) {
      const int need = static_cast<int>(entries_[next].lines.size());
      if (row + need > height) {
        ++column;
        row = 0;
      }
      if (column >= columns || need > height) break;
      placed_.push_back({next, {column * column_width, row * row_}});
      row += need;
      highest = std::max(highest, row);
    }
    if (next < entries_.size() && height < rows) continue;
    if (next < entries_.size() && !placed_.empty()) {
      // The last name gives its place to the number of those that are missing.
      const auto left = entries_.size() - next + 1;
      missing_ = "and " + std::to_string(left) + " more";
      placed_.back().entry = entries_.size();
    }
    size_ = {(placed_.empty() ? 0 : placed_.back().at.x) + sample_ + widest, highest * row_};
    return next == entries_.size();
  }
}

void Legend::draw(Canvas& canvas, Point corner) const {
  const Metrics& m = canvas.metrics();
  for (const auto& placed : placed_) {
    const double x = corner.x + placed.at.x, y = corner.y + placed.at.y;
    const bool counts = placed.entry == entries_.size();
    if (!counts) {
      const Entry& entry = entries_[placed.entry];
      const Point middle{x + (m.characters ? 0.5 : sample_ / 2 - m.symbol / 2), y + row_ / 2};
      if ((entry.mark != Mark::points || entry.curve) && !m.characters) {
        const Point line[] = {{x, middle.y}, {x + sample_ - 2 * m.symbol, middle.y}};
        canvas.polyline(line, {entry.look.colour, m.line, (entry.curve ? *entry.curve : entry.look).dash});
      }
      if (entry.mark != Mark::curve || m.characters)
        canvas.symbols({&middle, 1}, entry.look.symbol, m.symbol, entry.look.colour);
    }
    double line_y = y;
    for (const auto& line : counts ? std::vector{missing_} : entries_[placed.entry].lines) {
      canvas.text({x + sample_, line_y + row_ / 2}, line, Font::tick, {0, 0.5});
      line_y += row_;
    }
  }
}

bool Obstacles::hit(const Box& box) const {
  for (const auto& one : boxes_) {
    if (one.overlaps(box)) return true;
  }
  for (auto [a, b] : lines_) {
    if (clip(box, a, b)) return true;
  }
  return false;
}

void Obstacles::polyline(std::span<const Point> points, const Stroke&) {
  for (std::size_t i = 0; i + 1 < points.size(); ++i) lines_.emplace_back(points[i], points[i + 1]);
}

void Obstacles::polygon(std::span<const Point> points, Colour) {
  Box box{points[0].x, points[0].y, points[0].x, points[0].y};
  for (const auto& p : points)
    box = {std::min(box.x0, p.x), std::min(box.y0, p.y), std::max(box.x1, p.x), std::max(box.y1, p.y)};
  boxes_.push_back(box);
}

void Obstacles::symbols(std::span<const Point> points, Symbol, double radius, Colour) {
  for (const auto& p : points) boxes_.push_back({p.x - radius, p.y - radius, p.x + radius, p.y + radius});
}

}  // namespace imreg::chart

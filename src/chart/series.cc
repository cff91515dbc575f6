// Points, lines, steps, bars and error bars.
#include "chart/series.h"

#include <algorithm>
#include <cmath>

#include "chart/path.h"
#include "chart/survey.h"

namespace imreg::chart {
namespace {

struct Brush {
  Canvas& canvas;
  const Plot& plot;
  const View& view;
  const Series& series;
  Look look;

  bool drawable(std::size_t i) const { return usable(series.x[i], plot.x.log) && usable(series.y[i], plot.y.log); }
  Point at(std::size_t i) const { return view(series.x[i], series.y[i]); }
  bool inside(Point p) const {
    // A hair of tolerance: a limit of the user is on the axis, whatever the rounding.
    return p.x >= view.area.x0 - 1e-6 && p.x <= view.area.x1 + 1e-6 && p.y >= view.area.y0 - 1e-6 &&
           p.y <= view.area.y1 + 1e-6;
  }
  Stroke stroke() const { return {look.colour, canvas.metrics().line, look.dash, look.letter}; }
};

double radius_of(const Canvas& canvas, const Plot& plot) {
  std::size_t marks = 0;
  for (const auto& one : plot.series) marks += as_points(one) ? one.x.size() : 0;
  const double full = canvas.metrics().symbol;
  return marks <= 300 ? full : marks <= 3000 ? 0.75 * full : 0.5 * full;
}

void draw_points(const Brush& b) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < b.series.x.size(); ++i) {
    if (!b.drawable(i)) continue;
    if (const Point p = b.at(i); b.inside(p)) points.push_back(p);
  }
  b.canvas.symbols(points, b.look.symbol, radius_of(b.canvas, b.plot), b.look.colour);
}

// Signs along a line, so that it can be followed without colours: at each value, about twelve when these are many.
void draw_signs(const Brush& b) {
  constexpr std::size_t kEach = 60;
  const std::size_t n = b.series.x.size(), step = n <= kEach ? 1 : n / 12;
  std::vector<Point> points;
  for (std::size_t i = (n - 1) % step / 2; i < n; i += step) {
    if (!b.drawable(i)) continue;
    if (const Point p = b.at(i); b.inside(p)) points.push_back(p);
  }
  b.canvas.symbols(points, b.look.symbol, b.canvas.metrics().symbol, b.look.colour);
}

void draw_path(const Brush& b, const Stroke& stroke) {
  const auto& s = b.series;
  Path path(b.canvas, b.view.area, stroke);
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    if (!b.drawable(i)) {
      path.end();
      continue;
    }
    path.add(b.at(i));
    if (s.mark == Mark::steps && i + 1 < s.x.size() && usable(s.x[i + 1], b.plot.x.log))
      path.add(b.view(s.x[i + 1], s.y[i]));
  }
}

// On paper of its own, so that it is seen on points of its colour; the paper of all curves lies below all of them.
void draw_curve(const Brush& b, bool paper) {
  const double line = 1.4 * b.canvas.metrics().line;
  if (!paper)
    draw_path(b, {b.look.colour, line, b.look.dash, b.look.letter});
  else if (!b.canvas.metrics().characters)
    draw_path(b, {kPaper, 3 * line});
}

void draw_line(const Brush& b, bool several) {
  const auto& s = b.series;
  draw_path(b, b.stroke());
  // A single value between two that are missing has no line: it is a point.
  std::vector<Point> alone;
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    const bool before = i > 0 && b.drawable(i - 1), after = i + 1 < s.x.size() && b.drawable(i + 1);
    if (before || after || !b.drawable(i)) continue;
    if (const Point p = b.at(i); b.inside(p)) alone.push_back(p);
  }
  if (!alone.empty()) b.canvas.symbols(alone, b.look.symbol, b.canvas.metrics().symbol, b.look.colour);
  if (several && !s.x.empty()) draw_signs(b);
}

// Bars as boxes within the area, those thinner than a pixel joined: the highest stands for all.
std::vector<Box> bar_boxes(const Brush& b, double base) {
  const auto& s = b.series;
  const Box& area = b.view.area;
  std::vector<Box> out;
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    const double end = bar_end(s, i);
    if (!usable(s.x[i], b.plot.x.log) || !usable(end, b.plot.x.log) || !usable(s.y[i], b.plot.y.log) || s.y[i] == 0)
      continue;
    const Point one = b.view(s.x[i], s.y[i]);
    const double other = b.view(end, s.y[i]).x;
    const double x0 = std::clamp(std::min(one.x, other), area.x0, area.x1),
                 x1 = std::clamp(std::max(one.x, other), area.x0, area.x1);
    if (x1 <= x0) continue;
    const double y = std::clamp(one.y, area.y0, area.y1);
    const Box next{x0, std::min(y, base), x1, std::max(y, base)};
    if (!out.empty() && next.x1 - out.back().x0 < 0.7 && next.x0 >= out.back().x0) {
      out.back() = {out.back().x0, std::min(out.back().y0, next.y0), next.x1, std::max(out.back().y1, next.y1)};
    } else {
      out.push_back(next);
    }
  }
  return out;
}

void draw_bars(const Brush& b, bool several) {
  const Box& area = b.view.area;
  const double base = b.plot.y.log ? area.y1 : std::clamp(b.view(b.view.x.low(), 0).y, area.y0, area.y1);
  const bool characters = b.canvas.metrics().characters;
  const auto boxes = bar_boxes(b, base);
  if (!several) {
    for (const auto& box : boxes) {
      const Point corners[] = {{box.x0, box.y1}, {box.x0, box.y0}, {box.x1, box.y0}, {box.x1, box.y1}};
      const bool thin = characters || box.width() < 4 * b.canvas.metrics().line;
      b.canvas.polygon(corners, thin ? b.look.colour : Colour{150, 178, 214, b.look.colour.ansi});
      if (!thin) b.canvas.polyline(corners, b.stroke());
    }
    return;
  }
  // Several are outlines, so that none hides another: one line over all bars that touch.
  std::vector<Point> outline, signs;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const Box& box = boxes[i];
    const double y = box.y0 < base ? box.y0 : box.y1;
    if (outline.empty()) outline.push_back({box.x0, base});
    outline.push_back({box.x0, y});
    outline.push_back({box.x1, y});
    if (i % std::max<std::size_t>(1, boxes.size() / 20) == 0) signs.push_back({(box.x0 + box.x1) / 2, y});
    if (i + 1 < boxes.size() && std::abs(boxes[i + 1].x0 - box.x1) < 1e-6) continue;
    outline.push_back({box.x1, base});
    b.canvas.polyline(outline, b.stroke());
    outline.clear();
  }
  b.canvas.symbols(signs, b.look.symbol, b.canvas.metrics().symbol, b.look.colour);
}

void draw_errors(const Brush& b) {
  const auto& s = b.series;
  const Box& area = b.view.area;
  const Stroke thin{b.look.colour, b.canvas.metrics().line * 0.7, 0, '|'};
  const double cap = 0.8 * b.canvas.metrics().symbol;
  const auto bar = [&](Point from, Point to, bool upright) {
    const Point a = from, z = to;
    if (!clip(area, from, to)) return;
    const Point line[] = {from, to};
    b.canvas.polyline(line, thin);
    if (b.canvas.metrics().characters) return;
    for (const auto& [end, wanted] : {std::pair{from, a}, std::pair{to, z}}) {
      // No cap where the bar goes on outside.
      if (end.x != wanted.x || end.y != wanted.y) continue;
      Point left = upright ? Point{end.x - cap, end.y} : Point{end.x, end.y - cap};
      Point right = upright ? Point{end.x + cap, end.y} : Point{end.x, end.y + cap};
      if (!clip(area, left, right)) continue;
      const Point across[] = {left, right};
      b.canvas.polyline(across, thin);
    }
  };
  // On a log axis a bar that goes to 0 or below leaves the picture.
  const auto end_of = [](double value, bool log, double low) { return log && value <= 0 ? low : value; };
  const double least_x = std::min(b.view.x.low(), b.view.x.high()), least_y = std::min(b.view.y.low(), b.view.y.high());
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    if (!b.drawable(i)) continue;
    if (!s.y_error.empty() && std::isfinite(s.y_error[i])) {
      const double e = std::abs(s.y_error[i]);
      bar(b.view(s.x[i], end_of(s.y[i] - e, b.plot.y.log, least_y * 0.5)), b.view(s.x[i], s.y[i] + e), true);
    }
    if (!s.x_error.empty() && std::isfinite(s.x_error[i])) {
      const double e = std::abs(s.x_error[i]);
      bar(b.view(end_of(s.x[i] - e, b.plot.x.log, least_x * 0.5), s.y[i]), b.view(s.x[i] + e, s.y[i]), false);
    }
  }
}

}  // namespace

Look look_in(const Canvas& canvas, const Plot& plot, std::size_t series) {
  const auto is_other_curve = [self = &plot.series[series]](const Series& one) {
    return one.mark == Mark::curve && &one != self;
  };
  // The only curve. Ends at the first other one: there may be 10,000.
  const bool alone =
      plot.series[series].mark == Mark::curve && std::none_of(plot.series.begin(), plot.series.end(), is_other_curve);
  if (plot.series[series].like) series = *plot.series[series].like;
  Look look = look_of(series);
  if (alone) look.dash = 0;
  if (plot.series.size() == 1) {
    look.dash = 0;
    // Alone it needs no letter: dots are finer. But among error bars they would not be seen.
    const auto& one = plot.series[series];
    if (canvas.metrics().characters && one.x_error.empty() && one.y_error.empty()) {
      look.symbol = Symbol::dot;
      look.letter = 0;
    }
  }
  return look;
}

void draw_series(Canvas& canvas, const Plot& plot, const View& view, bool skip_points) {
  const bool several = plot.series.size() > 1;
  // Bars lie behind, points before all but curves, whose paper would wipe out what is single.
  std::size_t points = 0;
  for (const auto& one : plot.series) points += as_points(one) ? one.x.size() : 0;
  constexpr std::size_t kSingle = 1000;
  for (const Mark layer : {Mark::bars, Mark::steps, Mark::points, Mark::curve}) {
    for (std::size_t i = 0; layer == Mark::curve && points > kSingle && i < plot.series.size(); ++i) {
      if (plot.series[i].mark == layer)
        draw_curve({canvas, plot, view, plot.series[i], look_in(canvas, plot, i)}, true);
    }
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
      const Series& series = plot.series[i];
      const Brush brush{canvas, plot, view, series, look_in(canvas, plot, i)};
      const bool line = series.mark == Mark::line || series.mark == Mark::steps;
      if (line ? layer != Mark::steps : layer != series.mark) continue;
      if (skip_points && as_points(series)) continue;
      if (series.x.size() <= canvas.metrics().most_marks) draw_errors(brush);
      if (series.mark == Mark::bars) {
        draw_bars(brush, several);
      } else if (series.mark == Mark::curve) {
        draw_curve(brush, false);
      } else if (line) {
        draw_line(brush, several);
      } else {
        draw_points(brush);
      }
    }
  }
}

}  // namespace imreg::chart

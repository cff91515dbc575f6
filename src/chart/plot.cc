// A plot: margins that grow with what stands in them, then the data, then the frame.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "chart/axis.h"
#include "chart/colour_bar.h"
#include "chart/density.h"
#include "chart/legend.h"
#include "chart/page.h"
#include "chart/pictures.h"
#include "chart/series.h"
#include "chart/survey.h"
#include "chart/text_tools.h"

namespace imreg::chart {
namespace {

struct Layout {
  View view;
  Ticks x_ticks, y_ticks;
  std::vector<std::string> x_title, y_title;
};

// The area is what the labels leave, and the labels depend on the area: settled after a few rounds.
Layout lay_out(const Canvas& canvas, const Plot& plot, const Scale& x, const Scale& y, const Box& inside) {
  const Metrics& m = canvas.metrics();
  Layout out{{inside, x, y, m.inset}, {}, {}, {}, {}};
  const double row = canvas.measure("X", Font::label).height;
  for (int round = 0; round < 4; ++round) {
    Box& area = out.view.area;
    const double width = std::max(area.width(), 1.0), height = std::max(area.height(), 1.0);
    out.x_ticks = fit_ticks(canvas, plot.x, x, width, false);
    out.y_ticks = fit_ticks(canvas, plot.y, y, height, true);
    const int lines = m.characters ? 1 : 3;
    out.x_title = wrap(canvas, axis_title(plot.x, out.x_ticks), Font::label, inside.width(), lines);
    const double x_title = static_cast<double>(out.x_title.size()) * row + (out.x_title.empty() ? 0 : m.gap);
    const double below = labels_room(canvas, out.x_ticks, false) + x_title;
    out.y_title = wrap(canvas, axis_title(plot.y, out.y_ticks), Font::label,
                       m.upward_text ? inside.height() - below : inside.width(), lines);
    const double y_title = static_cast<double>(out.y_title.size()) * row + (out.y_title.empty() ? 0 : m.gap);
    const Overhang over = overhang(canvas, out.x_ticks, x, width);
    const double left = labels_room(canvas, out.y_ticks, true) + (m.upward_text ? y_title : 0);
    const double half = m.upward_text ? canvas.measure("0", Font::tick).height / 2 : 0;
    area = {inside.x0 + std::max(left, over.left), inside.y0 + std::max(half, m.upward_text ? 0 : y_title),
            inside.x1 - over.right, inside.y1 - below};
    // Whole pixels, or places: an image has sharp edges there.
    area = {std::ceil(area.x0 / m.grain.width) * m.grain.width, std::ceil(area.y0 / m.grain.height) * m.grain.height,
            std::floor(area.x1 / m.grain.width) * m.grain.width, std::floor(area.y1 / m.grain.height) * m.grain.height};
  }
  return out;
}

void draw_frame(Canvas& canvas, const Layout& layout, const Box& inside) {
  const Metrics& m = canvas.metrics();
  const Box& area = layout.view.area;
  const double left = area.x0 - m.frame.width / 2, bottom = area.y1 + m.frame.height / 2;
  canvas.rule({left, area.y0}, {left, bottom});
  canvas.rule({left, bottom}, {area.x1, bottom});
  if (!m.characters) {
    canvas.rule({left, area.y0}, {area.x1, area.y0});
    canvas.rule({area.x1, area.y0}, {area.x1, bottom});
  }
  draw_ticks(canvas, layout.x_ticks, layout.view.x, area, Side::bottom);
  draw_ticks(canvas, layout.y_ticks, layout.view.y, area, Side::left);
  const double row = canvas.measure("X", Font::label).height;
  double y = area.y1 + labels_room(canvas, layout.x_ticks, false) + m.gap;
  for (const auto& line : layout.x_title) {
    const double half = canvas.measure(line, Font::label).width / 2;
    canvas.text(
        {std::clamp((area.x0 + area.x1) / 2, inside.x0 + half, std::max(inside.x0 + half, inside.x1 - half)), y}, line,
        Font::label, {0.5, 0});
    y += row;
  }
  double at = m.upward_text ? inside.x0 : inside.y0;
  for (const auto& line : layout.y_title) {
    if (m.upward_text) {
      const double half = canvas.measure(line, Font::label).width / 2;
      canvas.text({at, std::max((area.y0 + area.y1) / 2, inside.y0 + half)}, line, Font::label, {0, 0.5}, kInk, true);
    } else {
      canvas.text({inside.x0, at}, line, Font::label, {0, 0});
    }
    at += row;
  }
}

Status room_for_data(const Canvas& canvas, const Layout& layout) {
  const Extent grain = canvas.metrics().grain;
  const double least = canvas.metrics().characters ? 2 : 40, wide = canvas.metrics().characters ? 4 : 2;
  const bool enough =
      layout.view.area.width() >= wide * least * grain.width && layout.view.area.height() >= least * grain.height;
  return enough ? Status() : no_room(canvas);
}

// What a reader could not know: points of several series became one density; error bars that are left out.
std::string merged_note(const Plot& plot, bool many, std::size_t most) {
  std::size_t merged = 0, without_errors = 0, blots = 0;
  for (const auto& one : plot.series) {
    const bool dense = many && as_points(one);
    merged += dense;
    blots += dense && one.mark != Mark::points;
    const bool errors = !one.x_error.empty() || !one.y_error.empty();
    without_errors += errors && (one.x.size() > most || dense);
  }
  std::string out = merged > 1 ? std::to_string(merged) + " series are drawn together as their density" : "";
  if (blots > 0)
    out += (out.empty() ? "" : "; ") + counted(static_cast<long long>(blots), "line") + " to and fro drawn as density";
  if (without_errors > 0) out += (out.empty() ? "" : "; ") + std::string("too many points for their error bars");
  return out;
}

// A corner, or the middle of the upper or lower edge, where the legend hides nothing.
std::optional<Point> place_inside(const Canvas& canvas, const Plot& plot, const Layout& layout, Legend& legend,
                                  bool many) {
  if (many) return {};  // the density may be everywhere
  const Metrics& m = canvas.metrics();
  const Box& area = layout.view.area;
  if (!legend.fit(canvas, {0.42 * area.width(), 0.5 * area.height()})) return {};
  Obstacles data(canvas);
  draw_series(data, plot, layout.view, many);
  const Extent size = legend.size();
  const double x_rim = m.characters ? 2 : m.pad, y_rim = m.characters ? 0 : m.pad;
  const double left = area.x0 + x_rim, right = area.x1 - x_rim - size.width, middle = (left + right) / 2;
  const double top = area.y0 + y_rim, bottom = area.y1 - y_rim - size.height;
  for (const Point at : {Point{right, top}, Point{left, top}, Point{right, bottom}, Point{left, bottom},
                         Point{middle, top}, Point{middle, bottom}}) {
    // Whole places of a terminal.
    const Point corner = m.characters ? Point{std::floor(at.x / 2) * 2, std::ceil(at.y / 4) * 4} : at;
    if (!data.hit({corner.x - x_rim / 2, corner.y - y_rim / 2, corner.x + size.width + x_rim / 2,
                   corner.y + size.height + y_rim / 2}))
      return corner;
  }
  return {};
}

// At the right, or below when it is wide there; `inside` becomes what is left.
Point place_outside(const Canvas& canvas, Box& inside, Legend& legend) {
  const Metrics& m = canvas.metrics();
  const double gap_x = m.characters ? 4 : m.pad, gap_y = m.characters ? 0 : m.pad;
  if (legend.fit(canvas, {0.3 * inside.width(), 0.9 * inside.height()})) {
    inside.x1 -= legend.size().width + gap_x;
    return {inside.x1 + gap_x, inside.y0 + gap_y};
  }
  legend.fit(canvas, {inside.width(), 0.3 * inside.height()});
  inside.y1 -= legend.size().height + gap_y;
  return {inside.x0, inside.y1 + gap_y};
}

}  // namespace

Status draw(const Plot& plot, Canvas& canvas) {
  IMREG_TRY(check(plot));
  const Survey found = survey(plot);
  if (found.total == 0) return Status(Code::not_found, "nothing to draw: the plot has no points");
  if (found.shown == 0 && !found.curve) return Status(Code::not_found, "nothing to draw: " + left_out(found));
  const Metrics& m = canvas.metrics();
  const bool many = found.marks > m.most_marks;
  std::vector<std::string> notes = plot.notes;
  for (const auto& note : {left_out(found), merged_note(plot, many, m.most_marks)}) {
    if (!note.empty()) notes.push_back(note);
  }
  if (many && m.characters) notes.push_back("shades: points per place");
  constexpr std::ptrdiff_t kToldApart = 12;
  const auto looks = std::count_if(plot.series.begin(), plot.series.end(),
                                   [&](const Series& one) { return !one.like && !(many && as_points(one)); });
  if (looks > kToldApart)
    notes.push_back(std::to_string(looks) + " series: colours and symbols are hard to tell apart");
  const auto is_dense = [&](const Series& one) { return many && as_points(one); };
  const auto all = std::ssize(plot.series), dense = std::count_if(plot.series.begin(), plot.series.end(), is_dense);
  const bool merged = dense > 1 && dense == all;
  const Page page(canvas, plot.title + (merged && !plot.by.empty() ? ", all together" : plot.by), notes);
  const Scale x = scale_of(plot.x, found.x, false), y = scale_of(plot.y, found.y, found.from_zero);

  // From the right: the legend, when it finds no place within, the colour bar, the area with its numbers.
  const double bar_room =
      many ? ColourBar(canvas, count_scale(1000000), "points per pixel", page.inside().height(), true).width() : 0;
  Box outer = page.inside(), inside = outer;
  inside.x1 -= bar_room;
  Layout layout = lay_out(canvas, plot, x, y, inside);
  IMREG_TRY(room_for_data(canvas, layout));
  Legend legend(canvas, plot, many);
  std::optional<Point> corner;
  if (legend.wanted()) {
    corner = place_inside(canvas, plot, layout, legend, many);
    if (!corner) {
      corner = place_outside(canvas, outer, legend);
      inside = outer;
      inside.x1 -= bar_room;
      layout = lay_out(canvas, plot, x, y, inside);
      IMREG_TRY(room_for_data(canvas, layout));
    }
  }
  const Box& area = layout.view.area;
  if (many) {
    Density density(static_cast<int>(area.width() / m.grain.width), static_cast<int>(area.height() / m.grain.height));
    for (const auto& series : plot.series) {
      if (as_points(series)) density.add(series.x, series.y, x, y);
    }
    const Scale counts = count_scale(density.most());
    constexpr std::size_t kSparse = 300000;
    if (!m.characters && found.marks < kSparse) density.grow();
    canvas.image(area, to_image(density, counts));
    ColourBar(canvas, counts, "points per pixel", area.height(), true)
        .draw(canvas, {area.x1, area.y0, area.x1 + bar_room, area.y1});
  }
  draw_series(canvas, plot, layout.view, many);
  draw_frame(canvas, layout, inside);
  if (corner) legend.draw(canvas, *corner);
  page.draw(canvas);
  return {};
}

}  // namespace imreg::chart

// A plot: margins that grow with what stands in them, then the data, then the frame.
#include <algorithm>

#include "chart/axis.h"
#include "chart/density.h"
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
    out.y_title = wrap(canvas, axis_title(plot.y, out.y_ticks), Font::label, m.upward_text ? inside.height() : inside.width(), lines);
    const double y_title = static_cast<double>(out.y_title.size()) * row + (out.y_title.empty() ? 0 : m.gap);
    const double x_title = static_cast<double>(out.x_title.size()) * row + (out.x_title.empty() ? 0 : m.gap);
    const Overhang over = overhang(canvas, out.x_ticks, x, width);
    const double left = labels_room(canvas, out.y_ticks, true) + (m.upward_text ? y_title : 0);
    const double half = m.upward_text ? canvas.measure("0", Font::tick).height / 2 : 0;
    area = {inside.x0 + std::max(left, over.left), inside.y0 + std::max(half, m.upward_text ? 0 : y_title), inside.x1 - over.right,
            inside.y1 - labels_room(canvas, out.x_ticks, false) - x_title};
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
    canvas.text({std::clamp((area.x0 + area.x1) / 2, inside.x0 + half, std::max(inside.x0 + half, inside.x1 - half)), y}, line, Font::label,
                {0.5, 0});
    y += row;
  }
  double at = m.upward_text ? inside.x0 : inside.y0;
  for (const auto& line : layout.y_title) {
    if (m.upward_text) {
      const double half = canvas.measure(line, Font::label).width / 2;
      canvas.text({at, std::clamp((area.y0 + area.y1) / 2, inside.y0 + half, std::max(inside.y0 + half, inside.y1 - half))}, line,
                  Font::label, {0, 0.5}, kInk, true);
    } else {
      canvas.text({inside.x0, at}, line, Font::label, {0, 0});
    }
    at += row;
  }
}

}  // namespace

Status draw(const Plot& plot, Canvas& canvas) {
  IMREG_TRY(check(plot));
  const Survey found = survey(plot);
  if (found.total == 0) return Status(Code::invalid, "nothing to draw: the plot has no points");
  if (found.shown == 0) return Status(Code::invalid, "nothing to draw: " + left_out(found));
  const Metrics& m = canvas.metrics();
  std::vector<std::string> notes = plot.notes;
  if (const auto missing = left_out(found); !missing.empty()) notes.push_back(missing);
  const bool many = found.marks > m.most_marks;
  const Page page(canvas, plot.title, notes);
  const Scale x = scale_of(plot.x, found.x, false), y = scale_of(plot.y, found.y, found.from_zero);
  const Layout layout = lay_out(canvas, plot, x, y, page.inside());
  const Box& area = layout.view.area;
  if (area.width() < 8 * m.grain.width || area.height() < 2 * m.grain.height) return no_room(canvas);
  if (many) {
    Density density(static_cast<int>(area.width() / m.grain.width), static_cast<int>(area.height() / m.grain.height));
    for (const auto& series : plot.series) {
      if (series.mark == Mark::points) density.add(series.x, series.y, x, y);
    }
    canvas.image(area, to_image(density, count_scale(density.most())));
  }
  draw_series(canvas, plot, layout.view, many);
  draw_frame(canvas, layout, page.inside());
  page.draw(canvas);
  return {};
}

}  // namespace imreg::chart

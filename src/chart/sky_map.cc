// The whole sky in Aitoff's projection: hours to the left, degrees upwards.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "chart/colour_bar.h"
#include "chart/density.h"
#include "chart/legend.h"
#include "chart/page.h"
#include "chart/path.h"
#include "chart/pictures.h"
#include "chart/series.h"
#include "chart/text_tools.h"

namespace imreg::chart {
namespace {

constexpr double kRadian = std::numbers::pi / 180;

// Degrees east of the middle (-180..180) and declination to x -2..2 (to the left) and y -1..1.
Point aitoff(double east, double dec) {
  const double half = east * kRadian / 2, phi = dec * kRadian;
  const double c = std::acos(std::clamp(std::cos(phi) * std::cos(half), -1.0, 1.0));
  const double s = c == 0 ? 1 : std::sin(c) / c;
  const double unit = std::numbers::pi / 2;
  return {-2 * std::cos(phi) * std::sin(half) / s / unit, std::sin(phi) / s / unit};
}

// 12h is in the middle.
double east_of_middle(double ra) {
  const double turned = std::fmod(ra - 180, 360);
  return turned < -180 ? turned + 360 : turned > 180 ? turned - 360 : turned;
}

struct Globe {
  Box area;  ///< around the ellipse
  double inset = 0;
  Point operator()(double east, double dec) const {
    const Point p = aitoff(east, dec);
    return {area.x0 + (p.x + 2) / 4 * (area.width() - inset), area.y0 + (1 - p.y) / 2 * (area.height() - inset)};
  }
};

bool on_sky(double ra, double dec) { return std::isfinite(ra) && std::isfinite(dec) && std::abs(dec) <= 90; }

Globe globe_in(const Canvas& canvas, const Box& room) {
  // Twice as wide as high, in the middle.
  const double width = std::min(room.width(), 2 * room.height()), height = width / 2;
  const double x = (room.x0 + room.x1 - width) / 2, y = (room.y0 + room.y1 - height) / 2;
  return {{x, y, x + width, y + height}, canvas.metrics().inset};
}

// `letter`: of its lines in a terminal without dots.
void draw_graticule(Canvas& canvas, const Globe& globe, Colour colour, char letter) {
  const Metrics& m = canvas.metrics();
  const Stroke thin{m.characters ? kFaint : colour, m.line * 0.6, m.characters ? kDotted : 0, letter};
  std::vector<Point> line;
  for (int east = -120; east <= 120; east += 60) {
    line.clear();
    for (int dec = -90; dec <= 90; dec += 2) line.push_back(globe(east, dec));
    canvas.polyline(line, thin);
  }
  for (int dec = -60; dec <= 60; dec += 30) {
    line.clear();
    for (int east = -180; east <= 180; east += 3) line.push_back(globe(east, dec));
    canvas.polyline(line, thin);
  }
  line.clear();
  for (int step = 0; step <= 360; step += 2)
    line.push_back(step <= 180 ? globe(-180, step - 90) : globe(180, 270 - step));
  canvas.polyline(line, {kFrame, m.line * 0.8, 0, letter});
}

// Hours stand under the equator, degrees left of the rim. `covered`: there are shades under the hours.
void draw_numbers(Canvas& canvas, const Globe& globe, bool covered) {
  const Metrics& m = canvas.metrics();
  const double space = m.characters ? 2 : m.gap;
  const Extent text = canvas.measure("12h", Font::tick);
  const int dec_step = globe.area.height() / 6 > 1.2 * text.height ? 30 : 60;
  for (int dec = -60; dec <= 60; dec += dec_step) {
    if (dec == 0 || globe.area.height() < 5 * text.height) continue;
    Point at = globe(180, dec);
    canvas.text({at.x - space, at.y}, (dec > 0 ? "+" : "") + std::to_string(dec) + (m.characters ? "" : "\u00b0"),
                Font::tick, {1, dec > 0 ? 0.7 : 0.3});
  }
  const Point left = globe(180, 0), right = globe(-180, 0);
  canvas.text({left.x - space, left.y}, "24h", Font::tick, {1, 0.5});
  canvas.text({right.x + space, right.y}, "0h", Font::tick, {0, 0.5});
  const int hour_step = globe.area.width() / 6 > text.width + m.apart ? 4 : 12;
  for (int hour = hour_step; hour <= 20; hour += hour_step) {
    const Point at = globe((hour - 12) * 15, 0);
    const Point place{at.x + (m.characters ? 2 : m.gap), at.y + (m.characters ? 4 : m.gap / 2)};
    const std::string words = std::to_string(hour) + "h";
    if (covered && !m.characters) {
      const Extent size = canvas.measure(words, Font::note);
      const double rim = m.gap / 3;
      const Box box{place.x - rim, place.y - rim, place.x + size.width + rim, place.y + size.height + rim};
      canvas.polygon(std::array<Point, 4>{{{box.x0, box.y0}, {box.x1, box.y0}, {box.x1, box.y1}, {box.x0, box.y1}}},
                     {255, 255, 255});
    }
    canvas.text(place, words, Font::note, {0, 0});
  }
}

void draw_lines(Canvas& canvas, const Globe& globe, const Series& series, const Look& look) {
  Path path(canvas, {0, 0, canvas.metrics().size.width, canvas.metrics().size.height},
            {look.colour, canvas.metrics().line, look.dash, look.letter});
  double last = 0;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const double east = on_sky(series.x[i], series.y[i]) ? east_of_middle(series.x[i]) : 0;
    // Over the rim a line goes on at the other side: it is cut there.
    if (!on_sky(series.x[i], series.y[i]) || (i > 0 && std::abs(east - last) > 180)) path.end();
    if (on_sky(series.x[i], series.y[i])) path.add(globe(east, series.y[i]));
    last = east;
  }
}

}  // namespace

Status draw(const SkyMap& map, Canvas& canvas) {
  const Metrics& m = canvas.metrics();
  Plot plot{.series = map.series};  // for the checks and the legend
  std::size_t total = 0, shown = 0;
  for (const auto& one : map.series) {
    if (one.x.size() != one.y.size())
      return Status(Code::invalid, "series \"" + visible(one.name) + "\": " + std::to_string(one.x.size()) +
                                       " right ascensions, " + std::to_string(one.y.size()) + " declinations");
    total += one.x.size();
    for (std::size_t i = 0; i < one.x.size(); ++i) shown += on_sky(one.x[i], one.y[i]);
  }
  if (total == 0) return Status(Code::not_found, "nothing to draw: the map has no positions");
  const std::string missing = std::to_string(total - shown) + " of " +
                              counted(static_cast<long long>(total), "position") + " not drawn: unknown or |dec| > 90";
  if (shown == 0) return Status(Code::not_found, "nothing to draw: " + missing);
  std::vector<std::string> notes = map.notes;
  if (shown < total) notes.push_back(missing);
  const bool many = total > m.most_marks;
  if (many && m.characters) notes.push_back("shades: positions per place");
  const Page page(canvas, map.title, notes);
  Box inside = page.inside();
  Legend legend(canvas, plot, many);
  Point corner;
  if (legend.wanted()) {
    legend.fit(canvas, {inside.width(), 0.3 * inside.height()});
    inside.y1 -= legend.size().height + m.pad;
    corner = {(inside.x0 + inside.x1 - legend.size().width) / 2, inside.y1 + m.pad};
  }
  const double numbers = canvas.measure("+60\u00b0", Font::tick).width + (m.characters ? 2 : m.gap);
  const double half = m.characters ? 0 : canvas.measure("0", Font::tick).height / 2;  // of the bar's last number
  const double bar_room = many ? ColourBar(canvas, count_scale(1000000), "positions per pixel",
                                           std::min(inside.height(), inside.width() / 2), true)
                                     .width()
                               : 0;
  const Globe globe =
      globe_in(canvas, {inside.x0 + numbers, inside.y0 + half, inside.x1 - numbers - bar_room, inside.y1 - half});
  const Box& area = globe.area;
  if (area.width() < (m.characters ? 30 : 120)) return no_room(canvas);
  if (!many) draw_graticule(canvas, globe, {205, 205, 205}, '.');
  Density density(std::max(1, static_cast<int>(area.width() / m.grain.width)),
                  std::max(1, static_cast<int>(area.height() / m.grain.height)));
  for (std::size_t i = 0; i < map.series.size(); ++i) {
    const auto& one = map.series[i];
    const Look look = look_of(i);
    if (one.mark == Mark::line || one.mark == Mark::steps) draw_lines(canvas, globe, one, look);
    std::vector<Point> points;
    for (std::size_t k = 0; k < one.x.size(); ++k) {
      if (!on_sky(one.x[k], one.y[k])) continue;
      const Point at = globe(east_of_middle(one.x[k]), one.y[k]);
      if (many) {
        density.add_cell((at.x - area.x0) / m.grain.width, (at.y - area.y0) / m.grain.height);
      } else {
        points.push_back(at);
      }
    }
    canvas.symbols(points, look.symbol, m.symbol * (total > 1000 ? 0.6 : 1), look.colour);
  }
  if (many) {
    const Scale counts = count_scale(density.most());
    canvas.image(area, to_image(density, counts));
    // Over the density, which may be everywhere, and whose first shade is a dot.
    draw_graticule(canvas, globe, kFaint, ',');
    ColourBar(canvas, counts, "positions per pixel", area.height(), true)
        .draw(canvas, {area.x1 + numbers, area.y0, area.x1 + numbers + bar_room, area.y1});
  }
  draw_numbers(canvas, globe, many);
  if (legend.wanted()) legend.draw(canvas, corner);
  page.draw(canvas);
  return {};
}

}  // namespace imreg::chart

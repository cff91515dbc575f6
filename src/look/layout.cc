// DETSEC is right where it stands; a WCS may be off by some pixels, or be that of another image; the table only knows rows and columns.
// A rule that puts pieces onto each other, or far apart, is not believed.
#include "look/layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "sky/wcs.h"

namespace imreg::look {

namespace {

constexpr std::array<std::pair<LayoutRule, std::string_view>, 6> kNames = {{{LayoutRule::automatic, "auto"},
                                                                            {LayoutRule::detector, "detsec"},
                                                                            {LayoutRule::physical, "ltv"},
                                                                            {LayoutRule::sky, "wcs"},
                                                                            {LayoutRule::table, "table"},
                                                                            {LayoutRule::stack, "stack"}}};

// Moves all so that the lowest and leftmost pixel is 0; false: they overlap, or lie too far apart to be one picture.
bool settle(std::vector<Piece>& pieces, Mosaic& mosaic) {
  constexpr double kMostOverlap = 0.1, kMostEmpty = 8;  // of all pixels
  std::int64_t left = std::numeric_limits<std::int64_t>::max(), low = left,
               right = std::numeric_limits<std::int64_t>::min(), top = right;
  double area = 0;
  for (const auto& one : pieces) {
    left = std::min(left, one.place.x), right = std::max(right, one.place.x + one.box.width);
    low = std::min(low, one.place.y), top = std::max(top, one.place.y + one.box.height);
    area += static_cast<double>(one.box.pixels());
  }
  mosaic.width = right - left, mosaic.height = top - low;
  if (static_cast<double>(mosaic.width) * static_cast<double>(mosaic.height) > kMostEmpty * area) return false;
  for (auto& one : pieces) one.place.x -= left, one.place.y -= low;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const auto &a = pieces[i], &b = pieces[k];
      const auto wide = std::min(a.place.x + a.box.width, b.place.x + b.box.width) - std::max(a.place.x, b.place.x);
      const auto high = std::min(a.place.y + a.box.height, b.place.y + b.box.height) - std::max(a.place.y, b.place.y);
      if (wide <= 0 || high <= 0) continue;
      const auto smaller = static_cast<double>(std::min(a.box.pixels(), b.box.pixels()));
      if (static_cast<double>(wide) * static_cast<double>(high) > kMostOverlap * smaller) return false;
    }
  }
  return true;
}

// Pixels of the detector in one of the image: all pieces are binned alike.
bool by_detector(std::vector<Piece>& pieces, Mosaic& mosaic) {
  constexpr double kAlike = 0.02;
  double x_bin = 0, y_bin = 0;
  for (auto& one : pieces) {
    if (!one.detector || one.box.empty()) return false;
    const auto& s = *one.detector;
    if (std::max({std::abs(s.x1), std::abs(s.x2), std::abs(s.y1), std::abs(s.y2)}) >= Section::kEnd) return false;
    const double x = static_cast<double>(std::abs(s.x2 - s.x1) + 1) / static_cast<double>(one.box.width);
    const double y = static_cast<double>(std::abs(s.y2 - s.y1) + 1) / static_cast<double>(one.box.height);
    if (x_bin == 0) x_bin = x, y_bin = y;
    if (std::abs(x / x_bin - 1) > kAlike || std::abs(y / y_bin - 1) > kAlike) return false;
  }
  for (auto& one : pieces) {
    const auto& s = *one.detector;
    one.place = {std::llround(static_cast<double>(std::min(s.x1, s.x2) - 1) / x_bin),
                 std::llround(static_cast<double>(std::min(s.y1, s.y2) - 1) / y_bin), s.flip_x(), s.flip_y()};
  }
  return settle(pieces, mosaic);
}

// x of the image = LTM1_1 * x of the CCD + LTV1: pieces of one CCD, amplifiers or windows.
bool by_physical(std::vector<Piece>& pieces, Mosaic& mosaic) {
  constexpr double kAlike = 0.02;
  double x_scale = 0, y_scale = 0;
  for (auto& one : pieces) {
    const Header& header = one.hdu->header;
    const auto x_offset = header.number_of("LTV1"), y_offset = header.number_of("LTV2");
    if (!x_offset || !y_offset) return false;
    const double x_step = header.number_of("LTM1_1").value_or(1), y_step = header.number_of("LTM2_2").value_or(1);
    const double across = header.number_of("LTM1_2").value_or(0), along = header.number_of("LTM2_1").value_or(0);
    if (across != 0 || along != 0 || x_step == 0 || y_step == 0) return false;
    if (x_scale == 0) x_scale = std::abs(x_step), y_scale = std::abs(y_step);
    if (!(std::abs(std::abs(x_step) / x_scale - 1) < kAlike) || !(std::abs(std::abs(y_step) / y_scale - 1) < kAlike))
      return false;
    // The left edge of the box; of one that is turned, its right edge is the lower one. Pixels of the image, not of the CCD.
    const auto place = [](double offset, double step, double scale, std::int64_t from, std::int64_t size) {
      const auto end = static_cast<double>(step < 0 ? from + size : from);
      return ((end + 0.5 - offset) / step - 0.5) * scale;
    };
    const double x = place(*x_offset, x_step, x_scale, one.box.x, one.box.width);
    const double y = place(*y_offset, y_step, y_scale, one.box.y, one.box.height);
    if (!(std::abs(x) < 1e6) || !(std::abs(y) < 1e6)) return false;
    one.place = {std::llround(x), std::llround(y), x_step < 0, y_step < 0};
  }
  return settle(pieces, mosaic);
}

struct Point {
  double x = 0, y = 0;
};
// Onto the plane that touches the sphere at `centre`: standard coordinates, degrees.
std::optional<Point> on_plane(const SkyPosition& centre, const SkyPosition& at) {
  constexpr double kDegree = std::numbers::pi / 180;
  const double d0 = centre.dec * kDegree, d = at.dec * kDegree, a = (at.ra - centre.ra) * kDegree;
  const double c = std::sin(d0) * std::sin(d) + std::cos(d0) * std::cos(d) * std::cos(a);
  if (c < 0.1) return {};
  return Point{std::cos(d) * std::sin(a) / c / kDegree,
               (std::cos(d0) * std::sin(d) - std::sin(d0) * std::cos(d) * std::cos(a)) / c / kDegree};
}

}  // namespace

bool place_by_sky(std::vector<Piece>& pieces) {
  constexpr double kStep = 100;  // pixels
  std::optional<SkyPosition> centre;
  double a = 0, b = 0, c = 0, d = 0;  // of the first piece: degrees of the plane for a pixel in x and in y
  std::map<const Hdu*, std::string> texts;
  for (auto& one : pieces) {
    auto& text = texts[one.hdu];
    if (text.empty()) text = one.hdu->header.text();
    const double x = static_cast<double>(one.box.x) + static_cast<double>(one.box.width + 1) / 2;
    const double y = static_cast<double>(one.box.y) + static_cast<double>(one.box.height + 1) / 2;
    const auto at = pixel_position(text, x, y), right = pixel_position(text, x + kStep, y),
               up = pixel_position(text, x, y + kStep);
    if (!at || !right || !up) return false;
    if (!centre) centre = *at;
    const auto p = on_plane(*centre, *at), q = on_plane(*centre, *right), r = on_plane(*centre, *up);
    if (!p || !q || !r) return false;
    const Point to_right{(q->x - p->x) / kStep, (q->y - p->y) / kStep},
        to_up{(r->x - p->x) / kStep, (r->y - p->y) / kStep};
    if (&one == &pieces.front()) a = to_right.x, b = to_up.x, c = to_right.y, d = to_up.y;
    const double det = a * d - b * c;
    if (!(std::abs(det) > 1e-18)) return false;
    const auto in_first = [&](const Point& v) { return Point{(d * v.x - b * v.y) / det, (a * v.y - c * v.x) / det}; };
    const Point step_x = in_first(to_right), step_y = in_first(to_up), middle = in_first(*p);
    const auto along = [](double main, double other) {
      return std::abs(main) > 0.9 && std::abs(main) < 1.1 && std::abs(other) < 0.1;
    };
    if (!along(step_x.x, step_x.y) || !along(step_y.y, step_y.x)) return false;  // turned, or of another scale
    if (!(std::abs(middle.x) < 1e6) || !(std::abs(middle.y) < 1e6)) return false;
    one.place = {std::llround(middle.x - static_cast<double>(one.box.width) / 2),
                 std::llround(middle.y - static_cast<double>(one.box.height) / 2), step_x.x < 0, step_y.y < 0};
  }
  return true;
}

namespace {

// Rows and columns of cells of one size. The first row is the highest.
void in_cells(std::vector<Piece>& pieces, const std::vector<std::pair<int, int>>& cells, int rows, std::int64_t gap) {
  std::int64_t width = 0, height = 0;
  for (const auto& one : pieces) width = std::max(width, one.box.width), height = std::max(height, one.box.height);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto [row, column] = cells[i];
    pieces[i].place = {column * (width + gap), (rows - 1 - row) * (height + gap), false, false};
  }
}

bool by_table(std::vector<Piece>& pieces, const FileFacts& facts, Mosaic& mosaic, std::int64_t gap) {
  std::map<int, std::pair<int, int>> cell_of;
  for (std::size_t row = 0; row < facts.layout.size(); ++row) {
    for (std::size_t column = 0; column < facts.layout[row].size(); ++column) {
      if (facts.layout[row][column] >= 0)
        cell_of[facts.layout[row][column]] = {static_cast<int>(row), static_cast<int>(column)};
    }
  }
  std::vector<std::pair<int, int>> cells;
  for (const auto& one : pieces) {
    const auto at = cell_of.find(one.ccd);
    if (at == cell_of.end() || std::find(cells.begin(), cells.end(), at->second) != cells.end()) return false;
    cells.push_back(at->second);
  }
  in_cells(pieces, cells, static_cast<int>(facts.layout.size()), gap);
  return settle(pieces, mosaic);
}

void stack(std::vector<Piece>& pieces, Mosaic& mosaic, std::int64_t gap) {
  if (pieces.size() == 2) {
    pieces[0].place = {};
    pieces[1].place = {0, pieces[0].box.height + gap, false, false};
    mosaic.width = std::max(pieces[0].box.width, pieces[1].box.width);
    mosaic.height = pieces[1].place.y + pieces[1].box.height;
    return;
  }
  double width = 1, height = 1;
  for (const auto& one : pieces) {
    width = std::max(width, static_cast<double>(one.box.width));
    height = std::max(height, static_cast<double>(one.box.height));
  }
  const auto n = static_cast<double>(pieces.size());
  const int columns = std::clamp(static_cast<int>(std::lround(std::sqrt(n * height / width))), 1, static_cast<int>(n));
  const int rows = (static_cast<int>(pieces.size()) + columns - 1) / columns;
  std::vector<std::pair<int, int>> cells;
  for (int i = 0; i < std::ssize(pieces); ++i) cells.emplace_back(i / columns, i % columns);
  in_cells(pieces, cells, rows, gap);
  for (const auto& one : pieces) {
    mosaic.width = std::max(mosaic.width, one.place.x + one.box.width);
    mosaic.height = std::max(mosaic.height, one.place.y + one.box.height);
  }
}

}  // namespace

std::optional<LayoutRule> layout_named(std::string_view name) {
  for (const auto& [rule, of_rule] : kNames) {
    if (of_rule == name) return rule;
  }
  return {};
}

std::string_view name_of(LayoutRule rule) {
  for (const auto& [one, name] : kNames) {
    if (one == rule) return name;
  }
  return {};
}

Result<Mosaic> lay_out(std::vector<Piece>& pieces, const FileFacts& facts, LayoutRule rule, std::int64_t gap) {
  Mosaic out;
  const auto tried = [&](LayoutRule one, const auto& place) {
    if (rule != LayoutRule::automatic && rule != one) return false;
    out.by = one;
    return place();
  };
  if (pieces.size() > 1) {
    if (tried(LayoutRule::detector, [&] { return by_detector(pieces, out); })) return out;
    if (tried(LayoutRule::physical, [&] { return by_physical(pieces, out); })) return out;
    if (tried(LayoutRule::sky, [&] { return place_by_sky(pieces) && settle(pieces, out); })) return out;
    if (tried(LayoutRule::table, [&] { return by_table(pieces, facts, out, gap); })) return out;
    if (rule != LayoutRule::automatic && rule != LayoutRule::stack)
      return Status(Code::invalid, "-layout " + std::string(name_of(rule)) + " does not hold for its " +
                                       std::to_string(pieces.size()) + " parts: -layout auto, or stack");
  }
  out = {};
  stack(pieces, out, gap);
  return out;
}

}  // namespace imreg::look

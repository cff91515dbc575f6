// A focal plane: each chip in the colour of its value, with its name and the value where they fit.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "chart/colour_bar.h"
#include "chart/density.h"
#include "chart/page.h"
#include "chart/palette.h"
#include "chart/pictures.h"
#include "chart/survey.h"
#include "chart/text_tools.h"
#include "chart/ticks.h"

namespace imreg::chart {
namespace {

bool placed(const Chip& chip) {
  return std::isfinite(chip.x0) && std::isfinite(chip.y0) && std::isfinite(chip.x1) && std::isfinite(chip.y1);
}

// What can stand in a chip, the best first.
enum Form { both_lines, one_line, value_alone, name_alone, kForms };

// A hundredth of what they differ by is the last digit of all values, or what four digits can tell.
std::string value_text(double value, const Scale& scale) {
  if (!std::isfinite(value)) return "";
  const double size = std::max(std::abs(scale.low()), std::abs(scale.high())),
               span = std::abs(scale.high() - scale.low());
  if (!(size < 1e6 && span > 1e-6)) return short_number(value);
  const int decimals = std::clamp(2 - static_cast<int>(std::floor(std::log10(span))), 0, 6);
  const int digits = size < 1 ? 0 : static_cast<int>(std::floor(std::log10(size))) + 1;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", std::min(decimals, std::max(1, 5 - digits)), value);
  return text;
}

std::vector<std::string> lines_of(const Chip& chip, const Scale& scale, int form) {
  const std::string name = safe_text(chip.name), value = value_text(chip.value, scale);
  std::vector<std::string> out;
  if (form == one_line) return {name + " " + value};
  if (form != value_alone && !name.empty()) out.push_back(name);
  if (form != name_alone && !value.empty()) out.push_back(value);
  return out;
}

bool fits(const Canvas& canvas, const Box& box, const std::vector<std::string>& lines, Font font) {
  const double rim = canvas.metrics().characters ? 0 : 3;
  double height = 0, width = 0;
  for (const auto& line : lines) {
    const Extent size = canvas.measure(line, font);
    width = std::max(width, size.width);
    height += size.height;
  }
  return width + 2 * rim <= box.width() && height <= box.height();
}

// The best that fits all; kForms when there is none: then each chip has what fits it.
std::pair<int, Font> common_form(const Canvas& canvas, const Scale& scale,
                                 const std::vector<std::pair<Box, const Chip*>>& chips) {
  for (int form = 0; form < kForms; ++form) {
    for (const Font font : {Font::tick, Font::note}) {
      if (std::all_of(chips.begin(), chips.end(), [&](const auto& one) {
            return fits(canvas, one.first, lines_of(*one.second, scale, form), font);
          }))
        return {form, font};
    }
  }
  return {kForms, Font::note};
}

void draw_label(Canvas& canvas, const Box& box, const Chip& chip, const Scale& scale, std::pair<int, Font> wanted,
                Colour ink) {
  auto [form, font] = wanted;
  if (form == kForms) {
    for (form = 0; form < kForms && !fits(canvas, box, lines_of(chip, scale, form), font);) ++form;
    if (form == kForms) return;
  }
  const auto lines = lines_of(chip, scale, form);
  const double height = canvas.measure("X", font).height;
  double y = (box.y0 + box.y1 - height * static_cast<double>(lines.size())) / 2;
  for (const auto& line : lines) {
    canvas.text({(box.x0 + box.x1) / 2, y}, line, font, {0.5, 0}, ink);
    y += height;
  }
}

void draw_chip(Canvas& canvas, const Box& box, const Chip& chip, const Scale& scale, std::pair<int, Font> form) {
  const bool has = std::isfinite(chip.value);
  const int step = has ? ramp_step(scale, chip.value) : 0;
  canvas.shade(box, step);
  const Metrics& m = canvas.metrics();
  if (!m.characters) {
    const Point rim[] = {{box.x0, box.y0}, {box.x1, box.y0}, {box.x1, box.y1}, {box.x0, box.y1}, {box.x0, box.y0}};
    canvas.polyline(rim, {kFrame, m.line * 0.6, has ? 0 : 1});
    // Crossed out: without colours, too, it is no small value.
    const Point cross[] = {{box.x0, box.y0}, {box.x1, box.y1}};
    if (!has) canvas.polyline(cross, {Colour{190, 190, 190}, m.line * 0.6});
  }
  draw_label(canvas, box, chip, scale, form, has && lightness(step) < 52 ? kPaper : kInk);
}

}  // namespace

Status draw(const FocalPlane& plane, Canvas& canvas) {
  const Metrics& m = canvas.metrics();
  if (plane.chips.empty()) return Status(Code::not_found, "nothing to draw: the focal plane has no chips");
  Range x, y, values;
  std::size_t not_placed = 0, infinite = 0, missing = 0;
  for (const auto& chip : plane.chips) {
    if (!placed(chip)) {
      ++not_placed;
      continue;
    }
    for (const double v : {chip.x0, chip.x1}) x.take(v);
    for (const double v : {chip.y0, chip.y1}) y.take(v);
    infinite += std::isinf(chip.value);
    missing += std::isnan(chip.value);
    if (std::isfinite(chip.value)) values.take(chip.value);
  }
  std::vector<std::string> notes = plane.notes;
  std::string left_out;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) left_out += (left_out.empty() ? "" : ", ") + std::to_string(count) + what;
  };
  add(not_placed, " without a place");
  add(infinite, " with an infinite value");
  add(missing, " without a value");
  if (!left_out.empty()) left_out = counted(static_cast<long long>(plane.chips.size()), "chip") + ": " + left_out;
  if (values.empty()) return Status(Code::not_found, "nothing to draw: " + left_out);
  if (!(x.high > x.low) || !(y.high > y.low) || !std::isfinite(x.high - x.low) || !std::isfinite(y.high - y.low))
    return Status(Code::not_found, "nothing to draw: the chips have no area");
  if (!left_out.empty()) notes.push_back(left_out);

  const std::string label = safe_text(plane.label.empty() ? "value" : plane.label) +
                            (plane.unit.empty() ? "" : " (" + safe_text(plane.unit) + ")");
  if (m.characters) notes.push_back("shades: " + label);
  const Page page(canvas, plane.title, notes);
  // From the lowest to the highest value, nothing more: all colours are used. One value alone is in the middle.
  const Scale scale = values.low < values.high ? Scale(values.low, values.high, false) : scale_of({}, values, false);
  Box room = page.inside();
  // The numbers at the ends of the bar reach half beyond it.
  const double half = m.characters ? 0 : canvas.measure("0", Font::tick).height / 2;
  room.y0 += half;
  room.y1 -= half;
  const double wide = x.high - x.low, high = y.high - y.low;
  // The bar is as high as the chips, and its numbers, which are as many as have room, decide how wide these can be.
  double unit = 0, across = 0, bar_height = room.height();
  std::optional<ColourBar> bar;
  for (int round = 0; round < 3; ++round) {
    bar.emplace(canvas, scale, label, bar_height, false);
    const double width = room.width() - bar->width();
    if (width < (m.characters ? 8 : 40) || room.height() < (m.characters ? 8 : 40)) return no_room(canvas);
    // The same scale both ways; on a terminal a little wider, for the sake of the labels.
    unit = std::min(width / wide, room.height() / high);
    across = m.characters ? std::min(width / wide, 1.8 * unit) : unit;
    bar_height = std::max(unit * high, m.grain.height);
  }
  // The bar stands close to the chips; both together in the middle.
  const double left = (room.x0 + room.x1 - bar->width() - across * wide) / 2, right = left + across * wide;
  const double top = (room.y0 + room.y1 - unit * high) / 2;
  std::vector<std::pair<Box, const Chip*>> chips;
  for (const auto& chip : plane.chips) {
    if (!placed(chip)) continue;
    // x0 may be above x1, where a chip is read from the other side.
    const auto [x0, x1] = std::minmax(chip.x0, chip.x1);
    const auto [y0, y1] = std::minmax(chip.y0, chip.y1);
    Box box{left + (x0 - x.low) * across, top + (y.high - y1) * unit, left + (x1 - x.low) * across,
            top + (y.high - y0) * unit};
    if (m.characters) {
      // Whole places, and a blank column between neighbours.
      box = {std::round(box.x0 / 2) * 2, std::round(box.y0 / 4) * 4, std::round(box.x1 / 2) * 2,
             std::round(box.y1 / 4) * 4};
      if (box.width() > 6) box.x1 -= 2;
    }
    chips.emplace_back(box, &chip);
  }
  const auto form = common_form(canvas, scale, chips);
  for (const auto& [box, chip] : chips) draw_chip(canvas, box, *chip, scale, form);
  bar->draw(canvas, {right, top, right + bar->width(), top + bar_height});
  page.draw(canvas);
  return {};
}

}  // namespace imreg::chart

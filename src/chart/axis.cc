// Ticks on the paper.
#include "chart/axis.h"

#include <algorithm>

#include "chart/text_tools.h"

namespace imreg::chart {
namespace {

// Beside an upright axis a date stands in the same line as its time.
std::string line_of(const Tick& tick, bool upright) {
  return upright && !tick.upper.empty() && !tick.label.empty() ? tick.upper + " " + tick.label : tick.label;
}

double place(const Canvas& canvas, const Scale& scale, double value, double length) {
  return scale(value) * (length - canvas.metrics().inset);
}

// `inside`: as if no label may reach beyond the axis; one at the end of the paper is moved there when it is drawn.
bool have_room(const Canvas& canvas, const Ticks& ticks, const Scale& scale, double length, bool upright,
               bool inside = false) {
  double last = 0, last_size = 0;
  bool first = true;
  for (const auto& tick : ticks.ticks) {
    if (tick.label.empty()) continue;
    const Extent extent = canvas.measure(line_of(tick, upright), Font::tick);
    const double size = upright ? extent.height : extent.width;
    double at = place(canvas, scale, tick.value, length);
    if (inside) at = std::clamp(at, std::min(size, length) / 2, length - std::min(size, length) / 2);
    const double apart = upright ? 0.3 * extent.height : canvas.metrics().apart;
    if (!first && std::abs(at - last) < (size + last_size) / 2 + apart) return false;
    last = at;
    last_size = size;
    first = false;
  }
  return true;
}

bool any_upper(const Ticks& ticks) {
  return std::any_of(ticks.ticks.begin(), ticks.ticks.end(), [](const Tick& tick) { return !tick.upper.empty(); });
}

bool is_named(const Tick& tick) { return !tick.label.empty(); }

Ticks ticks_of(const Axis& axis, double low, double high, int most) {
  return axis.time  ? time_ticks(low, high, axis.tz_hours, most)
         : axis.log ? log_ticks(low, high, most)
                    : number_ticks(low, high, most);
}

}  // namespace

Ticks fit_ticks(const Canvas& canvas, const Axis& axis, const Scale& scale, double length, bool upright) {
  const double low = std::min(scale.low(), scale.high()), high = std::max(scale.low(), scale.high());
  Ticks out;
  for (int most = upright ? 9 : 11; most >= 1; --most) {
    Ticks next = ticks_of(axis, low, high, most);
    if (next.ticks.empty() && !out.ticks.empty()) break;
    out = std::move(next);
    if (have_room(canvas, out, scale, length, upright)) break;
  }
  const auto labels = std::count_if(out.ticks.begin(), out.ticks.end(), is_named);
  if (labels > 1 && have_room(canvas, out, scale, length, upright)) return out;
  // One number tells no scale: of finer ticks the outer two, which are the furthest from each other.
  for (int most = 2; most <= (axis.log ? 18 : 9); ++most) {
    // Within a decade plain numbers may reach further to the ends than those of the logarithm.
    Ticks two = most <= 9 ? ticks_of(axis, low, high, most) : number_ticks(low, high, most - 9);
    std::erase_if(two.ticks, [](const Tick& tick) { return !is_named(tick); });
    if (two.ticks.size() < 2) continue;
    Tick& last = two.ticks.back();  // its date may stand where that began
    for (std::size_t i = two.ticks.size() - 2; i > 0 && last.upper.empty(); --i) last.upper = two.ticks[i].upper;
    two.ticks.erase(two.ticks.begin() + 1, two.ticks.end() - 1);
    if (have_room(canvas, two, scale, length, upright, !upright)) return two;
  }
  // Not even two have room: one is better than a heap.
  if (!have_room(canvas, out, scale, length, upright)) out.ticks.resize(std::min<std::size_t>(1, out.ticks.size()));
  return out;
}

std::string axis_title(const Axis& axis, const Ticks& ticks) {
  std::string out = axis.label;
  if (!ticks.offset.empty()) {
    const bool negative = ticks.offset.front() == '-';
    out += (out.empty() ? "value" : "") + std::string(negative ? " + " : " - ") + ticks.offset.substr(negative ? 1 : 0);
  }
  std::string unit = axis.unit;
  if (axis.time) {
    const auto minutes = static_cast<int>(axis.tz_hours * 60 + (axis.tz_hours < 0 ? -0.5 : 0.5));
    unit = "UTC";
    if (minutes != 0) {
      unit += (minutes < 0 ? "-" : "+") + std::to_string(std::abs(minutes) / 60);
      if (minutes % 60 != 0) unit += ":" + std::to_string(100 + std::abs(minutes) % 60).substr(1);
    }
  }
  if (!unit.empty()) out += (out.empty() ? "(" : " (") + unit + ")";
  return safe_text(out);
}

double labels_room(const Canvas& canvas, const Ticks& ticks, bool upright) {
  const Metrics& m = canvas.metrics();
  if (!upright)
    return m.frame.height + m.tick + m.gap + (any_upper(ticks) ? 2 : 1) * canvas.measure("0", Font::tick).height;
  double widest = 0;
  for (const auto& tick : ticks.ticks) widest = std::max(widest, canvas.measure(line_of(tick, true), Font::tick).width);
  return m.frame.width + m.tick + m.gap + widest;
}

Overhang overhang(const Canvas& canvas, const Ticks& ticks, const Scale& scale, double length) {
  Overhang out;
  for (const auto& tick : ticks.ticks) {
    const double half = canvas.measure(tick.label, Font::tick).width / 2, at = place(canvas, scale, tick.value, length);
    out.left = std::max(out.left, half - at);
    out.right = std::max(out.right, at + half - length);
  }
  return out;
}

void draw_ticks(Canvas& canvas, const Ticks& ticks, const Scale& scale, const Box& area, Side side) {
  const Metrics& m = canvas.metrics();
  if (side == Side::left) {
    for (const auto& tick : ticks.ticks) {
      if (m.characters && tick.label.empty()) continue;  // a place is no small tick
      const double y = area.y1 - m.inset - place(canvas, scale, tick.value, area.height());
      canvas.tick({area.x0 - m.frame.width / 2, y}, side, tick.label.empty() ? m.tick / 2 : m.tick);
      if (tick.label.empty()) continue;
      canvas.text({area.x0 - m.frame.width - m.tick - m.gap, y}, line_of(tick, true), Font::tick, {1, 0.5});
    }
    return;
  }
  const double row = canvas.measure("0", Font::tick).height, top = area.y1 + m.frame.height + m.tick + m.gap;
  const double lower = top + (any_upper(ticks) ? row : 0);
  // Dates from the right: each begins a day, so the first, which may begin anywhere, is the one to give way.
  double free_until = m.size.width;
  const auto& all = ticks.ticks;
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = scale.reversed() ? i : order.size() - 1 - i;
  for (const std::size_t i : order) {
    const auto& tick = all[i];
    if (m.characters && tick.label.empty()) continue;
    const double x = area.x0 + place(canvas, scale, tick.value, area.width());
    canvas.tick({x, area.y1 + m.frame.height / 2}, side, tick.label.empty() ? m.tick / 2 : m.tick);
    if (!tick.label.empty()) canvas.text({x, lower}, tick.label, Font::tick, {0.5, 0});
    if (tick.upper.empty()) continue;
    const double width = canvas.measure(tick.upper, Font::tick).width;
    const double left = std::min(std::max(x - width / 2, 0.0), free_until - width);
    // Shifted a little it still stands at its tick; further, it would be another's.
    if (left < 0 || left + width < x) continue;
    canvas.text({left, top}, tick.upper, Font::tick, {0, 0});
    free_until = left - m.apart;
  }
}

}  // namespace imreg::chart

// The colour bar at the right.
#include "chart/colour_bar.h"

#include <algorithm>
#include <cmath>

#include "chart/axis.h"
#include "chart/density.h"
#include "chart/text_tools.h"

namespace imreg::chart {

ColourBar::ColourBar(const Canvas& canvas, const Scale& scale, std::string title, double height, bool counts)
    : scale_(scale) {
  const Metrics& m = canvas.metrics();
  ticks_ = fit_ticks(canvas, {.label = title, .log = scale.log()}, scale, height, true);
  if (counts) {
    std::erase_if(ticks_.ticks, [](const Tick& tick) { return tick.value != std::floor(tick.value); });
    for (auto& tick : ticks_.ticks) {
      if (tick.label.ends_with(".0")) tick.label.resize(tick.label.size() - 2);
    }
  }
  title_ = axis_title({.label = std::move(title)}, ticks_);
  bar_ = m.characters ? 4 : 5 * m.symbol;
  gap_ = m.characters ? 2 : m.pad;
  // Of counts the room is asked for before they are known: "5000" is their longest label.
  double widest = counts ? canvas.measure("5000", Font::tick).width : 0;
  for (const auto& tick : ticks_.ticks) widest = std::max(widest, canvas.measure(tick.label, Font::tick).width);
  width_ = gap_ + bar_ + m.tick + (m.characters ? 2 : m.gap) + widest;
  if (m.upward_text && !title_.empty()) width_ += m.gap + canvas.measure("X", Font::tick).height;
}

std::string ColourBar::note(const Canvas& canvas) const {
  return canvas.metrics().upward_text || title_.empty() ? "" : "shades: " + title_;
}

void ColourBar::draw(Canvas& canvas, const Box& room) const {
  const Metrics& m = canvas.metrics();
  const Box bar{room.x0 + gap_, room.y0, room.x0 + gap_ + bar_, room.y1};
  const int rows = std::clamp(static_cast<int>(bar.height() / m.grain.height), 1, 256);
  Image image{static_cast<int>(bar_ / m.grain.width), rows, {}};
  for (int row = 0; row < rows; ++row) {
    // The middle of a row, from the top.
    const int step = 1 + static_cast<int>((rows - row - 0.5) / rows * 255.999);
    image.steps.insert(image.steps.end(), static_cast<std::size_t>(image.width), static_cast<std::uint16_t>(step));
  }
  canvas.image(bar, image);
  if (!m.characters) {
    canvas.rule({bar.x0, bar.y0}, {bar.x1, bar.y0});
    canvas.rule({bar.x0, bar.y1}, {bar.x1, bar.y1});
    canvas.rule({bar.x0, bar.y0}, {bar.x0, bar.y1});
    canvas.rule({bar.x1, bar.y0}, {bar.x1, bar.y1});
  }
  for (const auto& tick : ticks_.ticks) {
    const double y = bar.y1 - m.inset - scale_(tick.value) * (bar.height() - m.inset);
    if (!m.characters) canvas.tick({bar.x1, y}, Side::right, tick.label.empty() ? m.tick / 2 : m.tick);
    if (!tick.label.empty())
      canvas.text({bar.x1 + m.tick + (m.characters ? 2 : m.gap), y}, tick.label, Font::tick, {0, 0.5});
  }
  if (!m.upward_text) return;
  const auto lines = wrap(canvas, title_, Font::tick, bar.height(), 1);
  if (!lines.empty())
    canvas.text({room.x0 + width_, (bar.y0 + bar.y1) / 2}, lines[0], Font::tick, {1, 0.5}, kInk, true);
}

}  // namespace imreg::chart

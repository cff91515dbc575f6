// Titles and notes.
#include "chart/page.h"

#include <algorithm>

#include "chart/text_tools.h"

namespace imreg::chart {
namespace {

// Lines of all texts, at most `most` in all; what does not fit ends with "...".
std::vector<std::string> lines_of(const Canvas& canvas, const std::vector<std::string>& texts, Font font, double width,
                                  int most) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const int left = most - static_cast<int>(out.size());
    // The last line that there is tells how many notes are missing.
    if (left == 1 && i + 1 < texts.size()) {
      const auto last = wrap(canvas, "... and " + std::to_string(texts.size() - i) + " more notes", font, width, 1);
      out.insert(out.end(), last.begin(), last.end());
      break;
    }
    for (auto& line : wrap(canvas, safe_text(texts[i]), font, width, i + 1 < texts.size() ? left - 1 : left))
      out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

Page::Page(const Canvas& canvas, const std::string& title, const std::vector<std::string>& notes) {
  const Metrics& m = canvas.metrics();
  const double width = m.size.width - 2 * m.pad;
  const double title_height = canvas.measure("X", Font::title).height,
               note_height = canvas.measure("X", Font::note).height;
  const auto rows = [&](double part, double height) {
    return std::max(1, static_cast<int>(m.size.height * part / height));
  };
  title_ = lines_of(canvas, {title}, Font::title, width, rows(m.characters ? 0.17 : 0.25, title_height));
  notes_ = lines_of(canvas, notes, Font::note, width, rows(m.characters ? 0.17 : 0.2, note_height));
  inside_ = {m.pad, m.pad, m.size.width - m.pad, m.size.height - m.pad};
  if (!title_.empty()) inside_.y0 += static_cast<double>(title_.size()) * title_height + m.gap;
  if (!notes_.empty()) inside_.y1 -= static_cast<double>(notes_.size()) * note_height + m.gap;
}

void Page::draw(Canvas& canvas) const {
  const Metrics& m = canvas.metrics();
  double y = m.pad;
  for (const auto& line : title_) {
    canvas.text({m.size.width / 2, y}, line, Font::title, {0.5, 0});
    y += canvas.measure(line, Font::title).height;
  }
  const double step = canvas.measure("X", Font::note).height;
  y = m.size.height - m.pad - static_cast<double>(notes_.size()) * step;
  for (const auto& line : notes_) {
    canvas.text({m.pad, y}, line, Font::note, {0, 0}, kFaint);
    y += step;
  }
}

Status no_room(const Canvas& canvas) {
  return Status(Code::invalid, canvas.metrics().characters
                                   ? "the terminal is too small for the picture: use 40 x 12 places or more"
                                   : "the picture is too small for its texts: make it larger");
}

}  // namespace imreg::chart

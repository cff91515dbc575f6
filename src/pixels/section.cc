// Sections of headers: what people write for x1 to x2, y1 to y2.
#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "imreg/pixels.h"

namespace imreg {

namespace {

// "1:32", "*", ":", "17", "1:100:2", "100:*". False: no range.
bool parse_range(std::string_view text, std::int64_t& from, std::int64_t& to) {
  const auto parts = split(text, ':');
  if (parts.size() > 3) return false;
  std::int64_t ends[3] = {1, Section::kEnd, 1};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view word = trim(parts[i]);
    double number = 0;
    if (word.empty() || word == "*") continue;
    if (word == "-*" && parts.size() == 1) {  // IRAF: the whole axis, turned round
      from = Section::kEnd, to = 1;
      return true;
    }
    constexpr double kMost = Section::kEnd - 1;
    if (!parse_number(word, number) || !(number >= -kMost && number <= kMost)) return false;
    ends[i] = static_cast<std::int64_t>(number);
    if (static_cast<double>(ends[i]) != number) return false;
    if (parts.size() == 1) ends[1] = ends[0];
  }
  from = ends[0], to = ends[1];
  return true;
}

// One axis held against its length: the first pixel from 0, and how many; whether the whole range lies on it.
bool clip_axis(std::int64_t from, std::int64_t to, std::int64_t length, std::int64_t& first, std::int64_t& count) {
  if (from == Section::kEnd) from = length;
  if (to == Section::kEnd) to = length;
  const auto [low, high] = std::minmax(from, to);
  first = std::clamp<std::int64_t>(low, 1, length + 1) - 1;
  count = std::max<std::int64_t>(0, std::min(high, length) - first);
  return low >= 1 && high <= length;
}

}  // namespace

std::optional<Section> parse_section(std::string_view text) {
  text = trim(text);
  while (!text.empty() && (text.front() == '\'' || text.front() == '"')) text = trim(text.substr(1));
  while (!text.empty() && (text.back() == '\'' || text.back() == '"')) text = trim(text.substr(0, text.size() - 1));
  if (!text.empty() && (text.front() == '[' || text.front() == '(')) {
    if (text.back() != (text.front() == '[' ? ']' : ')')) return std::nullopt;
    text = trim(text.substr(1, text.size() - 2));
  }
  if (text.find(':') == text.npos && text.find('*') == text.npos && text.find(',') == text.npos) return std::nullopt;
  const auto axes = split(text, ',');
  Section out;
  if (axes.size() > 3 || !parse_range(axes[0], out.x1, out.x2)) return std::nullopt;
  if (axes.size() > 1 && !parse_range(axes[1], out.y1, out.y2)) return std::nullopt;
  if ((out.x1 == 0 && out.x2 == 0) || (out.y1 == 0 && out.y2 == 0)) return std::nullopt;
  return out;
}

PixelBox clip_section(const Section& section, std::int64_t width, std::int64_t height, bool* whole) {
  PixelBox out;
  const bool x = clip_axis(section.x1, section.x2, width, out.x, out.width);
  const bool y = clip_axis(section.y1, section.y2, height, out.y, out.height);
  if (whole != nullptr) *whole = x && y;
  if (out.empty()) out = {};
  return out;
}

}  // namespace imreg

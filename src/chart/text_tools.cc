// Safe text and line breaks.
#include "chart/text_tools.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "base/text.h"

namespace imreg::chart {
namespace {

struct Range {
  char32_t first, last;
};

bool in(char32_t code, std::span<const Range> ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [code](Range r) { return code >= r.first && code <= r.last; });
}

// Letters that a reader does not see, or that move what he sees; U+FFFE and U+FFFF may not stand in XML.
constexpr Range kUnseen[] = {{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x061c, 0x061c},
                             {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfe00, 0xfe0f},
                             {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff}};
constexpr Range kCombining[] = {{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f},
                                {0x0e34, 0x0e3a}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
                                {0x3099, 0x309a}, {0xfe20, 0xfe2f}};
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x3247},  {0x3250, 0x4dbf},
                           {0x4e00, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},  {0xf900, 0xfaff},
                           {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                           {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

}  // namespace

Letter first_letter(std::string_view text) {
  const std::size_t bytes = std::max<std::size_t>(1, utf8_length(text));
  auto code = static_cast<char32_t>(static_cast<unsigned char>(text[0]));
  if (bytes > 1) {
    code &= 0x7fu >> bytes;
    for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  }
  return {code, bytes};
}

int places(char32_t code) { return in(code, kCombining) ? 0 : in(code, kWide) ? 2 : 1; }

std::string safe_text(std::string_view text) {
  std::string out;
  char number[16];
  while (!text.empty()) {
    const bool valid = utf8_length(text) > 0;
    const Letter letter = first_letter(text);
    if (valid && !in(letter.code, kUnseen)) {
      out += text.substr(0, letter.bytes);
    } else if (letter.code == '\n' || letter.code == '\t') {
      out += letter.code == '\n' ? "\\n" : "\\t";
    } else {
      std::snprintf(number, sizeof number, !valid || letter.code < 0x100 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(letter.code));
      out += number;
    }
    text.remove_prefix(letter.bytes);
  }
  return out;
}

std::vector<std::string> wrap(const Canvas& canvas, std::string_view text, Font font, double width, int most) {
  std::vector<std::string> lines;
  const auto fits = [&](std::string_view line) { return canvas.measure(line, font).width <= width; };
  while (!text.empty()) {
    if (fits(text)) {
      lines.emplace_back(text);
      break;
    }
    // The longest beginning that fits, by halving; at least one letter.
    std::size_t low = first_letter(text).bytes, high = text.size();
    while (low < high) {
      std::size_t middle = (low + high + 1) / 2;
      while (middle < high && (static_cast<unsigned char>(text[middle]) & 0xc0) == 0x80) ++middle;
      if (fits(text.substr(0, middle))) {
        low = middle;
      } else {
        high = (low + high + 1) / 2 - 1;
        while (high > low && (static_cast<unsigned char>(text[high]) & 0xc0) == 0x80) --high;
      }
    }
    std::size_t end = low;
    // "...": the last line gives the room for it.
    if (static_cast<int>(lines.size()) + 1 >= most) {
      while (end > 0 && !fits(std::string(text.substr(0, end)) + "...")) {
        do {
          --end;
        } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80);
      }
      lines.push_back(std::string(trim(text.substr(0, end))) + "...");
      break;
    }
    if (const std::size_t blank = text.substr(0, low + 1).rfind(' '); blank != text.npos && blank > low / 3)
      end = blank;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  return lines;
}

}  // namespace imreg::chart

// Bayer patterns: recognised by the keywords of capture programs; the greens, half of the pixels, are measured.
#include "measure/bayer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace imreg::measure {

namespace {

// BAYERPAT is written by nearly all of them (MaxIm DL, N.I.N.A., SharpCap, INDI, ASIAIR), the others by some.
constexpr const char* kKeywords[] = {"BAYERPAT", "COLORTYP", "CFATYPE"};
constexpr std::string_view kPatterns[] = {"RGGB", "BGGR", "GRBG", "GBRG"};
constexpr std::string_view kGrey[] = {"NONE", "MONO", "MONOCHROME", "GRAY", "GREY", "0", "F", "FALSE", "N/A"};
constexpr std::int64_t kRowsAsked = 64, kLeastSide = 64;

float middle(std::vector<float>& values) {
  std::erase_if(values, [](float value) { return !std::isfinite(value); });
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Whether x + y of the greens is odd. Offsets, the order of rows and cut edges turn the pattern of the header round, and are told by few;
// but the two greens have one sky, red and blue two.
std::int64_t parity_of_greens(const PixelArea& area, bool by_header) {
  std::vector<float> values[4], row(static_cast<std::size_t>(area.box.width));
  const std::int64_t step = std::max<std::int64_t>(1, area.box.height / kRowsAsked) | 1;  // odd: rows of both kinds
  for (std::int64_t y = area.box.y; y < area.box.y + area.box.height; y += step) {
    read_row(*area.plane, y, area.box.x, row);
    for (std::size_t x = 0; x < row.size(); ++x)
      values[(static_cast<std::size_t>(area.box.x) + x) % 2 + 2 * static_cast<std::size_t>(y % 2)].push_back(row[x]);
  }
  const float a = middle(values[0]), b = middle(values[3]), c = middle(values[1]), d = middle(values[2]);
  const float of_even = std::abs(a - b), of_odd = std::abs(c - d);
  const float clear = 0.02F * std::abs(a + b + c + d) / 4 / 2;  // greens may differ by a percent
  if (of_even > 2 * of_odd + clear) return 1;
  if (of_odd > 2 * of_even + clear) return 0;
  return by_header ? 1 : 0;
}

}  // namespace

std::string colour_pattern(const Header& header, const Header& primary) {
  std::string other;
  for (const Header* from : {&header, &primary}) {
    for (const char* keyword : kKeywords) {
      std::string word = to_upper(trim(from->text_of(keyword).value_or("")));
      if (is_bayer(word)) return word;
      if (!word.empty() && std::find(std::begin(kGrey), std::end(kGrey), word) == std::end(kGrey)) other = word;
    }
  }
  return other;
}

bool is_bayer(const std::string& pattern) {
  return std::find(std::begin(kPatterns), std::end(kPatterns), pattern) != std::end(kPatterns);
}

GreenPixels::GreenPixels(std::span<const PixelArea> areas, const std::string& pattern) {
  for (const PixelArea& area : areas) {
    const std::int64_t parity = parity_of_greens(area, pattern[0] != 'G');
    // Turned squares take twice their room, turned strips would take any amount: they are cut.
    const std::int64_t side = std::max(kLeastSide, std::min(area.box.width, area.box.height));
    const std::int64_t across = std::max<std::int64_t>(1, area.box.width / side);
    const std::int64_t down = std::max<std::int64_t>(1, area.box.height / side);
    for (std::int64_t i = 0; i < across * down; ++i) {
      const auto part = [](std::int64_t from, std::int64_t size, std::int64_t k, std::int64_t of) {
        return std::pair(from + size * k / of, size * (k + 1) / of - size * k / of);
      };
      const auto [x, width] = part(area.box.x, area.box.width, i % across, across);
      const auto [y, height] = part(area.box.y, area.box.height, i / across, down);
      add({area.plane, {x, y, width, height}}, parity);
    }
  }
  for (const PixelPlane& plane : planes_) areas_.push_back({&plane, {0, 0, plane.width, plane.height}});
}

void GreenPixels::add(const PixelArea& area, std::int64_t parity) {
  // u = (x + y) / 2, v = (x - y) / 2, from 0: neighbours on a diagonal are neighbours in a row or a column.
  const PixelBox& box = area.box;
  const std::int64_t first = (parity + box.x + box.y) & 1, above = (first + box.height - 1) & 1;
  PixelPlane plane;
  plane.bitpix = -32;
  plane.width = (box.width + box.height - 2 - first) / 2 + 1;
  plane.height = (box.width + box.height - 2 - above) / 2 + 1;
  auto& bytes = bytes_.emplace_back(static_cast<std::size_t>(4 * plane.width * plane.height));
  for (std::size_t i = 0; i < bytes.size(); i += 4) bytes[i] = 0x7f, bytes[i + 1] = 0xc0;  // NaN
  std::vector<float> row(static_cast<std::size_t>(box.width));
  for (std::int64_t y = 0; y < box.height; ++y) {
    read_row(*area.plane, box.y + y, box.x, row);
    for (std::int64_t x = (y + first) & 1; x < box.width; x += 2) {
      const std::int64_t u = (x + y - first) / 2, v = (x - y + box.height - 1 - above) / 2;
      const auto word = std::bit_cast<std::uint32_t>(row[static_cast<std::size_t>(x)]);
      unsigned char* const to = &bytes[static_cast<std::size_t>(4 * (v * plane.width + u))];
      for (int i = 0; i < 4; ++i) to[i] = static_cast<unsigned char>(word >> (24 - 8 * i));
    }
  }
  plane.bytes = bytes.data();
  planes_.push_back(plane);
}

}  // namespace imreg::measure

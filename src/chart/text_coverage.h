// A line of text for who has pixels of his own.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace imreg::chart {

/// How much of each pixel the letters cover, 0 to 255, rows from the top.
struct Coverage {
  int width = 0, height = 0;
  std::vector<std::uint8_t> parts;
};
/// A line of letters `size` pixels high, made harmless; what is wider than `most` pixels ends with "...".
Coverage text_coverage(std::string_view text, double size, bool bold, int most);

}  // namespace imreg::chart

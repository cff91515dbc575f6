// Text of users made harmless, and broken into lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chart/canvas.h"

namespace imreg::chart {

/// UTF-8 that can stand in a picture: control characters, marks that turn the direction of writing, and bytes that are no UTF-8
/// are shown as \x1b, \u202e, \xff.
std::string safe_text(std::string_view text);

/// The code point at the front of valid UTF-8, and its bytes.
struct Letter {
  char32_t code = 0;
  std::size_t bytes = 1;
};
Letter first_letter(std::string_view text);

/// How many places of a terminal a letter takes: 0 (it combines with the one before), 1, 2.
int places(char32_t code);

/// Lines of at most `width`, broken at blanks, within words where it must be. Of more than `most` lines the last ends with "...".
std::vector<std::string> wrap(const Canvas& canvas, std::string_view text, Font font, double width, int most);

}  // namespace imreg::chart

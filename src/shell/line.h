// One line of imstatus as text: its words, its comment, whether it makes a vector.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg::cli {

/// The words of a line as a shell cuts them: '...', "..." and backslashes. Error: invalid, a quote that is not closed.
Result<std::vector<std::string>> shell_words(std::string_view line);
/// The last word of a line that is being typed: where it begins, quote included, and its text without quotes; empty behind a blank.
struct LastWord {
  std::size_t from = 0;
  std::string text{};
  std::vector<std::string> before{};  ///< the words before it
  bool quoted = false;                ///< it begins with a quote
};
LastWord last_word(std::string_view line);
/// A word as it must be typed to stand in a line: in quotes when it needs them.
std::string quoted_word(const std::string& word);
/// Without blanks around it and without a comment: # at the beginning or behind a blank, outside of quotes.
std::string_view bare_line(std::string_view line);
/// NAME = EXPRESSION, or set NAME = EXPRESSION; not NAME == ...
bool is_assignment(std::string_view line, std::string& name, std::string_view& expression);

}  // namespace imreg::cli

// One line of imstatus as text: its words, its comment, whether it makes a vector.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg::cli {

/// The words of a line as a shell cuts them: '...', "..." and backslashes. Error: invalid, a quote that is not closed.
Result<std::vector<std::string>> shell_words(std::string_view line);
/// Without blanks around it and without a comment: # at the beginning or behind a blank, outside of quotes.
std::string_view bare_line(std::string_view line);
/// NAME = EXPRESSION, or set NAME = EXPRESSION; not NAME == ...
bool is_assignment(std::string_view line, std::string& name, std::string_view& expression);

}  // namespace imreg::cli

// Texts against texts. Case-blind (ASCII) unless `exact`.
#pragma once

#include <string_view>

namespace imreg::expression {

/// -1, 0, 1.
int compare_texts(std::string_view a, std::string_view b, bool exact);
/// Where `part` begins in `text`, npos when nowhere.
std::size_t find_text(std::string_view text, std::string_view part, bool exact);
/// SQL's LIKE: % is any text, _ one character (UTF-8); a character behind `escape` (empty: none) is itself. Linear time
/// but for the last %, as glob_match().
bool like_match(std::string_view pattern, std::string_view text, std::string_view escape, bool exact);
/// The characters of a text; bytes that are no UTF-8 count each.
std::size_t characters(std::string_view text);
/// SQL's substr: `count` characters from the `from`th, from 1; from the end when `from` is negative.
std::string_view substring(std::string_view text, double from, double count);

}  // namespace imreg::expression

// Text matching and small text work that every room needs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace imreg {

/// ASCII only, whatever the locale.
char lower(char c);
char upper(char c);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equal_nocase(std::string_view a, std::string_view b);
bool starts_nocase(std::string_view text, std::string_view prefix);

/// Without blanks, tabs and line ends on both sides.
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
/// At runs of blanks and tabs.
std::vector<std::string_view> words(std::string_view text);

/// True when the text has one of * ? [.
bool is_glob(std::string_view pattern);
/// Shell glob over the whole text: * ? [a-z] [!a-z]; / is nothing special. Linear time: no pattern can hang it.
bool glob_match(std::string_view pattern, std::string_view text, bool nocase = true);

/// The text with control characters as \n, \t, \x1b: a file name cannot forge lines or drive the terminal.
std::string visible(std::string_view text);

/// The bytes of the UTF-8 character at the front (RFC 3629); 0 when there is none.
std::size_t utf8_length(std::string_view text);

/// "1 row", "2 rows": a number with its noun.
std::string counted(long long number, std::string_view noun);

/// Whole text as a number; blanks around it are allowed, anything else is not.
bool parse_number(std::string_view text, double& value);
bool parse_integer(std::string_view text, long long& value);

/// The two or three names nearest to a mistyped word, for "did you mean": at most a third of its letters differ.
std::string nearest_names(std::string_view word, const std::vector<std::string>& names);

}  // namespace imreg

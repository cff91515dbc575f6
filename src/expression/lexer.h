// From text to tokens, and the errors that point into the text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/schema.h"

namespace imreg::expression {

inline constexpr std::size_t kMostBytes = 131072;  // what one word of a command line can hold on Linux
inline constexpr int kMostDepth = 200;             // levels: ((...)), a + b + ...; every room below may recurse so deep

struct Token {
  enum class Kind {
    number,       // text: the digits; suffix: letters right behind them ("60", "2min")
    text,         // 'x'
    loose,        // "x": a text, or the name of a field where a text makes no sense
    name,         // a word
    quoted,       // `x` or [x]: always the name of a field
    date,         // 2003-01-27 and longer, 52666.5J, mjd52666.5
    sexagesimal,  // 10:00:28.6
    sign,         // an operator
    end
  };
  Kind kind = Kind::end;
  std::string text;
  std::string suffix;
  std::size_t begin = 0, end = 0;  // bytes
};

/// "column N: WHAT", the text (or the part of it around the column), a caret.
Status fault(std::string_view text, std::size_t at, const std::string& what);

/// The last token is an end. A word that is a field of `schema` is never the beginning of a date.
Result<std::vector<Token>> tokens_of(std::string_view text, const Schema& schema);

}  // namespace imreg::expression

// From tokens to a tree that knows nothing of fields and types. man/imreg-expression.7 tells the grammar.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "expression/lexer.h"

namespace imreg::expression {

enum class Sign {
  none,
  logical_or,  // of any number of arguments, as logical_and
  logical_and,
  logical_not,
  equal,
  identical,  // ==: equal, and for texts in the same case
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power,
  negate,
  bit_and,
  bit_or,
  shift_left,
  shift_right
};

struct Tree {
  enum class Kind {
    number,    // text, suffix
    text,      // text; loose: written in double quotes
    date,      // text
    angle,     // text: sexagesimal
    interval,  // text: INTERVAL '3 days'
    name,      // text; loose: quoted, so always a field
    null,
    truth,    // text: "true", "false", "unknown"
    element,  // arguments: a name, and a number
    sign,     // `sign` of arguments
    call,     // text: the name in lower case
    between,  // value, low, high
    in,       // value, items...
    like,     // text: "like", "glob", "regexp"; value, pattern, [escape]
    is,       // text: "null", "true", "false", "unknown"; value. Or "same"; two values
    exact,    // one text, case matters
    choice    // CASE: [value,] condition, result, ..., [otherwise]; loose: with value; text: "else" when there is one
  };
  Kind kind = Kind::null;
  Sign sign = Sign::none;
  bool loose = false;
  bool negated = false;  // NOT BETWEEN, NOT IN, NOT LIKE, IS NOT
  std::string text, suffix;
  std::string date;  // of a sum that may be a month: 2003-01
  std::vector<const Tree*> arguments;
  std::size_t begin = 0, end = 0;  // bytes of the source
  int depth = 1;
};

struct Parsed {
  std::deque<Tree> trees;  // their addresses stay
  const Tree* root = nullptr;
};

/// Error: invalid, pointing at what was not expected.
Result<Parsed> parse_tree(std::string_view text, const Schema& schema);

}  // namespace imreg::expression

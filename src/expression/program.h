// A checked expression: typed nodes in one array, constants already computed. evaluate.cc runs it, conjuncts.cc reads it.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "imreg/expression.h"

namespace imreg::expression {

using Function1 = double (*)(double);
using Function2 = double (*)(double, double);

// What a node gives: n number (times too; NaN is unknown), t text (empty is unknown), c condition. a, b, c: its arguments.
enum class Op : std::uint8_t {
  // numbers
  constant,    // x
  field_f64,   // a native double
  field_f32,   // a native float
  field,       // any other field
  from_truth,  // 1, 0, NaN
  add,
  subtract,
  multiply,
  divide,
  function1,
  function2,
  round_to,  // a to b decimals
  least,     // of many; x 1: NaN when one is unknown, 0: the unknown ones do not count
  greatest,
  distance,   // of many: four angles
  to_number,  // of the text a
  length,
  find,        // where b stands in a, from 1
  civil,       // part x of the time a
  add_months,  // x months to the time a
  // numbers, texts and conditions
  coalesce,  // of many
  choice,    // many: condition, result, ..., otherwise
  // texts
  text_constant,
  text_field,
  path_field,  // through expand_path
  word,        // of the code a
  lower,
  upper,
  trim,
  substring,    // of a, from b, c characters (c may be -1: none)
  concatenate,  // many
  iso,          // the time a
  // conditions
  truth_constant,
  truth_field,
  all,  // many
  any,  // many
  negation,
  within,         // x <= number a <= y
  one_of,         // the number a in a list
  compare,        // numbers a, b
  compare_exact,  // 64-bit integers: fields, or constants
  unknown_number,
  unknown_text,
  unknown_truth,
  is_truth,     // the condition a is x
  equal_truth,  // a and b
  text_one_of,  // the text a in a list
  text_compare,
  starts,
  ends,
  contains,
  like,  // a like b, escape in c or -1
  glob,
  regexp
};

enum class Compare : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

/// Parts of a time, for Op::civil.
enum Civil : int { kYear, kMonth, kDay, kHour, kMinute, kSecond, kDate, kNight };

struct Node {
  Op op = Op::constant;
  Compare compare = Compare::equal;
  bool exact = false;                // texts: case matters
  bool failed_is_minus_one = false;  // Elixir's statistics
  Type type = Type::f64;             // of a field
  int offset = 0, size = 0;          // of a field; size: bytes of a text
  int a = -1, b = -1, c = -1;
  int extra = -1;                       // number in the program's list of this node's kind
  std::optional<std::int64_t> missing;  // of a field: stored, it says that the value is not known
  double x = 0, y = 0;
  union {
    std::int64_t whole = 0;  // a constant for compare_exact
    Function1 function1;
    Function2 function2;
  };
};

}  // namespace imreg::expression

namespace imreg {

struct Expression::Program {
  std::string source;
  Kind kind = Kind::number;
  std::string unit;
  ExpressionSettings settings;
  int root = -1;
  int root_text = -1;   // of a text, and the word of a field of words
  int root_field = -1;  // in `fields`, when the root is nothing but that
  std::vector<expression::Node> nodes;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // of each node in the source: begin, end
  std::vector<FieldInfo> fields;                            // extra of fields
  std::vector<int> elements;                                // of each of `fields`
  std::vector<bool> by_name;                                // of each of `fields`: Schema::find() gives it for its name
  std::vector<std::string> texts;                           // extra of text_constant
  std::vector<std::vector<int>> many;                       // extra of nodes with many arguments
  std::vector<std::vector<double>> numbers;                 // extra of one_of, ascending
  std::vector<std::vector<std::string>> words;              // extra of text_one_of, ascending (lower case unless exact)
  std::vector<std::unique_ptr<RE2>> patterns;               // extra of regexp
};

namespace expression {

double number_of(const Expression::Program& program, int node, const char* record);
Truth truth_of(const Expression::Program& program, int node, const char* record);
std::string_view text_of(const Expression::Program& program, int node, const char* record, std::string& scratch);

}  // namespace expression
}  // namespace imreg

// What is asked of groups: keys, aggregates, and how the result's fields look.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/operand.h"

namespace imreg {

enum class Function { count, known, min, max, first, last, sum, mean, median, stddev };

struct Aggregate {
  Function function;
  std::size_t operand = 0;  ///< which of Grouping::operands; none for count
  std::string name;         ///< of the result's field
};

/// What is asked for.
struct Grouping {
  std::vector<Operand> keys;
  std::vector<Operand> operands;  ///< each once, of all aggregates
  std::vector<Aggregate> aggregates;

  bool asks(Function function, std::size_t operand) const;

  /// Errors: not_found, invalid (no such aggregate; one that means nothing for its field).
  static Result<Grouping> parse(std::string_view fields, std::string_view aggregates, const Schema& schema,
                                const ExpressionSettings& settings);
};

/// "median(fwhm)" is the field "median_fwhm" of the result, "count(*)" is "count"; other texts stay as they are.
std::string result_name(std::string_view text);

/// The sum is an exact integer. That of 64-bit integers would not fit one.
bool sums_wholes(const Operand& operand);

/// Of the result: a field for each key and each aggregate. `widths`: the longest text of each key and each operand.
Schema result_schema(const Grouping& grouping, const std::vector<int>& widths);

}  // namespace imreg

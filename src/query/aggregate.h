// What is known about one operand in one group: the arithmetic of the aggregates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace imreg {

/// What is known about one operand in one group. `low` to `last` are keys (Operand::number_key).
struct Numbers {
  std::int64_t known = 0;
  double sum = 0, lost = 0;      ///< Neumaier's sum: what rounding took away is kept
  double mean = 0, squares = 0;  ///< Welford's, for stddev
  std::int64_t whole = 0;        ///< the sum of integers
  std::uint64_t low = 0, high = 0, first = 0, last = 0;
};

/// The same of a text: keys of texts.
struct Texts {
  std::string low, high, first, last;
};

void add_value(Numbers& to, double value, std::uint64_t key, bool whole, bool stddev);
void add_text(Texts& to, std::string_view key, bool is_first);
/// `part` stands behind `to` in the file.
void merge(Numbers& to, const Numbers& part);
void merge(Texts& to, const Texts& part, bool is_first);

}  // namespace imreg

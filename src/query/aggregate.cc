// The arithmetic of the aggregates: what one more value, or another part of a group, adds to what is known.
#include "query/aggregate.h"

#include <algorithm>
#include <cmath>

namespace imreg {

namespace {

void add_to_sum(Numbers& to, double value) {
  const double sum = to.sum + value;
  to.lost += std::abs(to.sum) >= std::abs(value) ? (to.sum - sum) + value : (value - sum) + to.sum;
  to.sum = sum;
}

}  // namespace

void add_value(Numbers& to, double value, std::uint64_t key, bool whole, bool stddev) {
  if (to.known++ == 0) {
    to.low = to.high = to.first = key;
  } else {
    to.low = std::min(to.low, key);
    to.high = std::max(to.high, key);
  }
  to.last = key;
  if (whole) to.whole += static_cast<std::int64_t>(value);
  add_to_sum(to, value);
  if (stddev) {
    const double step = value - to.mean;
    to.mean += step / static_cast<double>(to.known);
    to.squares += step * (value - to.mean);
  }
}

void merge(Numbers& to, const Numbers& part) {
  if (part.known == 0) return;
  if (to.known == 0) {
    to = part;
    return;
  }
  to.low = std::min(to.low, part.low);
  to.high = std::max(to.high, part.high);
  to.last = part.last;
  to.whole += part.whole;
  add_to_sum(to, part.sum);
  to.lost += part.lost;
  const double a = static_cast<double>(to.known), b = static_cast<double>(part.known), step = part.mean - to.mean;
  to.mean += step * b / (a + b);
  to.squares += part.squares + step * step * a * b / (a + b);
  to.known += part.known;
}

void add_text(Texts& to, std::string_view key, bool is_first) {
  if (is_first || key < to.low) to.low = key;
  if (is_first || key > to.high) to.high = key;
  if (is_first) to.first = key;
  to.last = key;
}

void merge(Texts& to, const Texts& part, bool is_first) {
  if (is_first) {
    to = part;
    return;
  }
  to.low = std::min(to.low, part.low);
  to.high = std::max(to.high, part.high);
  to.last = part.last;
}

}  // namespace imreg

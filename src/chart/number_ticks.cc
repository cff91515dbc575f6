// Ticks of numbers. A tick is an integer times a power of ten, so that its label is exact, and its value the double nearest to it.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "chart/ticks.h"

namespace imreg::chart {
namespace {

constexpr std::size_t kPlain = 7, kLongest = 10;  // characters

struct Decimal {
  long long m;
  int e;
};

double value_of(Decimal decimal) {
  const std::string text = std::to_string(decimal.m) + "e" + std::to_string(decimal.e);
  double value = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  // Too small or too large for a double: the same as strtod says, without its locale.
  if (done.ec == std::errc::result_out_of_range) value = decimal.e < 0 ? 0.0 : HUGE_VAL;
  return value;
}

std::size_t longest(const std::vector<std::string>& texts) {
  std::size_t out = 0;
  for (const auto& text : texts) out = std::max(out, text.size());
  return out;
}

// The labels of all: plain digits where they are short, else powers of ten; `offset` is taken off when both are long.
std::vector<std::string> labels_of(const std::vector<Decimal>& all, std::string* offset) {
  std::vector<std::string> plain, powers;
  for (const auto& one : all) {
    if (std::abs(one.e) < 30) plain.push_back(plain_number(one.m, one.e));
    powers.push_back(short_power(one.m, one.e));
  }
  const std::size_t p = plain.size() == all.size() ? longest(plain) : 1000, s = longest(powers);
  if (p <= kPlain || (p <= kLongest && p <= s + 1)) return plain;
  if (s <= kPlain + 1 || offset == nullptr) return s <= p ? powers : plain;
  // Digits that all have in common: everything above the span.
  const long long first = all.front().m, last = all.back().m;
  long long unit = 1;
  while (unit <= (last - first) && unit < 1000000000000000000LL / 10) unit *= 10;
  const long long base = first / unit * unit;
  if (base == 0) return s <= p ? powers : plain;
  Decimal whole{base, all.front().e};
  for (; whole.e < 0 && whole.m % 10 == 0; ++whole.e) whole.m /= 10;
  const std::string a = short_power(whole.m, whole.e), b = std::abs(whole.e) < 30 ? plain_number(whole.m, whole.e) : a;
  *offset = b.size() <= 12 || b.size() <= a.size() ? b : a;
  std::vector<Decimal> rest;
  for (const auto& one : all) rest.push_back({one.m - base, one.e});
  auto out = labels_of(rest, nullptr);
  for (auto& label : out) {
    if (label.front() != '-') label.insert(0, "+");
  }
  return out;
}

}  // namespace

Ticks number_ticks(double low, double high, int most) {
  const long double a = low, b = high;
  int e = static_cast<int>(std::floor(std::log10((b - a) / most))) - 1;
  for (;; ++e) {
    for (const int base : {1, 2, 5}) {
      const long double step = base * std::pow(10.0L, static_cast<long double>(e));
      const long double from = std::ceil(a / step), to = std::floor(b / step);
      if (to - from + 1 > most + 2 || std::fabs(from) > 9e17L || std::fabs(to) > 9e17L) continue;
      std::vector<Decimal> found;
      Ticks out;
      // One more on each side: the division may have been rounded.
      for (auto k = static_cast<long long>(from) - 1; k <= static_cast<long long>(to) + 1; ++k) {
        const double value = value_of({k * base, e});
        if (value < low || value > high || (!out.ticks.empty() && value <= out.ticks.back().value)) continue;
        found.push_back({k * base, e});
        out.ticks.push_back({.value = value});
      }
      if (static_cast<int>(found.size()) > most) continue;
      if (found.empty()) return out;
      const auto labels = labels_of(found, &out.offset);
      for (std::size_t i = 0; i < found.size(); ++i) out.ticks[i].label = labels[i];
      return out;
    }
  }
}

Ticks log_ticks(double low, double high, int most) {
  const int first = static_cast<int>(std::floor(std::log10(low))), last = static_cast<int>(std::ceil(std::log10(high)));
  const auto inside = [&](double value) { return value >= low && value <= high; };
  std::vector<int> decades;
  for (int e = first; e <= last; ++e) {
    if (inside(value_of({1, e}))) decades.push_back(e);
  }
  Ticks out;
  const auto put = [&](long long m, int e, bool named) {
    const double value = value_of({m, e});
    // Among the smallest numbers of all two may be the same.
    if (!inside(value) || (!out.ticks.empty() && value <= out.ticks.back().value)) return;
    const bool small = e >= -3 && e <= 3;
    out.ticks.push_back({.value = value, .label = !named ? "" : small ? plain_number(m, e) : short_power(m, e)});
  };
  const auto count = static_cast<int>(decades.size());
  if (count < 3 || count > most) {
    for (const auto& set : {std::vector<int>{1, 2, 5}, std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9}}) {
      if (count >= 3) break;
      out.ticks.clear();
      int named = 0;
      for (int e = first - 1; e <= last; ++e) {
        for (int m = 1; m <= 9; ++m) {
          const bool is_named = std::find(set.begin(), set.end(), m) != set.end();
          named += is_named && inside(value_of({m, e}));
          put(m, e, is_named);
        }
      }
      if (named >= 3 && named <= most) return out;
    }
    if (count < 3 && high / low < 30) return number_ticks(low, high, most);
  }
  out.ticks.clear();
  int step = 1;
  for (const int s : {1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000}) {
    step = s;
    int named = 0;
    for (const int e : decades) named += e % s == 0;
    if (named <= most) break;
  }
  for (int e = first - 1; e <= last; ++e) {
    put(1, e, e % step == 0);
    for (int m = 2; m <= 9 && step == 1 && count <= 8; ++m) put(m, e, false);
  }
  return out;
}

}  // namespace imreg::chart

// Decimal numbers as text, from an integer and a power of ten: nothing is rounded.
#include <charconv>
#include <cmath>

#include "chart/ticks.h"

namespace imreg::chart {

std::string plain_number(long long m, int e) {
  std::string digits = std::to_string(m < 0 ? -m : m);
  if (e >= 0) {
    if (m != 0) digits.append(static_cast<std::size_t>(e), '0');
  } else {
    const auto decimals = static_cast<std::size_t>(-e);
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - decimals, ".");
  }
  return (m < 0 ? "-" : "") + digits;
}

std::string short_power(long long m, int e) {
  if (m == 0) return "0";
  while (m % 10 == 0) {
    m /= 10;
    ++e;
  }
  std::string digits = std::to_string(m < 0 ? -m : m);
  const int power = e + static_cast<int>(digits.size()) - 1;
  if (digits.size() > 1) digits.insert(1, ".");
  return (m < 0 ? "-" : "") + digits + "e" + std::to_string(power);
}

std::string short_number(double value, int digits) {
  if (!std::isfinite(value)) return std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf";
  char text[40];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr;
  std::string out(text, end);
  // "1e+06" is longer than "1e6" and says no more.
  if (const auto at = out.find('e'); at != out.npos) {
    const auto first = out.find_first_not_of("+-0", at + 1);
    out = out.substr(0, at) + (out[at + 1] == '-' ? "e-" : "e") + (first == out.npos ? "0" : out.substr(first));
  }
  return out;
}

}  // namespace imreg::chart

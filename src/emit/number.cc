// Floats to text. std::to_chars (Ryu) is the fall-back; the fast paths prove their own result.
//
// float: x has 24 bits and 10^12 has 28 (its twos apart), so x * 10^k is exact in double. Take the first k for which half a
// unit of x's last place is at least 0.5 when multiplied by 10^k (so it is below 5). Then the nearest whole number reads
// back as x, and the interval of all decimals that do so is less than 10 wide: it holds at most one multiple of 10. If there
// is one, that is the answer without its zeros at the end; else the nearest whole number is. Powers of two (the float
// below is nearer than the one above) and ties are left to Ryu.
//
// double: two decimals of at most 15 digits never read back as the same double. So r = round(x * 10^k) below 10^15 with
// r / 10^k == x (one correctly rounded division of exact numbers) is the only candidate; its zeros at the end are cut.
#include "emit/number.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace imreg::emit {

namespace {

constexpr double kPower[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
constexpr std::uint32_t kWholePower[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

// For one binary exponent of a float: how many decimals, and half a unit of the last place in units of the last decimal.
struct Scale {
  double half = 0;
  int decimals = 0;
};
constexpr int kBias = 127;
constexpr int kLowest = -16, kHighest = 22;  // 0.000015 <= x < 2^23; above, every float is a whole number
constexpr auto kScales = [] {
  std::array<Scale, kHighest - kLowest + 1> out{};
  for (int exponent = kLowest; exponent <= kHighest; ++exponent) {
    double half = 1;
    for (int i = exponent; i < 24; ++i) half /= 2;
    int k = 0;
    while (half * kPower[k] < 0.5) ++k;
    out[static_cast<std::size_t>(exponent - kLowest)] = {half * kPower[k], k};
  }
  return out;
}();

// To the nearest, ties to even, for |value| < 2^51; without std::rint, which is a function call on plain x86-64.
double round_even(double value) {
  constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52
  return (value + kMagic) - kMagic;
}

// Eight decimal digits in eight bytes, the first in the lowest byte: three divisions for all of them, in lanes of one word.
std::uint64_t eight_digits(std::uint32_t value) {
  std::uint64_t lanes = value / 10000 | std::uint64_t{value % 10000} << 32;
  std::uint64_t quotient = ((lanes * 10486) >> 20) & 0x0000007f0000007f;  // by 100
  lanes = ((lanes - 100 * quotient) << 16) + quotient;
  quotient = ((lanes * 103) >> 10) & 0x000f000f000f000f;  // by 10
  return ((lanes - 10 * quotient) << 8) + quotient;
}

// The digits as text, without the first `skip` of them. Writes 8 bytes; no byte goes through memory in between.
char* write_digits(char* out, std::uint64_t lanes, int skip) {
  constexpr std::uint64_t kZeros = 0x3030303030303030;
  const std::uint64_t ascii = (lanes | kZeros) >> (8 * skip);
  std::memcpy(out, &ascii, 8);
  return out + 8 - skip;
}

// digits / 10^decimals without zeros at the end, for what is no whole number; whole is its whole part.
// At most 9 digits and 12 decimals; more than 8 decimals only when whole is 0. Writes up to 24 bytes.
char* write_fraction(char* out, std::uint32_t digits, int decimals, std::uint32_t whole) {
  const std::uint64_t front = eight_digits(whole);
  out = write_digits(out, front, whole == 0 ? 7 : std::countr_zero(front) / 8);
  *out++ = '.';
  if (decimals <= 8) {
    const std::uint64_t lanes = eight_digits(digits - whole * kWholePower[decimals]);  // not 0
    return write_digits(out, lanes, 8 - decimals) - std::countl_zero(lanes) / 8;
  }
  std::memset(out, '0', 4);
  out += decimals - 9;
  *out++ = static_cast<char>('0' + digits / 100000000);
  const std::uint64_t lanes = eight_digits(digits % 100000000);
  return write_digits(out, lanes, 0) - (lanes == 0 ? 8 : std::countl_zero(lanes) / 8);
}

// digits / 10^decimals
char* write_decimal(char* out, std::uint64_t digits, int decimals) {
  char text[24];
  char* const end = text + sizeof text;
  char* at = end;
  for (int i = 0; i < decimals; ++i, digits /= 10) *--at = static_cast<char>('0' + digits % 10);
  if (decimals > 0) *--at = '.';
  do {
    *--at = static_cast<char>('0' + digits % 10);
    digits /= 10;
  } while (digits > 0);
  const std::size_t size = static_cast<std::size_t>(end - at);
  std::memcpy(out, at, size);
  return out + size;
}

}  // namespace

char* write_number(char* out, float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const int exponent = static_cast<int>((bits >> 23) & 0xff) - kBias;
  char* at = out;
  if (bits >> 31) *at++ = '-';
  const float x = std::bit_cast<float>(bits & 0x7fffffff);
  if (exponent < 24) {
    const std::uint32_t whole = static_cast<std::uint32_t>(static_cast<std::int32_t>(x));
    if (static_cast<float>(whole) == x) return std::to_chars(at, at + kIntegerSize, whole).ptr;
    if (exponent >= kLowest) {
      const Scale& scale = kScales[static_cast<std::size_t>(exponent - kLowest)];
      const double exact = static_cast<double>(x) * kPower[scale.decimals];
      const double tens = round_even(exact * 0.1) * 10;
      const double ones = round_even(exact);
      const double nearest = std::fabs(tens - exact) > scale.half ? ones : tens;
      const double error = std::fabs(nearest - exact);
      if (error < scale.half && ((bits & 0x7fffff) != 0 || error == 0)) {
        return write_fraction(at, static_cast<std::uint32_t>(static_cast<std::int64_t>(nearest)), scale.decimals,
                              whole);
      }
    }
  }
  return std::to_chars(out, out + kFloatSize, value, std::chars_format::fixed).ptr;
}

char* write_number(char* out, double value) {
  constexpr double kDigits = 1e15;
  char* at = out;
  double x = value;
  if (std::bit_cast<std::uint64_t>(value) >> 63) {
    *at++ = '-';
    x = -x;
  }
  if (x < kDigits) {  // not nan
    const std::uint64_t whole = static_cast<std::uint64_t>(static_cast<std::int64_t>(x));
    if (static_cast<double>(whole) == x) return std::to_chars(at, at + kIntegerSize, whole).ptr;
    if (x < 1e11) {
      int k = x < 1e6 ? 9 : 4;
      const double nearest = round_even(x * kPower[k]);
      if (nearest < kDigits && nearest / kPower[k] == x) {
        std::uint64_t digits = static_cast<std::uint64_t>(static_cast<std::int64_t>(nearest));
        for (; k > 0 && digits % 10 == 0; --k) digits /= 10;
        return write_decimal(at, digits, k);
      }
    }
  }
  return std::to_chars(out, out + kDoubleSize, value, std::chars_format::fixed).ptr;
}

}  // namespace imreg::emit

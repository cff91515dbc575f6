// Floats to text. std::to_chars (Ryu) needs 40-100 ns and is the fall-back; the fast paths prove their own result.
//
// float: for k = 0, 1, ... decimals the nearest decimal is r / 10^k with r = round(x * 10^k). It reads back as x when it is
// nearer than half a unit of x's last place. x has 24 bits and 5^12 has 28: everything is exact in double, so the first k
// that passes is the shortest. A decimal exactly in the middle of two floats, and powers of two (the float below is nearer),
// are left to Ryu.
//
// double: two decimals of at most 15 digits never read back as the same double. So r = round(x * 10^k) below 10^15 with
// r / 10^k == x (one correctly rounded division of exact numbers) is the only candidate; its zeros at the end are cut.
#include "emit/number.h"

#include <bit>
#include <cstring>

namespace imreg::emit {

namespace {

constexpr double kPower[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
constexpr int kMostDecimals = 12;

// To the nearest, ties to even, for |value| < 2^51; without std::rint, which is a function call on plain x86-64.
double round_even(double value) {
  constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52
  return (value + kMagic) - kMagic;
}

// digits / 10^decimals
// digits / 10^decimals; Word is 32 bits where that is enough, for cheaper divisions.
template <class Word>
char* write_decimal(char* out, Word digits, int decimals) {
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
  const std::uint32_t exponent = (bits >> 23) & 0xff;
  const std::uint32_t mantissa = bits & 0x7fffff;
  if (exponent >= 127 + 24 || exponent < 127 - 20) {  // 2^24 and more, nan, inf, below a millionth
    if ((bits << 1) == 0) {
      if (bits != 0) *out++ = '-';
      *out = '0';
      return out + 1;
    }
    return std::to_chars(out, out + kFloatSize, value, std::chars_format::fixed).ptr;
  }
  const double x = std::bit_cast<float>(bits & 0x7fffffff);
  const double half = std::bit_cast<double>(std::uint64_t{exponent - 127 - 24 + 1023} << 52);  // of the last place
  for (int k = 0; k <= kMostDecimals; ++k) {
    const double exact = x * kPower[k];
    const double nearest = round_even(exact);
    const double error = nearest < exact ? exact - nearest : nearest - exact;
    if (error > half * kPower[k]) continue;
    if (error == half * kPower[k] || (mantissa == 0 && error != 0)) break;
    if ((bits >> 31) != 0) *out++ = '-';
    return write_decimal(out, static_cast<std::uint32_t>(static_cast<std::int64_t>(nearest)), k);
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

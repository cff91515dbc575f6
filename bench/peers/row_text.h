// Elixir's row as somebody would write it by hand, with std::to_chars: the text of peers that give values.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace imreg::bench {

inline constexpr std::string_view kTypes[] = {"none",   "object",  "dark",  "bias",  "flat", "mask",
                                              "fringe", "scatter", "modes", "frpts", "any"};
inline constexpr std::string_view kModes[] = {"none", "MEF", "SPLIT", "SINGLE", "CUBE", "SLICE", "MODES"};

inline char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}
inline char* put_word(char* out, std::string_view text) {
  *out++ = ' ';
  if (text.empty()) *out++ = '-';
  for (const char c : text) *out++ = c == ' ' ? '.' : c;
  return out;
}
inline char* put_real(char* out, float value) {
  *out++ = ' ';
  return std::to_chars(out, out + 64, value, std::chars_format::fixed).ptr;
}
inline char* put_statistic(char* out, float value, int state) {
  if (std::isnan(value)) return put(out, (state & 3) == 2 ? " -1" : " 0");
  return put_real(out, value);
}
inline char* put_two(char* out, int value) {
  *out++ = static_cast<char>('0' + value / 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}
// 2001/01/01,01:18:31. Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
inline char* put_time(char* out, double time) {
  const auto seconds = static_cast<std::int64_t>(std::floor(time));
  const std::int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
  const int rest = static_cast<int>(seconds - days * 86400);
  const std::int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<unsigned>(z - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  const int year = static_cast<int>(yoe + static_cast<unsigned>(era * 400)) + (month <= 2 ? 1 : 0);
  *out++ = ' ';
  out = put_two(put_two(out, year / 100), year % 100);
  *out++ = '/';
  out = put_two(out, month);
  *out++ = '/';
  out = put_two(out, static_cast<int>(doy - (153 * mp + 2) / 5 + 1));
  *out++ = ',';
  out = put_two(out, rest / 3600);
  *out++ = ':';
  out = put_two(out, rest / 60 % 60);
  *out++ = ':';
  return put_two(out, rest % 60);
}

}  // namespace imreg::bench

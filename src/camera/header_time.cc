// The forms of dates in headers: fields of digits between separators; the lengths of the fields tell their order.
#include "camera/header_time.h"

#include <array>

#include "base/text.h"
#include "imreg/date.h"

namespace imreg::camera {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

int month_named(std::string_view word) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (word.size() >= 3 && equal_nocase(word.substr(0, 3), kMonths[i])) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<double> midnight(long long year, long long month, long long day) {
  if (year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1) return std::nullopt;
  if (day > days_in_month(year, static_cast<int>(month))) return std::nullopt;
  return 86400.0 * static_cast<double>(days_from_civil(year, static_cast<int>(month), static_cast<int>(day)));
}

long long full_year(long long year) { return year >= 100 ? year : year < 40 ? 2000 + year : 1900 + year; }

// The words "UTC", "UT", "GMT" and "Z" behind a time change nothing.
std::string_view without_zone(std::string_view text) {
  text = trim(text);
  for (std::string_view zone : {"UTC", "GMT", "UT", "Z", "+00:00"}) {
    if (text.size() > zone.size() && equal_nocase(text.substr(text.size() - zone.size()), zone)) {
      return trim(text.substr(0, text.size() - zone.size()));
    }
  }
  return text;
}

// The day at the front of `text`, which is shortened by it.
std::optional<double> take_day(std::string_view& text) {
  std::array<std::string_view, 3> part;
  std::size_t at = 0;
  char separator = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    while (at < text.size() && text[at] == ' ') ++at;  // "27/ 5/84"
    const std::size_t start = at;
    while (at < text.size() && (is_digit(text[at]) || (i == 1 && (lower(text[at]) >= 'a' && lower(text[at]) <= 'z'))))
      ++at;
    part[i] = text.substr(start, at - start);
    if (part[i].empty()) return std::nullopt;
    if (i == 0 && part[0].size() == 8) {  // 19930417
      long long all = 0;
      if (!parse_integer(part[0], all)) return std::nullopt;
      text.remove_prefix(at);
      return midnight(all / 10000, all / 100 % 100, all % 100);
    }
    if (i == 2) break;
    if (at == text.size() || (text[at] != '-' && text[at] != '/' && text[at] != ':' && text[at] != '.'))
      return std::nullopt;
    if (i == 1 && text[at] != separator) return std::nullopt;
    separator = text[at++];
  }
  text.remove_prefix(at);
  std::array<long long, 3> number{};
  for (std::size_t i = 0; i < 3; ++i) {
    if (i == 1 && !is_digit(part[1].front()))
      number[1] = month_named(part[1]);
    else if (!parse_integer(part[i], number[i]))
      return std::nullopt;
  }
  if (part[0].size() == 4) return midnight(number[0], number[1], number[2]);
  // The day comes first with slashes (the FITS form until 1999), with a month in letters, and before a year of
  // four digits.
  if (separator == '/' || !is_digit(part[1].front()) || part[2].size() == 4) {
    return midnight(full_year(number[2]), number[1], number[0]);
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> time_of_day(std::string_view text) {
  text = without_zone(text);
  std::array<double, 3> field{};
  std::size_t at = 0;
  std::size_t count = 0;
  for (; count < 3 && at < text.size(); ++count) {
    const std::size_t start = at;
    while (at < text.size() && (is_digit(text[at]) || (count > 0 && text[at] == '.'))) ++at;
    if (!parse_number(text.substr(start, at - start), field[count])) return std::nullopt;
    if (at == text.size()) continue;
    const char separator = lower(text[at]);
    const bool letter = separator == (count == 0 ? 'h' : count == 1 ? 'm' : 's');
    if (!letter && (count == 2 || (separator != ':' && separator != ' '))) return std::nullopt;
    ++at;
    while (at < text.size() && text[at] == ' ') ++at;
  }
  if (count < 2 || at < text.size()) return std::nullopt;
  const double seconds = 3600 * field[0] + 60 * field[1] + field[2];
  // 60.x seconds are a leap second, 24:00:00 the end of the day.
  if (field[0] > 24 || field[1] >= 60 || field[2] >= 61 || seconds > 86401) return std::nullopt;
  return seconds;
}

std::optional<HeaderDate> header_date(std::string_view text) {
  text = without_zone(text);
  const std::optional<double> day = take_day(text);
  if (!day) return std::nullopt;
  HeaderDate out;
  out.day = *day;
  if (text.empty()) return out;
  if (text.front() != 'T' && text.front() != 't' && text.front() != ' ' && text.front() != ',' && text.front() != '_' &&
      text.front() != '-') {
    return std::nullopt;
  }
  text.remove_prefix(1);
  out.time_of_day = time_of_day(trim(text));
  if (!out.time_of_day) return std::nullopt;
  return out;
}

}  // namespace imreg::camera

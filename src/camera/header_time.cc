// The forms of dates in headers: fields of digits between separators; the lengths of the fields tell their order.
#include "camera/header_time.h"

#include <algorithm>
#include <array>
#include <string>

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

// Without the word for the time scale or zone behind a time: "UTC", "GMT", "_TAI".
std::string_view without_zone(std::string_view text) {
  text = trim(text);
  if (text.empty() || (is_digit(text.back()) && !text.ends_with("+00:00"))) return text;
  for (std::string_view zone : {"UTC", "GMT", "UT", "Z", "+00:00", "_TAI", "_TT", "_TDB", " TAI", " TT", " TDB"}) {
    if (text.size() > zone.size() && equal_nocase(text.substr(text.size() - zone.size()), zone)) {
      text = trim(text.substr(0, text.size() - zone.size()));
      return text.ends_with('_') ? text.substr(0, text.size() - 1) : text;
    }
  }
  return text;
}

// The day of the year: "2003-027", "2003:027".
std::optional<double> day_of_year(long long year, std::string_view digits) {
  long long day = 0;
  if (!parse_integer(digits, day) || day < 1 || day > 366) return std::nullopt;
  const std::optional<double> january = midnight(year, 1, 1);
  if (!january || (day == 366 && days_in_month(year, 2) == 28)) return std::nullopt;
  return *january + 86400.0 * static_cast<double>(day - 1);
}

std::size_t digits_from(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

std::size_t letters_from(std::string_view text, std::size_t at) {
  while (at < text.size() && lower(text[at]) >= 'a' && lower(text[at]) <= 'z') ++at;
  return at;
}

// Day, month and year of three fields, by the order asked for or by their forms.
std::optional<double> day_of_fields(const std::array<std::string_view, 3>& part, char separator, DateOrder order) {
  std::array<long long, 3> number{};
  const bool named = !is_digit(part[1].front());
  for (std::size_t i = 0; i < 3; ++i) {
    if (i == 1 && named)
      number[1] = month_named(part[1]);
    else if (!parse_integer(part[i], number[i]))
      return std::nullopt;
  }
  if (part[0].size() == 4) return midnight(number[0], number[1], number[2]);
  if (order == DateOrder::ymd) return midnight(full_year(number[0]), number[1], number[2]);
  if (order == DateOrder::mdy && !named) return midnight(full_year(number[2]), number[0], number[1]);
  if (order == DateOrder::dmy || named) return midnight(full_year(number[2]), number[1], number[0]);
  // Before a year of four digits the day comes first with points; otherwise Americans write the month first, and only a
  // number above 12 (or twice the same one) tells.
  if (part[2].size() == 4 && separator != '.') {
    if (number[0] <= 12 && number[1] > 12) std::swap(number[0], number[1]);
    if (number[0] <= 12 && number[0] != number[1]) return std::nullopt;
  }
  // With slashes the day comes first (the FITS form until 1999).
  if (separator == '/' || part[2].size() == 4) return midnight(full_year(number[2]), number[1], number[0]);
  return std::nullopt;
}

// "Jan 27 2003", "Mon Jan 27 15:20:01 2003" (what ctime() writes), "Jan 27, 2003 15:20"; `text` keeps the time of day.
std::optional<double> take_named_day(std::string_view& text, std::string& clock) {
  std::size_t at = letters_from(text, 0);
  if (month_named(text.substr(0, at)) == 0 ||
      (at < text.size() && text[at] == ' ' && at + 1 < text.size() && month_named(text.substr(at + 1, 3)) != 0)) {
    // A weekday, perhaps with a comma.
    if (at < text.size() && text[at] == ',') ++at;
    text = trim(text.substr(at));
    at = letters_from(text, 0);
  }
  const long long month = month_named(text.substr(0, at));
  if (month == 0) return std::nullopt;
  long long day = 0, year = 0;
  std::string_view rest = trim(text.substr(at));
  std::size_t end = digits_from(rest, 0);
  if (end == 0 || end > 2 || !parse_integer(rest.substr(0, end), day)) return std::nullopt;
  rest.remove_prefix(end);
  if (rest.starts_with(",")) rest.remove_prefix(1);
  rest = trim(rest);
  for (const std::string_view word : words(rest)) {
    if (word.size() == 4 && digits_from(word, 0) == 4 && year == 0) {
      if (!parse_integer(word, year)) return std::nullopt;
    } else {
      clock += (clock.empty() ? "" : " ") + std::string(word);
    }
  }
  text = {};
  return midnight(year, month, day);
}

// "2003-01-27", as most dates are written.
std::optional<double> plain_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  int digits = 0;
  for (const std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (!is_digit(text[i])) return std::nullopt;
    digits = 10 * digits + (text[i] - '0');
  }
  return midnight(digits / 10000, digits / 100 % 100, digits % 100);
}

// The day at the front of `text`, which is shortened by it.
std::optional<double> take_day(std::string_view& text, DateOrder order) {
  std::array<std::string_view, 3> part;
  std::size_t at = 0;
  char separator = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    while (at < text.size() && text[at] == ' ') ++at;  // "27/ 5/84"
    const std::size_t start = at;
    at = digits_from(text, at);
    if (i == 1 && at == start) at = letters_from(text, at);
    part[i] = text.substr(start, at - start);
    if (part[i].empty()) return std::nullopt;
    if (i == 0 && part[0].size() == 8) {  // 19930417
      long long all = 0;
      if (!parse_integer(part[0], all)) return std::nullopt;
      text.remove_prefix(at);
      return midnight(all / 10000, all / 100 % 100, all % 100);
    }
    if (i == 1 && part[0].size() == 4 && part[1].size() == 3 && is_digit(part[1].front())) {
      long long year = 0;
      if (!parse_integer(part[0], year)) return std::nullopt;
      text.remove_prefix(at);
      return day_of_year(year, part[1]);
    }
    if (i == 2) break;
    if (at == text.size() || (text[at] != '-' && text[at] != '/' && text[at] != ':' && text[at] != '.' &&
                              !(text[at] == ' ' && (i == 1 || !is_digit(text[at + (at + 1 < text.size() ? 1 : 0)])))))
      return std::nullopt;
    if (i == 1 && text[at] != separator) return std::nullopt;
    separator = text[at++];
  }
  text.remove_prefix(at);
  return day_of_fields(part, separator, order);
}

}  // namespace

namespace {

// "15:20:01.5", "1:55:35", as most times of day are written.
std::optional<double> plain_clock(std::string_view text) {
  const std::size_t colon = text.size() > 1 && text[1] == ':' ? 1 : 2;
  if (text.size() < colon + 6 || text[colon] != ':' || text[colon + 3] != ':') return std::nullopt;
  const auto two = [&](std::size_t at) {
    return is_digit(text[at]) && is_digit(text[at + 1]) ? 10 * (text[at] - '0') + text[at + 1] - '0' : 99;
  };
  const int hours = colon == 2 ? two(0) : is_digit(text[0]) ? text[0] - '0' : 99;
  const int minutes = two(colon + 1);
  const std::string_view rest = text.substr(colon + 4);
  double seconds = 0;
  if (two(colon + 4) > 59 || hours > 23 || minutes > 59) return std::nullopt;
  if (rest.size() > 2 && (rest[2] != '.' || digits_from(rest, 3) < rest.size())) return std::nullopt;
  if (!parse_number(rest, seconds)) return std::nullopt;
  return 3600.0 * hours + 60.0 * minutes + seconds;
}

}  // namespace

std::string with_point(std::string_view text) {
  std::string out(text);
  if (const std::size_t comma = text.find(','); comma != text.npos && text.find(',', comma + 1) == text.npos)
    out[comma] = '.';
  return out;
}

std::optional<double> time_of_day(std::string_view text) {
  if (const std::optional<double> seconds = plain_clock(text)) return seconds;
  text = without_zone(text);
  if (starts_nocase(text, "UT ")) text = trim(text.substr(3));
  std::string spread;
  const std::string pointed = with_point(text);  // 15:20:01,5 (ISO 8601)
  text = pointed;
  // 152001, 152001.5: no separators; 15.20.01: points instead.
  const std::size_t digits = digits_from(text, 0);
  if (digits == 6 && (digits == text.size() || text[6] == '.')) {
    spread = std::string(text.substr(0, 2)) + ':' + std::string(text.substr(2, 2)) + ':' + std::string(text.substr(4));
    text = spread;
  } else if (digits > 0 && digits <= 2 && std::count(text.begin(), text.end(), '.') >= 2 &&
             text.find(':') == text.npos) {
    spread = text;
    for (int i = 0; i < 2; ++i) spread[spread.find('.')] = ':';
    text = spread;
  }
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

// Takes "+02:00" from the end of an ISO time; seconds east of Greenwich.
double take_offset(std::string_view& text) {
  constexpr std::size_t kSize = 6;
  if (text.size() < kSize + 12 || text.find('T') == text.npos) return 0;
  const std::string_view zone = text.substr(text.size() - kSize);
  long long hours = 0, minutes = 0;
  if ((zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || digits_from(zone, 1) != 3 ||
      digits_from(zone, 4) != kSize || !parse_integer(zone.substr(1, 2), hours) ||
      !parse_integer(zone.substr(4, 2), minutes) || hours > 14 || minutes > 59)
    return 0;
  text.remove_suffix(kSize);
  return static_cast<double>(zone[0] == '-' ? -1 : 1) * static_cast<double>(3600 * hours + 60 * minutes);
}

std::optional<double> header_number(std::string_view text) {
  double number = 0;
  if (parse_number(text, number)) return number;
  const std::size_t comma = text.find(',');
  if (comma == text.npos) return std::nullopt;
  const std::size_t first = text.find_first_of("0123456789");
  const std::size_t end = digits_from(text, comma + 1), whole = comma - std::min(first, comma);
  const bool thousands = end == comma + 4 && whole <= 3 && text[first] != '0';
  const bool good = whole > 0 && end > comma + 1 && !thousands && parse_number(with_point(text), number);
  return good ? std::optional(number) : std::nullopt;
}

std::optional<HeaderDate> header_date(std::string_view text, DateOrder order) {
  if (const std::optional<double> day = plain_day(text)) return HeaderDate{*day, std::nullopt};
  text = without_zone(text);
  const double east = take_offset(text);
  HeaderDate out;
  std::string clock;
  const bool named = !text.empty() && letters_from(text, 0) >= 3;
  const std::optional<double> day = named ? take_named_day(text, clock) : take_day(text, order);
  if (!day) return std::nullopt;
  out.day = *day;
  if (named) text = clock;
  if (text.empty()) return out;
  if (!named) {
    constexpr std::string_view kBetween = "Tt ,_-:.";
    if (kBetween.find(text.front()) == kBetween.npos) return std::nullopt;
    text.remove_prefix(1);
  }
  out.time_of_day = time_of_day(trim(text));
  if (!out.time_of_day) return std::nullopt;
  *out.time_of_day -= east;
  return out;
}

}  // namespace imreg::camera

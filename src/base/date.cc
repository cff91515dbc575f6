// Reads dates and ranges: one pass from left to right, which knows the column of whatever it did not expect.
// The grammar is described for people in man/imreg-dates.7; both are held against Python's datetime by tests/base.
#include "imreg/date.h"

#include <cmath>

#include "base/date_internal.h"
#include "base/text.h"

namespace imreg {

namespace {

using date_internal::within_calendar;

constexpr double kDay = 86400;
constexpr const char* kUnits = "a unit: s, m (minutes), h, d, M (months) or y";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

// Any one printing character except blank, period and digits.
bool is_separator(char c) { return c > ' ' && c < 0x7f && c != '.' && !is_digit(c); }

// What a clock shows; the last second of a UTC day may be numbered 60, and 24:00:00 is the end of a day.
struct Clock {
  int hour = 0;
  int minute = 0;
  int second = 0;
  double fraction = 0;
  double seconds() const { return hour * 3600 + minute * 60 + second + fraction; }
};

class Reader {
 public:
  Reader(const char* what, std::string_view text) : what_(what), whole_(text), text_(text) {
    text_ = trim(text);
    trimmed_ = text_.empty() ? 0 : static_cast<std::size_t>(text_.data() - whole_.data());
  }

  bool at_end() const { return at_ == text_.size(); }
  bool empty() const { return text_.empty(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool last() const { return at_ + 1 == text_.size(); }
  void skip(std::size_t count = 1) { at_ += count; }
  std::size_t at() const { return at_; }
  std::string_view rest() const { return text_.substr(at_); }

  std::size_t digits() const {
    std::size_t end = at_;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    return end - at_;
  }

  // The next `count` digits (at most 8), which the caller has seen.
  int number(std::size_t count) {
    int value = 0;
    for (; count > 0; --count) value = value * 10 + (text_[at_++] - '0');
    return value;
  }

  // `date "TEXT": column N: WHY`. What cannot be printed shows as ?; a long text is cut.
  Status fail(std::size_t at, const std::string& why) const {
    std::string shown(whole_.substr(0, 60));
    for (char& c : shown) {
      if (c < ' ' || c > '~') c = '?';
    }
    if (whole_.size() > shown.size()) shown += "...";
    return Status(Code::invalid,
                  std::string(what_) + " \"" + shown + "\": column " + std::to_string(trimmed_ + at + 1) + ": " + why);
  }
  Status expected(const std::string& what) const {
    return fail(at_, "expected " + what + (empty() ? "; the text is empty" : at_end() ? ", not the end" : found()));
  }
  std::string found() const {
    const char c = peek();
    if (c == ' ' || c == '\t') return ", not a blank";
    return c > ' ' && c < 0x7f ? std::string(", not ") + c : ", not an unprintable character";
  }

 private:
  const char* what_;
  std::string_view whole_;
  std::string_view text_;
  std::size_t trimmed_ = 0;
  std::size_t at_ = 0;
};

// [sign]digits[.digits], kept as whole days and fraction so that a Julian date loses nothing to its large zero point.
struct Decimal {
  bool negative = false;
  double whole = 0;
  double fraction = 0;
  double value() const { return (negative ? -1 : 1) * (whole + fraction); }
};

// The digits behind a decimal sign, as 0.ddd. More than 15 say nothing that a double could hold.
double read_fraction(Reader& in) {
  constexpr double kPowers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  double digits = 0;
  int count = 0;
  for (; is_digit(in.peek()); in.skip()) {
    if (count == 15) continue;
    digits = digits * 10 + (in.peek() - '0');
    ++count;
  }
  return digits / kPowers[count];
}

// False when there is no digit at all. Too many digits give a huge number or infinity, which the range checks refuse.
bool read_decimal(Reader& in, Decimal& out) {
  if (in.peek() == '+' || in.peek() == '-') {
    out.negative = in.peek() == '-';
    in.skip();
  }
  const std::size_t first = in.at();
  for (; is_digit(in.peek()); in.skip()) out.whole = out.whole * 10 + (in.peek() - '0');
  std::size_t count = in.at() - first;
  if (in.peek() == '.') {
    in.skip();
    const std::size_t start = in.at();
    out.fraction = read_fraction(in);
    count += in.at() - start;
  }
  return count > 0;
}

// True for a character that can be the unit of a range.
bool is_unit(char c) {
  return c == 'm' || c == 'M' || lower(c) == 's' || lower(c) == 'h' || lower(c) == 'd' || lower(c) == 'y';
}

Result<Duration> duration_of(const Reader& in, const Decimal& number, char unit) {
  const double value = number.value();
  Duration out;
  if (unit == 'M' || lower(unit) == 'y') {
    const double months = unit == 'M' ? value : value * 12;
    if (!(std::abs(months) <= 12 * 9999)) return in.fail(0, "the length of time is more than 9999 years");
    if (months != std::floor(months)) {
      return in.fail(0, "months must be whole (years: twelfths); give the rest in days");
    }
    out.months = static_cast<int>(months);
    return out;
  }
  const double scale = unit == 'm' ? 60 : lower(unit) == 'h' ? 3600 : lower(unit) == 'd' ? kDay : 1;
  out.seconds = value * scale;
  if (!(std::abs(out.seconds) <= 9999 * 366 * kDay)) return in.fail(0, "the length of time is more than 9999 years");
  return out;
}

// Julian dates count days from noon: JD 2440587.5 is 1970-01-01T00. Modified ones from midnight: MJD 40587.
double time_of_jd(const Decimal& day) {
  const double sign = day.negative ? -1 : 1;
  return (sign * day.whole - 2440587) * kDay + (sign * day.fraction - 0.5) * kDay;
}
double time_of_mjd(const Decimal& day) {
  const double sign = day.negative ? -1 : 1;
  return (sign * day.whole - 40587) * kDay + sign * day.fraction * kDay;
}

// One field of one or two digits, min..max.
Status read_field(Reader& in, const char* name, int min, int max, int& value) {
  const std::size_t at = in.at();
  const std::size_t count = in.digits();
  if (count == 0) return in.expected(std::string("the digits of the ") + name);
  if (count > 2) return in.fail(at, std::string(name) + " has more than two digits");
  value = in.number(count);
  if (value < min || value > max) {
    return in.fail(at, std::string(name) + " " + std::to_string(value) + " is not " + std::to_string(min) + ".." +
                           std::to_string(max));
  }
  return {};
}

// The checks that need the whole clock.
Status check_clock(const Reader& in, std::size_t at, const Clock& clock) {
  if (clock.hour == 24 && clock.seconds() != 24 * 3600)
    return in.fail(at, "hour 24 is only 24:00:00, the end of a day");
  return {};
}

// .fff or ,fff behind the seconds (ISO 8601 allows both signs).
Status read_second_fraction(Reader& in, Clock& clock) {
  if (in.peek() != '.' && in.peek() != ',') return {};
  in.skip();
  if (in.digits() == 0) return in.expected("the decimals of the second");
  clock.fraction = read_fraction(in);
  return {};
}

// In hh:mm+hh and in all behind a T, + and - begin the zone; elsewhere they are separators like any other.
bool at_zone(const Reader& in, bool iso) {
  const char c = in.peek();
  return (lower(c) == 'z' && in.last()) || (iso && (c == '+' || c == '-'));
}

// hh[:mm[:ss[.fff]]] up to the zone or the end.
Status read_clock(Reader& in, bool iso, Clock& clock) {
  const std::size_t start = in.at();
  IMREG_TRY(read_field(in, "hour", 0, 24, clock.hour));
  if (in.at_end() || at_zone(in, iso)) return check_clock(in, start, clock);
  if (!is_separator(in.peek())) return in.expected("a separator and the minute");
  iso = iso || in.peek() == ':';
  in.skip();
  IMREG_TRY(read_field(in, "minute", 0, 59, clock.minute));
  if (in.at_end() || at_zone(in, iso)) return check_clock(in, start, clock);
  if (!is_separator(in.peek())) return in.expected("a separator and the second");
  in.skip();
  IMREG_TRY(read_field(in, "second", 0, 60, clock.second));
  IMREG_TRY(read_second_fraction(in, clock));
  return check_clock(in, start, clock);
}

// hh, hhmm or hhmmss[.fff], the clock of ISO 8601's basic format.
Status read_basic_clock(Reader& in, Clock& clock) {
  const std::size_t start = in.at();
  const std::size_t count = in.digits();
  clock.hour = in.number(2);
  if (clock.hour > 24) return in.fail(start, "hour " + std::to_string(clock.hour) + " is not 0..24");
  clock.minute = in.number(2);
  if (clock.minute > 59) return in.fail(start + 2, "minute " + std::to_string(clock.minute) + " is not 0..59");
  if (count == 6) {
    clock.second = in.number(2);
    if (clock.second > 60) return in.fail(start + 4, "second " + std::to_string(clock.second) + " is not 0..60");
    IMREG_TRY(read_second_fraction(in, clock));
  }
  return check_clock(in, start, clock);
}

// dd/mm/yyyy, mm/dd/yyyy and the like: two short fields and a year behind them.
bool year_stands_last(Reader in) {
  for (int i = 0; i < 2; ++i) {
    const std::size_t count = in.digits();
    if (count < 1 || count > 2) return false;
    in.skip(count);
    if (in.at_end() || (!is_separator(in.peek()) && in.peek() != '.')) return false;
    in.skip();
  }
  return in.digits() == 4;
}

// Z, +hh, +hhmm or +hh:mm; `seconds` east of UTC.
Status read_zone(Reader& in, double& seconds) {
  if (lower(in.peek()) == 'z') {
    in.skip();
    seconds = 0;
    return {};
  }
  const double sign = in.peek() == '-' ? -1 : 1;
  in.skip();
  const std::size_t at = in.at();
  const std::size_t count = in.digits();
  if (count != 2 && count != 4) return in.expected("a zone: Z, +hh, +hhmm or +hh:mm");
  const int hours = in.number(2);
  int minutes = 0;
  if (count == 4) {
    minutes = in.number(2);
  } else if (in.peek() == ':') {
    in.skip();
    if (in.digits() != 2) return in.expected("two digits of zone minutes");
    minutes = in.number(2);
  }
  if (hours > 23 || minutes > 59) return in.fail(at, "zone is not within 23:59 hours of UTC");
  seconds = sign * (hours * 3600 + minutes * 60);
  return {};
}

// The time of a clock on the day that begins `day_start`, UTC. Second 60 exists only where a UTC day ends.
Result<double> time_of_clock(const Reader& in, std::size_t at, double day_start, const Clock& clock) {
  const double time = day_start + clock.seconds();
  if (clock.second == 60 && std::fmod(day_start + clock.hour * 3600 + clock.minute * 60 + 60, kDay) != 0) {
    return in.fail(at, "second 60 is only the leap second 23:59:60 UTC");
  }
  return time;
}

Result<double> read_today(Reader& in, const DateSettings& settings) {
  const double shift = settings.tz_hours * 3600;
  const double day_start = std::floor((settings.now + shift) / kDay) * kDay - shift;
  in.skip(5);
  if (in.at_end()) return day_start;
  if (!is_separator(in.peek()) || (is_letter(in.peek()) && lower(in.peek()) != 't')) {
    return in.expected("a comma and hh:mm:ss, or nothing, behind TODAY");
  }
  in.skip();
  const std::size_t at = in.at();
  Clock clock;
  IMREG_TRY(read_clock(in, false, clock));
  if (!in.at_end()) return in.expected("the end");
  return time_of_clock(in, at, day_start, clock);
}

Result<double> read_word(Reader& in, const DateSettings& settings) {
  if (equal_nocase(in.rest(), "now")) return settings.now;
  if (starts_nocase(in.rest(), "today")) return read_today(in, settings);
  const bool modified = starts_nocase(in.rest(), "mjd");
  if (!modified && !starts_nocase(in.rest(), "jd")) {
    return in.expected("a date such as 2003/01/27,15:20:01, NOW, TODAY, 2452667.139j, mjd52666.639 or 12045.5d");
  }
  in.skip(modified ? 3 : 2);
  Decimal day;
  if (!read_decimal(in, day)) return in.expected("a number of days");
  if (!in.at_end()) return in.expected("the end");
  return modified ? time_of_mjd(day) : time_of_jd(day);
}

// yyyy, yy or yyyymmdd; `basic` tells that month and day are read too.
Status read_year(Reader& in, CivilDate& date, bool& basic, bool& century) {
  const std::size_t count = in.digits();
  basic = count == 8;
  century = count != 2;
  if (count != 2 && count != 4 && count != 8) {
    return in.fail(in.at(),
                   "a year has 2 or 4 digits; a number needs " + std::string(kUnits) + ", or j or J (Julian dates)");
  }
  date.year = in.number(basic ? 4 : count);
  if (!century) date.year += date.year < 50 ? 2000 : 1900;
  if (!basic) return {};
  const std::size_t at = in.at();
  date.month = in.number(2);
  if (date.month < 1 || date.month > 12) return in.fail(at, "month " + std::to_string(date.month) + " is not 1..12");
  date.day = in.number(2);
  return {};
}

// `short_year`: of two digits, so the text may have been meant the other way round.
Status check_day(const Reader& in, std::size_t at, const CivilDate& date, bool short_year) {
  constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
  const int days = days_in_month(date.year, date.month);
  if (date.day >= 1 && date.day <= days) return {};
  return in.fail(at, "day " + std::to_string(date.day) + " is not 1.." + std::to_string(days) + ", the days of " +
                         kMonths[date.month - 1] + " " + std::to_string(date.year) +
                         (short_year ? " (the year comes first)" : ""));
}

// The separator before the next field, or why there is none.
Status read_separator(Reader& in, const char* next, bool letters) {
  if (!is_separator(in.peek())) return in.expected(std::string("a separator and the ") + next + " (or Z, or the end)");
  if (!letters && is_letter(in.peek())) {
    return in.fail(in.at(), "a letter is no separator behind a year of two digits");
  }
  in.skip();
  return {};
}

Result<double> read_calendar(Reader& in, const DateSettings& settings) {
  CivilDate date;
  Clock clock;
  bool basic = false;
  bool century = false;
  std::size_t clock_at = 0;
  double zone = settings.tz_hours * 3600;
  const auto more = [&in] { return !in.at_end() && !at_zone(in, false); };

  IMREG_TRY(read_year(in, date, basic, century));
  if (basic) IMREG_TRY(check_day(in, in.at() - 2, date, false));
  if (!basic && !in.at_end()) {
    IMREG_TRY(read_separator(in, "month", century));
    IMREG_TRY(read_field(in, "month", 1, 12, date.month));
    if (!in.at_end()) {
      IMREG_TRY(read_separator(in, "day", century));
      const std::size_t at = in.at();
      IMREG_TRY(read_field(in, "day", 0, 99, date.day));
      IMREG_TRY(check_day(in, at, date, !century));
    }
  }
  if (more()) {
    const bool iso = lower(in.peek()) == 't';
    IMREG_TRY(read_separator(in, "hour", true));
    clock_at = in.at();
    const std::size_t count = in.digits();
    if (basic && (count == 4 || count == 6)) {
      IMREG_TRY(read_basic_clock(in, clock));
    } else {
      IMREG_TRY(read_clock(in, iso, clock));
    }
  }
  if (!in.at_end()) {
    if (!at_zone(in, true)) return in.expected("the end or a zone (Z, +hh:mm)");
    IMREG_TRY(read_zone(in, zone));
    if (!in.at_end()) return in.expected("the end");
  }
  const double midnight = static_cast<double>(days_from_civil(date.year, date.month, date.day)) * kDay;
  return time_of_clock(in, clock_at, midnight - zone, clock);
}

// A number with a suffix, or a calendar date: what follows the first number tells.
Result<double> read_numeric(Reader& in, const DateSettings& settings) {
  Reader number = in;
  Decimal value;
  const bool plain = is_digit(in.peek());
  const bool some = read_decimal(number, value);
  if (some && !number.at_end() && number.last()) {
    const char suffix = number.peek();
    if (suffix == 'j') return time_of_jd(value);
    if (suffix == 'J') return time_of_mjd(value);
    if (is_unit(suffix)) {
      IMREG_ASSIGN(const Duration since, duration_of(in, value, suffix));
      return add(settings.reference.value_or(0), since);
    }
  }
  if (year_stands_last(in)) return in.fail(0, "the year comes first, such as 2001/01/27");
  // A sign or a decimal point makes it a number that wants its unit.
  if (!plain || in.digits() < number.at()) {
    if (!some) return number.expected("a number");
    return number.expected("j (Julian date), J (modified Julian date) or " + std::string(kUnits));
  }
  return read_calendar(in, settings);
}

}  // namespace

Result<double> parse_date(std::string_view text, const DateSettings& settings) {
  Reader in("date", text);
  const char first = in.peek();
  const bool numeric = is_digit(first) || first == '+' || first == '-' || first == '.';
  Reader start = in;
  IMREG_ASSIGN(const double time, numeric ? read_numeric(in, settings) : read_word(in, settings));
  if (!within_calendar(time)) return start.fail(0, "the time is not within the years 0000 to 9999");
  return time;
}

Result<Duration> parse_duration(std::string_view text) {
  Reader in("range", text);
  const Reader start = in;
  if (in.empty()) return in.expected("a range such as 1d, -12h or 3M");
  Decimal number;
  if (!read_decimal(in, number)) return in.expected("a number");
  if (!is_unit(in.peek())) return in.expected(kUnits);
  const char unit = in.peek();
  in.skip();
  if (!in.at_end()) return in.expected("the end");
  return duration_of(start, number, unit);
}

double add(double time, const Duration& duration) {
  // Far beyond every calendar, and still far from where the integers below would overflow.
  if (!(std::abs(time) < 1e14)) return std::nan("");
  if (duration.months != 0) {
    const double day = std::floor(time / kDay);
    const CivilDate date = civil_from_days(static_cast<long long>(day));
    const long long months = date.year * 12 + (date.month - 1) + duration.months;
    const long long year = months >= 0 ? months / 12 : (months - 11) / 12;
    const int month = static_cast<int>(months - year * 12) + 1;
    const int last = days_in_month(year, month);
    const long long moved = days_from_civil(year, month, date.day < last ? date.day : last);
    time += (static_cast<double>(moved) - day) * kDay;
  }
  return time + duration.seconds;
}

TimeRange range_from(double date, const Duration& range) {
  const double other = add(date, range);
  return other < date ? TimeRange{other, date} : TimeRange{date, other};
}

}  // namespace imreg

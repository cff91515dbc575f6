// Dates and ranges as people type them: one grammar for every program (man 7 imreg-dates).
// A time is a double: seconds since 1970-01-01T00:00:00 UTC, without leap seconds (POSIX).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "imreg/status.h"

namespace imreg {

struct DateSettings {
  double now = 0;                   ///< what NOW and TODAY mean; a program passes the clock once
  double tz_hours = 0;              ///< -tz H: typed dates are in this zone, H hours east of UTC
  std::optional<double> reference;  ///< REFDATE: zero point of a bare number + unit; default 1970-01-01 UTC
};

/// A length of time. Months are calendar-true, so they cannot be seconds.
struct Duration {
  double seconds = 0;
  int months = 0;
};

/// NOW, TODAY[,hh[:mm[:ss]]], [yy]yy/mm/dd,hh:mm:ss[.fff] with any separators, ISO 8601 with Z or offset,
/// 2452667.139j, 52666.639J, jd..., mjd..., number + unit. Blanks around it are allowed.
/// Error: invalid, `date "2003/13/01": column 6: month 13 is not 1..12`; also for what is not within the years 0000 to
/// 9999.
/// Leap second: 23:59:60 is 00:00:00 of the next day. Zone: only calendar forms and TODAY without an offset of their
/// own are in tz_hours.
Result<double> parse_date(std::string_view text, const DateSettings& settings);

/// A sign, a number and one of s m h d M y. Error: invalid, with the column; also for a part of a month.
Result<Duration> parse_duration(std::string_view text);

/// `time` moved by a duration, the months first; 31 January + 1M is the last day of February. NaN when `time` is no
/// real time.
double add(double time, const Duration& duration);

struct TimeRange {
  double first = 0;
  double last = 0;  ///< included
};

/// `-time DATE RANGE` and the second form of `-trange`: of length RANGE from DATE on, before DATE when RANGE is
/// negative.
TimeRange range_from(double date, const Duration& range);

/// "2003-01-27T15:20:01Z", rounded to the nearest; decimals only when the time has them (at most 3, trailing zeros
/// cut) unless
/// `decimals` is 0..6. `tz_hours` (rounded to minutes) shifts and writes the offset instead of Z.
/// Empty for NaN and for what is not within the years 0000 to 9999.
std::string format_iso(double time, int decimals = -1, double tz_hours = 0);

/// "2003/01/27,15:20:01": whole seconds, rounded down (Elixir's form). "-" for NaN and what is not within the years
/// 0000 to 9999.
std::string format_elixir(double time, double tz_hours = 0);

/// The same texts written to `out`, which has room for this many characters; no zero at the end. Returns the end.
/// For the inner loops: no allocation, no locale, some nanoseconds.
inline constexpr int kIsoSize = 32;
inline constexpr int kElixirSize = 19;
char* write_iso(char* out, double time, int decimals = -1, double tz_hours = 0);
char* write_elixir(char* out, double time, double tz_hours = 0);

/// Days from 1970-01-01 of a proleptic Gregorian date; month 1..12, day 1..31 are the caller's promise.
long long days_from_civil(long long year, int month, int day);

struct CivilDate {
  long long year = 1970;
  int month = 1;
  int day = 1;
};
/// The inverse of days_from_civil.
CivilDate civil_from_days(long long days);
/// 28..31.
int days_in_month(long long year, int month);

/// The current time.
double current_time();

}  // namespace imreg

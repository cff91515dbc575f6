// Times as text, and the proleptic Gregorian calendar below it.
// Calendar arithmetic in eras of 400 years that begin in March: Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms".
// Digits are written by hand: searches print a million rows a second, and streams, snprintf and gmtime cost 10 times
// more.
#include <chrono>
#include <cstdint>
#include <cstring>

#include "base/date_internal.h"
#include "imreg/date.h"

namespace imreg {

long long days_from_civil(long long year, int month, int day) {
  if (month <= 2) --year;
  const long long era = (year >= 0 ? year : year - 399) / 400;
  const long long year_of_era = year - era * 400;
  const long long day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const long long day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

namespace {

constexpr std::int64_t kDaysToEra = 719468;  // from 0000-03-01 to 1970-01-01
constexpr std::int64_t kDaysPerEra = 146097;

// The date of a day of an era; `year` is that of the era's start. All 32 bits and unsigned: the divisions become
// multiplications.
void civil_from_day_of_era(std::uint32_t day_of_era, std::uint32_t& year, std::uint32_t& month, std::uint32_t& day) {
  const std::uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint32_t march_month = (5 * day_of_year + 2) / 153;
  day = day_of_year - (153 * march_month + 2) / 5 + 1;
  month = march_month < 10 ? march_month + 3 : march_month - 9;
  year = year_of_era + (month <= 2 ? 1 : 0);
}

struct Pairs {
  char digits[200];
  constexpr Pairs() : digits() {
    for (int i = 0; i < 100; ++i) {
      digits[2 * i] = static_cast<char>('0' + i / 10);
      digits[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr Pairs kPairs;

char* write_pair(char* out, std::uint32_t value) {
  std::memcpy(out, kPairs.digits + 2 * value, 2);
  return out + 2;
}

// 19 characters; `seconds` is within the calendar.
char* write_civil(char* out, std::int64_t seconds, char date_separator, char time_separator) {
  // An era and the days to it are added so that all years from 0000 on count from a positive day.
  const std::uint64_t positive = static_cast<std::uint64_t>(seconds + (kDaysToEra + kDaysPerEra) * 86400);
  const std::uint32_t days = static_cast<std::uint32_t>(positive / 86400);
  const std::uint32_t second_of_day = static_cast<std::uint32_t>(positive - std::uint64_t{days} * 86400);
  const std::uint32_t era = days / kDaysPerEra;
  std::uint32_t year, month, day;
  civil_from_day_of_era(days - era * static_cast<std::uint32_t>(kDaysPerEra), year, month, day);
  year += era * 400 - 400;
  const std::uint32_t minutes = second_of_day / 60;
  out = write_pair(out, year / 100);
  out = write_pair(out, year % 100);
  *out++ = date_separator;
  out = write_pair(out, month);
  *out++ = date_separator;
  out = write_pair(out, day);
  *out++ = time_separator;
  out = write_pair(out, minutes / 60);
  *out++ = ':';
  out = write_pair(out, minutes % 60);
  *out++ = ':';
  return write_pair(out, second_of_day - minutes * 60);
}

// Rounds down; without std::floor, which is a function call on plain x86-64.
std::int64_t whole_seconds(double time) {
  const std::int64_t cut = static_cast<std::int64_t>(time);
  return static_cast<double>(cut) > time ? cut - 1 : cut;
}

// Minutes of a zone; a zone that no clock has is UTC.
int zone_minutes(double tz_hours) {
  if (!(tz_hours > -100 && tz_hours < 100)) return 0;
  return static_cast<int>(tz_hours * 60 + (tz_hours < 0 ? -0.5 : 0.5));
}

}  // namespace

CivilDate civil_from_days(long long days) {
  const long long shifted = days + kDaysToEra;
  const long long era = (shifted >= 0 ? shifted : shifted - (kDaysPerEra - 1)) / kDaysPerEra;
  std::uint32_t year, month, day;
  civil_from_day_of_era(static_cast<std::uint32_t>(shifted - era * kDaysPerEra), year, month, day);
  return {static_cast<long long>(year) + era * 400, static_cast<int>(month), static_cast<int>(day)};
}

int days_in_month(long long year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

char* write_iso(char* out, double time, int decimals, double tz_hours) {
  using namespace date_internal;
  if (!within_calendar(time)) return out;
  constexpr int kTicks[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
  int places = decimals < 0 ? 3 : decimals > 6 ? 6 : decimals;
  const int zone = zone_minutes(tz_hours);
  std::int64_t seconds = whole_seconds(time);
  int ticks = static_cast<int>((time - static_cast<double>(seconds)) * kTicks[places] + 0.5);
  if (ticks == kTicks[places]) {  // rounded up to the next second, never to :60; there is none behind the year 9999
    const bool next = static_cast<double>(seconds + 1) < kEndTime;
    ticks = next ? 0 : ticks - 1;
    seconds += next ? 1 : 0;
  }
  seconds += zone * 60;
  if (!within_calendar(static_cast<double>(seconds))) return out;
  out = write_civil(out, seconds, '-', 'T');
  if (decimals < 0) {
    while (places > 0 && ticks % 10 == 0) {
      ticks /= 10;
      --places;
    }
  }
  if (places > 0) {
    *out = '.';
    for (int i = places; i > 0; --i, ticks /= 10) out[i] = static_cast<char>('0' + ticks % 10);
    out += places + 1;
  }
  if (zone == 0) {
    *out++ = 'Z';
    return out;
  }
  const std::uint32_t size = static_cast<std::uint32_t>(zone < 0 ? -zone : zone);
  *out++ = zone < 0 ? '-' : '+';
  out = write_pair(out, size / 60);
  *out++ = ':';
  return write_pair(out, size % 60);
}

char* write_elixir(char* out, double time, double tz_hours) {
  using namespace date_internal;
  if (within_calendar(time)) {
    const std::int64_t seconds = whole_seconds(time) + zone_minutes(tz_hours) * 60;
    if (within_calendar(static_cast<double>(seconds))) return write_civil(out, seconds, '/', ',');
  }
  *out = '-';
  return out + 1;
}

std::string format_iso(double time, int decimals, double tz_hours) {
  char text[kIsoSize];
  return std::string(text, write_iso(text, time, decimals, tz_hours));
}

std::string format_elixir(double time, double tz_hours) {
  char text[kElixirSize];
  return std::string(text, write_elixir(text, time, tz_hours));
}

double current_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace imreg

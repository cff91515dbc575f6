// Ticks of times. A label has two parts: the larger unit above (a date, a year), where it begins; the smaller one below.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "chart/ticks.h"
#include "imreg/date.h"

namespace imreg::chart {
namespace {

constexpr double kDay = 86400;
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// With zeros in front.
std::string padded(long long number, std::size_t digits) {
  std::string out = std::to_string(number);
  return out.size() < digits ? std::string(digits - out.size(), '0') + out : out;
}

std::string date_of(const CivilDate& date) {
  return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2);
}

// Seconds of a day as a clock shows them.
std::string clock_of(double seconds, double step) {
  const int decimals = step >= 1 ? 0 : std::min(6, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  const auto whole = static_cast<long long>(std::floor(seconds + 1e-7));
  std::string out = padded(whole / 3600, 2) + ":" + padded(whole / 60 % 60, 2);
  if (step >= 60) return out;
  out += ":" + padded(whole % 60, 2);
  if (decimals > 0) {
    char text[16];
    std::snprintf(text, sizeof text, "%.*f", decimals, std::max(0.0, seconds - static_cast<double>(whole)));
    out += text + 1;
  }
  return out;
}

struct Collector {
  double low, high, shift;
  int most;
  Ticks out{};
  std::string last_upper{};

  // `local` is the time on the clocks of the zone. False: too many.
  bool put(double local, std::string label, const std::string& upper) {
    const double value = local - shift;
    if (value < low || value > high) return true;
    if (static_cast<int>(out.ticks.size()) >= most) return false;
    out.ticks.push_back({value, std::move(label), upper == last_upper ? "" : upper});
    last_upper = upper;
    return true;
  }
};

bool clock_ticks(Collector& all, double step) {
  // Count from the day's beginning: a step divides a day.
  const double day = std::floor((all.low + all.shift) / kDay) * kDay;
  const double first = std::ceil((all.low + all.shift - day) / step - 1e-6);
  for (double k = first;; ++k) {
    const double local = day + k * step;
    if (local - all.shift > all.high) return true;
    const double of_day = std::floor((local + 1e-7) / kDay);
    if (!all.put(local, clock_of(local - of_day * kDay, step),
                 date_of(civil_from_days(static_cast<long long>(of_day)))))
      return false;
  }
}

bool day_ticks(Collector& all, int step) {
  for (auto day = static_cast<long long>(std::floor((all.low + all.shift) / kDay));; ++day) {
    if (static_cast<double>(day) * kDay - all.shift > all.high) return true;
    const CivilDate date = civil_from_days(day);
    // Steps of several days begin anew with each month, and leave out the crowded end of it.
    if ((date.day - 1) % step != 0 || (step > 1 && date.day + step / 2 > 31)) continue;
    const std::string label = std::string(kMonths[date.month - 1]) + " " + std::to_string(date.day);
    if (!all.put(static_cast<double>(day) * kDay, label, std::to_string(date.year))) return false;
  }
}

bool month_ticks(Collector& all, int step) {
  const CivilDate begin = civil_from_days(static_cast<long long>(std::floor((all.low + all.shift) / kDay)));
  for (long long month = begin.year * 12 + (begin.month - 1) / step * step;; month += step) {
    const double local = static_cast<double>(days_from_civil(month / 12, static_cast<int>(month % 12) + 1, 1)) * kDay;
    if (local - all.shift > all.high) return true;
    const std::string year = std::to_string(month / 12);
    if (!all.put(local, step >= 12 ? year : kMonths[month % 12], step >= 12 ? "" : year)) return false;
  }
}

bool year_ticks(Collector& all, int step) {
  const CivilDate begin = civil_from_days(static_cast<long long>(std::floor((all.low + all.shift) / kDay)));
  for (long long year = begin.year / step * step; year <= 9999; year += step) {
    const double local = static_cast<double>(days_from_civil(year, 1, 1)) * kDay;
    if (local - all.shift > all.high) return true;
    if (!all.put(local, std::to_string(year), "")) return false;
  }
  return true;
}

}  // namespace

Ticks time_ticks(double low, double high, double tz_hours, int most) {
  // Outside of the years 0000 to 9999 there is no calendar; below 10 microseconds no clock.
  if (format_iso(low).empty() || format_iso(high).empty() || high - low < 3e-5) return number_ticks(low, high, most);
  struct Step {
    double seconds;  // about
    bool (*fill)(Collector&, int);
    int number;
  };
  constexpr double kClock[] = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3,  5e-3,  0.01, 0.02,
                               0.05, 0.1,  0.2,  0.5,  1,    2,    5,    10,    15,    30,   60,
                               120,  300,  600,  900,  1800, 3600, 7200, 10800, 21600, 43200};
  const Step calendar[] = {{kDay, day_ticks, 1},        {2 * kDay, day_ticks, 2},    {5 * kDay, day_ticks, 5},
                           {10 * kDay, day_ticks, 10},  {15 * kDay, day_ticks, 15},  {30 * kDay, month_ticks, 1},
                           {61 * kDay, month_ticks, 2}, {91 * kDay, month_ticks, 3}, {182 * kDay, month_ticks, 6},
                           {365 * kDay, year_ticks, 1}};
  const double span = high - low;
  const auto fresh = [&] { return Collector{low, high, tz_hours * 3600, most}; };
  for (const double step : kClock) {
    if (span / step > most + 1) continue;
    if (auto all = fresh(); clock_ticks(all, step)) return all.out;
  }
  for (const auto& step : calendar) {
    if (span / step.seconds > 2 * most + 2) continue;
    if (auto all = fresh(); step.fill(all, step.number)) return all.out;
  }
  for (int years = 1; years < 10000; years *= 10) {
    for (const int base : {1, 2, 5}) {
      if (auto all = fresh(); year_ticks(all, base * years)) return all.out;
    }
  }
  return number_ticks(low, high, most);
}

}  // namespace imreg::chart

// ERFA's leap seconds and TDB on our seconds. Everything goes through TAI.
#include "sky/time_scale.h"

#include <erfa.h>

#include <cmath>
#include <string>

#include "base/text.h"
#include "imreg/date.h"

namespace imreg {

namespace {

constexpr double kDay = 86400;
constexpr double kTtMinusTai = 32.184;
constexpr double kTaiMinusGps = 19;
constexpr double kJd1970 = 2440587.5;
constexpr double kMjd1970 = 40587;

// TAI - UTC at a UTC. ERFA's warnings (before 1960, years after its table) come with the best value there is.
double tai_minus_utc(double utc) {
  const double day = std::floor(utc / kDay);
  const CivilDate date = civil_from_days(static_cast<long long>(day));
  double delta = 0;
  if (eraDat(static_cast<int>(date.year), date.month, date.day, utc / kDay - day, &delta) < 0) return std::nan("");
  return delta;
}

double tdb_minus_tt(double tt) { return eraDtdb(kJd1970, tt / kDay, 0, 0, 0, 0); }

double to_tai(double time, TimeScale from) {
  switch (from) {
    case TimeScale::utc: return time + tai_minus_utc(time);
    case TimeScale::tai: return time;
    case TimeScale::tt: return time - kTtMinusTai;
    case TimeScale::tdb: return time - tdb_minus_tt(time) - kTtMinusTai;  // its argument may be off by 2 ms
    case TimeScale::gps: return time + kTaiMinusGps;
  }
  return std::nan("");
}

double from_tai(double tai, TimeScale to) {
  switch (to) {
    case TimeScale::utc: {
      // The offset at the answer, not at the question. During a leap second POSIX time repeats, and so does this.
      double utc = tai - tai_minus_utc(tai);
      for (int i = 0; i < 3; ++i) utc = tai - tai_minus_utc(utc);
      return utc;
    }
    case TimeScale::tai: return tai;
    case TimeScale::tt: return tai + kTtMinusTai;
    case TimeScale::tdb: return tai + kTtMinusTai + tdb_minus_tt(tai + kTtMinusTai);
    case TimeScale::gps: return tai - kTaiMinusGps;
  }
  return std::nan("");
}

}  // namespace

Result<TimeScale> time_scale_named(std::string_view name) {
  const std::string word = to_upper(trim(name));
  if (word.empty() || word == "UTC" || word == "UT" || word == "GMT" || word == "UT1") return TimeScale::utc;
  if (word == "TAI" || word == "IAT") return TimeScale::tai;
  if (word == "TT" || word == "TDT" || word == "ET") return TimeScale::tt;
  if (word == "TDB") return TimeScale::tdb;
  if (word == "GPS") return TimeScale::gps;
  return Status(Code::invalid, "the time scale \"" + word.substr(0, 30) + "\" is none of UTC, TAI, TT, TDB, GPS");
}

double convert_time(double time, TimeScale from, TimeScale to) {
  constexpr double kFirst = -1.88e11, kLast = 2.534e11;
  if (!(time > kFirst && time < kLast)) return std::nan("");
  return from == to ? time : from_tai(to_tai(time, from), to);
}

double jd_from_time(double time) { return time / kDay + kJd1970; }
double mjd_from_time(double time) { return time / kDay + kMjd1970; }

// The zero point is subtracted first: that difference of doubles is exact near our times.
double time_from_jd(double jd, double fraction) { return (jd - kJd1970) * kDay + fraction * kDay; }
double time_from_mjd(double mjd, double fraction) { return (mjd - kMjd1970) * kDay + fraction * kDay; }

}  // namespace imreg

// Time scales of astronomy on the clock of the house: seconds since 1970-01-01T00:00:00 OF THE SAME SCALE, in a double.
// In UTC these are POSIX seconds. A double resolves 0.24 microseconds until 2038.
#pragma once

#include <string_view>

#include "imreg/status.h"

namespace imreg {

enum class TimeScale { utc, tai, tt, tdb, gps };

/// A FITS TIMESYS value, case-blind: UTC (UT, GMT, UT1: within 0.9 s of it), TAI (IAT), TT (TDT, ET), TDB, GPS. An
/// empty text is UTC.
/// Error: invalid for scales that are none of these (TCG, TCB, LOCAL).
Result<TimeScale> time_scale_named(std::string_view name);

/// The same moment on another scale. TAI-UTC is ERFA's table (eraDat): exact since 1972, drifting 1960-1972, 0 before
/// 1960, and after
/// its last known leap second constant. TDB-TT is eraDtdb at the geocentre (some microseconds); TT alone would be
/// within 2 ms of it.
/// NaN when `time` is not within the years -4000 to 9999.
double convert_time(double time, TimeScale from, TimeScale to);

/// Julian dates of a time, and back. One double holds a JD to 40 microseconds, an MJD to 0.6; give the rest as
/// `fraction` of a day.
double jd_from_time(double time);
double mjd_from_time(double time);
double time_from_jd(double jd, double fraction = 0);
double time_from_mjd(double mjd, double fraction = 0);

}  // namespace imreg

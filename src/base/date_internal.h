// What date.cc and date_format.cc share: the span of times that the calendar forms can say.
#pragma once

namespace imreg::date_internal {

inline constexpr double kFirstTime = -62167219200.0;  ///< 0000-01-01T00:00:00Z
inline constexpr double kEndTime = 253402300800.0;    ///< 10000-01-01T00:00:00Z, not included

/// False also for NaN.
inline bool within_calendar(double time) { return time >= kFirstTime && time < kEndTime; }

}  // namespace imreg::date_internal

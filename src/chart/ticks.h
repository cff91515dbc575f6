// Where an axis has its ticks, and what stands at them.
#pragma once

#include <string>
#include <vector>

namespace imreg::chart {

struct Tick {
  double value = 0;
  std::string label{};  ///< empty: a small tick between
  std::string upper{};  ///< of times: the date or year above the label, where it begins
};

struct Ticks {
  std::vector<Tick> ticks;
  std::string offset{};  ///< the labels count from this number; empty: from 0
};

/// At 1, 2 or 5 x 10^n, at most `most` (>= 1) and no fewer than a third of it, within low < high. Labels differ, are exact and short.
Ticks number_ticks(double low, double high, int most);
/// Powers of ten, with small ticks between; numbers as above where there are too few. 0 < low < high.
Ticks log_ticks(double low, double high, int most);
/// At whole seconds, minutes, hours, days, months, years (or parts of seconds) in the zone. Numbers where the calendar ends.
Ticks time_ticks(double low, double high, double tz_hours, int most);

/// The number m x 10^e in plain digits, and as 1.5e6.
std::string plain_number(long long m, int e);
std::string short_power(long long m, int e);
/// A value for people, of some digits: "0.62", "1.23e-7".
std::string short_number(double value, int digits = 4);

}  // namespace imreg::chart

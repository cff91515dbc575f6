// What the numbers of a plot are: how many can be shown, from where to where they go.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "chart/scale.h"
#include "imreg/chart.h"

namespace imreg::chart {

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  bool empty() const { return low > high; }
};

struct Survey {
  Range x, y;
  std::size_t total = 0, shown = 0;                                      ///< points
  std::size_t unknown = 0, infinite = 0, not_positive = 0, outside = 0;  ///< points that are not
  std::size_t marks = 0;                                                 ///< those that are drawn as points
  bool from_zero = false;                                                ///< there are bars
  bool curve = false, curve_ends = false;  ///< some of a curve is within the axes; some is nowhere on a log axis
};

/// Error: invalid, lengths that differ, limits that make no axis.
Status check(const Plot& plot);
Survey survey(const Plot& plot);
/// "12 of 300 points are not drawn: 2 not known, 10 not positive (log axis)"; empty when all are.
std::string left_out(const Survey& survey);
/// What the axis needs for its data, and a little more.
Scale scale_of(const Axis& axis, const Range& range, bool from_zero);

/// The end of bar i: where the next one begins; the last one is as wide as the one before it.
double bar_end(const Series& series, std::size_t i);

/// Is it drawn as points? Such series are; so is a long line that goes to and fro in x, which would be one blot.
bool as_points(const Series& series);

/// Can this value be on this axis?
inline bool usable(double value, bool log) { return std::isfinite(value) && (!log || value > 0); }

}  // namespace imreg::chart

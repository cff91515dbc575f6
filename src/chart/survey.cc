// Ranges and counts of a plot's numbers.
#include "chart/survey.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "chart/ticks.h"

namespace imreg::chart {
namespace {

Status check_axis(const Axis& axis, const char* name) {
  const auto bad = [&](const std::string& what) {
    return Status(Code::invalid, std::string("axis ") + name + ": " + what);
  };
  if (axis.log && axis.time) return bad("times have no logarithm: choose log or time");
  if (!std::isfinite(axis.tz_hours) || std::abs(axis.tz_hours) > 24)
    return bad("the zone is not within 24 hours of UTC");
  for (const auto& limit : {axis.low, axis.high}) {
    if (!limit) continue;
    if (!std::isfinite(*limit)) return bad("a limit is not a finite number");
    if (axis.log && *limit <= 0)
      return bad("the limit " + short_number(*limit) + " is not above 0, as a log axis needs");
  }
  if (!axis.low || !axis.high) return {};
  if (*axis.low == *axis.high) return bad("both limits are " + short_number(*axis.low));
  if (axis.log && std::log10(*axis.low) == std::log10(*axis.high))
    return bad("the limits are too close together for a log axis");
  return {};
}

// The user's limits, in order; infinite where there are none.
Range limits_of(const Axis& axis) {
  const double a = axis.low.value_or(-HUGE_VAL), b = axis.high.value_or(HUGE_VAL);
  Range out;
  out.take(a);
  out.take(b);
  return out;
}

}  // namespace

Status check(const Plot& plot) {
  IMREG_TRY(check_axis(plot.x, "x"));
  IMREG_TRY(check_axis(plot.y, "y"));
  for (const auto& one : plot.series) {
    const auto same = [&](const std::vector<double>& values, const char* what, bool may_be_empty) {
      if (values.size() == one.x.size() || (may_be_empty && values.empty())) return Status();
      return Status(Code::invalid, "series \"" + visible(one.name) + "\": x has " +
                                       counted(static_cast<long long>(one.x.size()), "value") + ", " + what + " has " +
                                       std::to_string(values.size()));
    };
    IMREG_TRY(same(one.y, "y", false));
    IMREG_TRY(same(one.x_error, "x_error", true));
    IMREG_TRY(same(one.y_error, "y_error", true));
  }
  return {};
}

double bar_end(const Series& series, std::size_t i) {
  const auto& x = series.x;
  if (i + 1 < x.size()) return x[i + 1];
  return x[i] + (i > 0 ? x[i] - x[i - 1] : 1);
}

bool as_points(const Series& series) {
  constexpr std::size_t kLong = 200000, kTurns = 2000;
  if (series.mark == Mark::points) return true;
  if (series.mark == Mark::bars || series.mark == Mark::curve || series.x.size() < kLong) return false;
  std::size_t turns = 0;
  for (std::size_t i = 2; i < series.x.size() && turns < kTurns; ++i)
    turns += (series.x[i] < series.x[i - 1]) != (series.x[i - 1] < series.x[i - 2]);
  return turns >= kTurns;
}

Survey survey(const Plot& plot) {
  Survey out;
  const Range in_x = limits_of(plot.x), in_y = limits_of(plot.y);
  const bool log_x = plot.x.log, log_y = plot.y.log;
  for (const auto& one : plot.series) {
    const bool bars = one.mark == Mark::bars;
    out.from_zero = out.from_zero || bars;
    const bool data = one.mark != Mark::curve;
    if (data) out.total += one.x.size();
    for (std::size_t i = 0; i < one.x.size(); ++i) {
      const double x = one.x[i], y = one.y[i];
      if (!std::isfinite(x) || !std::isfinite(y)) {
        (std::isnan(x) || std::isnan(y) ? out.unknown : out.infinite) += data;
        continue;
      }
      // A bar of 0 is a bar that is not seen, on a log axis too.
      if ((log_x && x <= 0) || (log_y && y <= 0 && !(bars && y == 0))) {
        out.not_positive += data;
        out.curve_ends = out.curve_ends || !data;
        continue;
      }
      const double end = bars ? bar_end(one, i) : x;
      if (std::max(x, end) < in_x.low || std::min(x, end) > in_x.high || (!bars && (y < in_y.low || y > in_y.high))) {
        out.outside += data;
        continue;
      }
      out.shown += data;
      out.curve = out.curve || !data;
      out.x.take(x);
      if (usable(end, log_x)) out.x.take(end);
      if (!log_y || y > 0) out.y.take(y);
      if (bars && !log_y) out.y.take(0);
      const auto with_error = [](Range& range, double value, double error, bool log) {
        for (const double v : {value - std::abs(error), value + std::abs(error)}) {
          if (usable(v, log)) range.take(v);
        }
      };
      if (!one.x_error.empty()) with_error(out.x, x, one.x_error[i], log_x);
      if (!one.y_error.empty()) with_error(out.y, y, one.y_error[i], log_y);
    }
    if (as_points(one)) out.marks += one.x.size();
  }
  // Only bars of 0 on a log axis: from 1 to 10, as there is nothing else to say.
  if ((out.shown > 0 || out.curve) && out.y.empty()) out.y = {1, 10};
  return out;
}

std::string left_out(const Survey& survey) {
  std::string why;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) why += (why.empty() ? "" : ", ") + std::to_string(count) + what;
  };
  add(survey.unknown, " not known");
  add(survey.infinite, " infinite");
  add(survey.not_positive, " not positive (log axis)");
  add(survey.outside, " outside of the axes");
  const std::string ends = survey.curve_ends ? "the curve ends where it is not positive (log axis)" : "";
  if (why.empty()) return ends;
  return (ends.empty() ? "" : ends + "; ") + std::to_string(survey.total - survey.shown) + " of " +
         counted(static_cast<long long>(survey.total), survey.from_zero ? "bar" : "point") + " not drawn: " + why;
}

Scale scale_of(const Axis& axis, const Range& range, bool from_zero) {
  constexpr double kMost = std::numeric_limits<double>::max(), kLeast = std::numeric_limits<double>::denorm_min();
  double low = range.low, high = range.high;
  if (axis.low && axis.high) return Scale(*axis.low, *axis.high, axis.log);
  if (axis.low) low = std::min(*axis.low, high);
  if (axis.high) high = std::max(*axis.high, low);
  if (axis.log) {
    const double span = std::log10(high) - std::log10(low);
    const double more = low == high ? 0.3 : std::max(0.04 * span, 1e-10);
    // In logarithms, where nothing overflows.
    const double a = std::log10(low) - more, b = std::log10(high) + more;
    if (!axis.low) low = a < -323 ? kLeast : std::pow(10, a);
    if (!axis.high) high = b > 308 ? kMost : std::pow(10, b);
    if (!(std::log10(high) > std::log10(low)))
      (axis.low ? high : low) *= axis.low ? 2 : 0.5;  // a limit of the user at the only value
    return Scale(low, high, true);
  }
  double more = 0.04 * (high / 2 - low / 2) * 2;
  // Two values that a double can hardly tell apart need room for ticks between them.
  const double least = 1e-14 * std::max(std::abs(low), std::abs(high));
  if (low == high) more = axis.time ? 1800 : low == 0 ? 1 : std::max(0.05 * std::abs(low), 1e-305);
  if (!(high / 2 - low / 2 > least)) more = std::max({more, 10 * least, 1e-318});
  const bool floor = from_zero && low == 0, ceiling = from_zero && high == 0;
  if (!axis.low && !floor) low = std::max(low - more, -kMost);
  if (!axis.high && !ceiling) high = std::min(high + more, kMost);
  if (low == high) {  // a limit of the user at the only value
    (axis.low ? high : low) += axis.low ? more : -more;
  }
  return Scale(low, high, false);
}

}  // namespace imreg::chart

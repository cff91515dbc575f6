// Statistics of vectors: what imstatus computes. Vectors are columns of a query (imreg/query.h) or plain numbers; NaN is
// "not known" and never counts.
//
//   const vectors::Summary s = vectors::summarize(column.numbers);
//   const vectors::Fit fit = *vectors::fit(airmass, fwhm, {.order = 1, .robust = true});
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "imreg/status.h"

namespace imreg::vectors {

using Values = std::span<const double>;
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct SummaryOptions {
  std::vector<double> percents = {5, 25, 75, 95};  ///< 0..100, ascending
  double clip =
      0;  ///< > 0: values further than so many sigma from the median are left out, again until none is; sigma is
          ///< that of the values left
  Values weights{};  ///< empty, or one for each value, > 0; others leave their value out
  int jobs = 1;      ///< threads; the answer does not depend on them
};

/// What is not known is NaN: all but the counts of no value, sigma of one.
struct Summary {
  std::int64_t n = 0;        ///< values that count
  std::int64_t unknown = 0;  ///< NaN, without weight
  std::int64_t clipped = 0;
  double min = kUnknown, max = kUnknown, sum = kUnknown;
  double mean = kUnknown;    ///< weighted: sum(w x) / sum(w)
  double median = kUnknown;  ///< of two in the middle their mean; weighted: see percentiles
  double sigma = kUnknown;   ///< standard deviation of a sample (n - 1); weighted: with reliability weights
  double mad = kUnknown;     ///< median of |x - median|, as it is: 1.4826 of it is sigma of normal values
  /// Between neighbours by straight lines, as numpy.percentile. Weighted: the mean over sum(w^2) / sum(w) of the weight, from
  /// p / 100 of the way that it can go on: the same of equal weights, whatever their scale.
  std::vector<double> percentiles{};
};
/// Infinite values count: they are min or max, and make mean and sigma infinite or unknown.
Summary summarize(Values values, const SummaryOptions& options = {});

struct Edges {
  double low = 0, width = 0;
  std::int64_t bins = 0;
  double high =
      0;  ///< low + bins * width but for rounding; less when a range was asked for that is no multiple of the width
  /// > 0: low and width are whole numbers of 1 / parts, and ends are the doubles next to decimals as people write them: 0.3, where
  /// 0 + 3 * 0.1 is more than that.
  double parts = 0, low_parts = 0, width_parts = 0;
  bool single = false;  ///< values are floats
  /// Where bin i begins, 0 <= i <= bins: it holds what is not below and is below edge(i + 1); the last one has `high`, too.
  double edge(std::int64_t i) const { return i == bins ? high : step(i); }
  /// What values are compared with: edge(i), as a float where values are.
  double bound(std::int64_t i) const { return single ? static_cast<double>(static_cast<float>(edge(i))) : edge(i); }
  /// edge() as if there were no end.
  double step(std::int64_t i) const {
    const auto n = static_cast<double>(i);
    return parts > 0 ? (low_parts + width_parts * n) / parts : low + width * n;
  }
};
struct EdgesOptions {
  double width = 0;       ///< > 0: of a bin
  std::int64_t bins = 0;  ///< > 0: how many
  double low = kUnknown, high = kUnknown;
  bool whole = false;   ///< values are whole numbers: no width below 1 is chosen for them
  bool single = false;  ///< values are floats: ends stand for the floats next to them, so that 1.3 is not below 1.3
  bool time = false;    ///< widths of a person's clock: 1, 2, 5, 10, 15, 30 s and min, hours, days
};
/// Bins for finite values: as asked for, else Freedman and Diaconis' width (1981) made round, 1 to 200 of them; their
/// ends are multiples of the width. Errors: invalid (nothing finite, more than 10 million bins, a width that changes nothing).
Result<Edges> choose_edges(Values values, const EdgesOptions& options = {});
/// Which bin; -1 outside and of NaN.
std::int64_t bin_of(const Edges& edges, double value);
/// How many values are in each bin.
std::vector<std::int64_t> histogram(Values values, const Edges& edges);

struct FitOptions {
  int order = 1;        ///< of the polynomial, 0..9
  bool robust = false;  ///< Tukey's biweight (c = 4.685, scale by MAD), from least absolute deviations
  double clip =
      0;  ///< > 0: points further than so many sigma (by MAD) are left out and the fit made again, until none is
  Values weights{};  ///< 1 / variance, as in summarize
};
struct Fit {
  std::int64_t n = 0;         ///< points that count
  std::int64_t left_out = 0;  ///< clipped
  double x0 = 0;              ///< y = sum of coefficients[k] (x - x0)^k
  std::vector<double> coefficients,
      errors;             ///< errors: from the scatter of the points; NaN when they are as many as coefficients
  double rms = kUnknown;  ///< sqrt(sum of squared residuals / (n - order - 1))
  /// The same in powers of (x - middle) / half, which is -1 to 1 for the points: right where x0 is far from them.
  double middle = 0, half = 1;
  std::vector<double> scaled{};
  double at(double x) const;
};
/// Least squares by orthogonal polynomials of the points; x0 is as given, coefficients are those of plain powers.
/// Errors: invalid (different lengths, fewer different x than coefficients).
Result<Fit> fit(Values x, Values y, const FitOptions& options = {}, double x0 = 0);

struct Correlation {
  std::int64_t n = 0;
  double pearson = kUnknown;   ///< of values
  double spearman = kUnknown;  ///< of ranks, equal values sharing theirs
};
/// Error: invalid (different lengths).
Result<Correlation> correlate(Values x, Values y);

// Vectors from vectors. Lengths are those of the callers' check.
/// Places of the known values in ascending order, then the unknown ones; equal ones in their order.
std::vector<std::size_t> order_of(Values values);
/// y over x at the places `at`, by straight lines between neighbours; NaN outside. x needs no order; of equal x the mean of y.
std::vector<double> interpolate(Values x, Values y, Values at);
/// Median of the `width` (odd) values around each, fewer at the ends; NaN do not count.
std::vector<double> running_median(Values values, int width);

}  // namespace imreg::vectors

// What values a picture has: exact percentiles, and zscale.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "look/pieces.h"

namespace imreg::look {

/// Finite, however small the range is.
float steps_per_unit(double steps, double range);

/// All finite values of the pieces, in a fixed order, row by row from the lowest.
class Values {
 public:
  Values(const std::vector<Piece>& pieces, bool trusted_only, int threads)
      : pieces_(pieces), trusted_only_(trusted_only), threads_(threads) {}
  /// The values at these places of all finite values put in order (0 to 100), with straight lines between neighbours, as
  /// numpy.percentile has them. Empty: there is none.
  std::vector<double> percentiles(const std::vector<double>& percents) const;
  /// That of the pieces: all numbers here are shifted.
  Shift shift() const { return pieces_.front().shift; }
  /// For acsql: `low` percent of the values after all above the `high` percentile were set to it; nothing: there is none.
  std::optional<std::pair<double, double>> clamped(double low, double high) const;
  /// How many values fall into each of `bins` equal parts of low to high; those outside count in the first and the last.
  std::vector<std::int64_t> histogram(double low, double high, std::size_t bins) const;
  /// The range that shows the sky and what is a little brighter: a line fitted to values in order, around their median (IRAF's zscale;
  /// NOAO, Tody 1986), contrast 0.25. Of the one or two thousand values at equal steps through all pixels; nothing: none of them is finite.
  std::optional<std::pair<double, double>> zscale() const;

 private:
  /// The two neighbours in order between which a percentage lies, and how far it is from the first one.
  struct Between {
    double lower = 0, upper = 0, part = 0;
    double value() const { return lower + (upper - lower) * part; }
  };
  std::vector<Between> neighbours(const std::vector<double>& percents) const;
  std::vector<Between> neighbours_by_count(const std::vector<double>& percents) const;
  void each_row(const std::function<void(int worker, std::span<const float> row)>& visit) const;

  const std::vector<Piece>& pieces_;
  bool trusted_only_;
  int threads_;
};

}  // namespace imreg::look

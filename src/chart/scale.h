// Where a value stands on an axis: 0 at its low end, 1 at its high end.
#pragma once

#include <cmath>

namespace imreg::chart {

class Scale {
 public:
  Scale() = default;
  /// low and high differ and are finite, positive when `log`; low > high turns the axis round.
  Scale(double low, double high, bool log) : low_(low), high_(high), log_(log) {
    // The difference of two large numbers may be too large: then of their halves.
    factor_ = !log && !std::isfinite(high - low) ? 0.5 : 1;
    from_ = log ? std::log10(low) : low * factor_;
    span_ = (log ? std::log10(high) : high * factor_) - from_;
  }
  double low() const { return low_; }
  double high() const { return high_; }
  bool log() const { return log_; }
  bool reversed() const { return low_ > high_; }
  double operator()(double value) const { return ((log_ ? std::log10(value) : value * factor_) - from_) / span_; }

 private:
  double low_ = 0, high_ = 1, factor_ = 1, from_ = 0, span_ = 1;
  bool log_ = false;
};

}  // namespace imreg::chart

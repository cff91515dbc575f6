// From values to levels: which range is shown, and how it rises from dark to bright.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "look/values.h"

namespace imreg::look {

/// What is asked for. Without limits: zscale of linear and sqrt, 0.5 to 99.5 percent of the others.
struct Stretch {
  enum class Kind { zscale, acsql, linear, log, sqrt, asinh, histeq };
  Kind kind = Kind::zscale;
  std::optional<std::pair<double, double>> percents, range;
};
/// The words of -stretch, in the order of Kind.
const std::vector<std::string>& stretch_names();
std::optional<Stretch::Kind> stretch_named(std::string_view name);

/// Values to levels 0 to 255, of some pieces. Of a constant image all is 128; of one without values nothing is shown.
class Levels {
 public:
  static Levels of(const Stretch& stretch, const Values& values);
  static constexpr std::int16_t kNone = -1;  ///< of what is not finite
  void levels(std::span<const float> values, std::span<std::int16_t> to) const;
  double low() const { return low_; }
  double high() const { return high_; }
  bool is_flat() const { return !(high_ > low_); }
  bool has_values() const { return has_values_; }

 private:
  static constexpr std::size_t kSteps = 32768;  // the most that 16 bits hold
  double low_ = 0, high_ = 0;
  float from_ = 0, scale_ = 0;
  bool has_values_ = false;
  std::vector<std::uint8_t> table_;  // of kSteps equal parts of the range; empty: 256 parts that are their own levels
};

}  // namespace imreg::look

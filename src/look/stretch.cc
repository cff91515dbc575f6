// The range first, then a table that bends it. acsql's rule (design/acs.md): all above the 99th percentile becomes it, then all below the first
// of what that left; 255 times the place in between, without its decimals.
#include "look/stretch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace imreg::look {

namespace {

constexpr std::pair<double, double> kPercents{0.5, 99.5};

// 0 to 1 onto 0 to 1; the bends are those of ds9: log of a thousandfold, asinh that is straight below a tenth.
double bend(Stretch::Kind kind, double x) {
  switch (kind) {
    case Stretch::Kind::log: return std::log1p(1000 * x) / std::log1p(1000.0);
    case Stretch::Kind::sqrt: return std::sqrt(x);
    case Stretch::Kind::asinh: return std::asinh(10 * x) / std::asinh(10.0);
    default: return x;
  }
}

std::pair<double, double> range_of(const Stretch& stretch, const Values& values, bool& has_values) {
  has_values = true;
  if (stretch.range) return {values.shift().of(stretch.range->first), values.shift().of(stretch.range->second)};
  const bool by_percents = stretch.percents || stretch.kind == Stretch::Kind::linear ||
                           stretch.kind == Stretch::Kind::log || stretch.kind == Stretch::Kind::asinh ||
                           stretch.kind == Stretch::Kind::sqrt || stretch.kind == Stretch::Kind::histeq;
  if (stretch.kind == Stretch::Kind::acsql) {
    const auto [low, high] = stretch.percents.value_or(std::pair{1.0, 99.0});
    const auto found = values.clamped(low, high);
    has_values = found.has_value();
    return found.value_or(std::pair{0.0, 0.0});
  }
  if (!by_percents) {
    const auto found = values.zscale();
    has_values = found.has_value();
    return found.value_or(std::pair{0.0, 0.0});
  }
  const auto [low, high] = stretch.percents.value_or(kPercents);
  const auto found = values.percentiles({low, high});
  has_values = !found.empty();
  return has_values ? std::pair{found[0], found[1]} : std::pair{0.0, 0.0};
}

}  // namespace

const std::vector<std::string>& stretch_names() {
  static const std::vector<std::string> names = {"zscale", "acsql", "linear", "log", "sqrt", "asinh", "histeq"};
  return names;
}

std::optional<Stretch::Kind> stretch_named(std::string_view name) {
  const auto& names = stretch_names();
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return {};
  return static_cast<Stretch::Kind>(at - names.begin());
}

Levels Levels::of(const Stretch& stretch, const Values& values) {
  Levels out;
  std::tie(out.low_, out.high_) = range_of(stretch, values, out.has_values_);
  // Nearly all is one value: what is not must be seen.
  if (out.is_flat() && out.has_values_ && !stretch.range && stretch.kind != Stretch::Kind::acsql) {
    const auto ends = values.percentiles({0, 100});
    out.low_ = ends[0], out.high_ = ends[1];
  }
  out.from_ = static_cast<float>(out.low_);
  if (out.is_flat()) return out;
  const bool bends = stretch.kind != Stretch::Kind::zscale && stretch.kind != Stretch::Kind::acsql &&
                     stretch.kind != Stretch::Kind::linear;
  const double range = out.high_ - out.low_;
  if (!bends) {
    out.scale_ = steps_per_unit(255, range);
    return out;
  }
  out.scale_ = steps_per_unit(static_cast<double>(kSteps - 1), range);
  out.table_.resize(kSteps);
  if (stretch.kind == Stretch::Kind::histeq) {
    const auto counts = values.histogram(out.low_, out.high_, kSteps);
    // The darkest stay dark, however many they are.
    double all = -static_cast<double>(counts[0]), below = all;
    for (const auto count : counts) all += static_cast<double>(count);
    for (std::size_t i = 0; i < kSteps; ++i) {
      below += static_cast<double>(counts[i]);
      out.table_[i] = static_cast<std::uint8_t>(std::lround(all > 0 ? 255 * below / all : 0));
    }
    return out;
  }
  for (std::size_t i = 0; i < kSteps; ++i)
    out.table_[i] =
        static_cast<std::uint8_t>(std::lround(255 * bend(stretch.kind, static_cast<double>(i) / (kSteps - 1))));
  return out;
}

void Levels::levels(std::span<const float> values, std::span<std::int16_t> to) const {
  constexpr std::int16_t kMiddle = 128;
  const float from = from_, scale = scale_, most = table_.empty() ? 255.0F : static_cast<float>(kSteps - 1);
  const std::size_t n = values.size();
  if (is_flat()) {
    for (std::size_t i = 0; i < n; ++i) to[i] = std::isfinite(values[i]) ? kMiddle : kNone;
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const float x = values[i];
    float place = (x - from) * scale;
    place = place > 0 ? place : 0;
    place = place < most ? place : most;
    to[i] = std::abs(x) <= std::numeric_limits<float>::max() ? static_cast<std::int16_t>(place) : kNone;
  }
  if (table_.empty()) return;
  for (std::size_t i = 0; i < n; ++i) {
    if (to[i] >= 0) to[i] = table_[static_cast<std::size_t>(to[i])];
  }
}

}  // namespace imreg::look

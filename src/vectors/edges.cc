// Bins whose ends are round numbers, or round times of a clock.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "imreg/vectors.h"

namespace imreg::vectors {

namespace {

constexpr std::int64_t kMostBins = 10'000'000;

// 1, 2 or 5 times a power of ten, at least `width`.
double round_number(double width) {
  const double power = std::floor(std::log10(width));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    const double size = power < 0 ? step / std::pow(10, -power) : step * std::pow(10, power);  // the nearest to 0.05
    if (width <= size * (1 + 1e-9) || step == 10) return size;
  }
  return width;
}

double round_time(double width) {
  constexpr std::array kClock = {1.0,   2.0,    5.0,    10.0,   15.0,    30.0,    60.0,    120.0,   300.0,    600.0,
                                 900.0, 1800.0, 3600.0, 7200.0, 10800.0, 21600.0, 43200.0, 86400.0, 172800.0, 604800.0};
  if (width < 1) return round_number(width);
  const auto at = std::lower_bound(kClock.begin(), kClock.end(), width * (1 - 1e-9));
  return at != kClock.end() ? *at : 86400 * round_number(width / 86400);
}

// Ends as decimals, where low and width are some: then a value of 0.3 is in the bin that is printed as 0.3 to 0.4.
void use_decimals(Edges& edges) {
  constexpr double kWhole = 4503599627370496.0;  // 2^52: sums of two are exact
  for (double parts = 1; parts <= 1e15; parts *= 10) {
    const double low = std::round(edges.low * parts), width = std::round(edges.width * parts);
    if (std::abs(low) + width * static_cast<double>(edges.bins) > kWhole) return;
    if (width < 1 || low / parts != edges.low || width / parts != edges.width) continue;
    edges.parts = parts, edges.low_parts = low, edges.width_parts = width;
    return;
  }
}

// So many widths: of a decimal the double next to the decimal product.
double multiple(double whole, double width) {
  for (double parts = 1; parts <= 1e15; parts *= 10) {
    const double n = std::round(width * parts);
    if (n >= 1 && n / parts == width) return whole * n / parts;
  }
  return whole * width;
}

// The last multiple of the width that is not above the value: 3 for 0.3 and 0.1, though 0.3 / 0.1 is less.
double multiple_below(double value, double width, bool single) {
  const auto end = [&](double whole) {
    const double out = multiple(whole, width);
    return single ? static_cast<double>(static_cast<float>(out)) : out;
  };
  const double n = std::floor(value / width);
  return end(n + 1) <= value ? n + 1 : end(n) > value ? n - 1 : n;
}

Status nothing_to_count() { return {Code::invalid, "there is no finite value to put into bins"}; }

}  // namespace

Result<Edges> choose_edges(Values values, const EdgesOptions& options) {
  std::vector<double> known;
  for (const double x : values) {
    if (std::isfinite(x) && !(x < options.low) && !(x > options.high)) known.push_back(x);
  }
  const bool has_range = std::isfinite(options.low) && std::isfinite(options.high);
  if (known.empty() && !has_range) return nothing_to_count();
  if (options.low >= options.high) return Status(Code::invalid, "the range of bins must begin below its end");
  const auto [least, most] = std::minmax_element(known.begin(), known.end());
  const double low = std::isfinite(options.low) ? options.low : *least;
  const double high = std::isfinite(options.high) ? options.high : *most;
  Edges out;
  if (options.bins > 0 && !(options.width > 0)) {  // as numpy.histogram: the whole range, in equal parts
    const double space = high > low ? high / 2 - low / 2 : std::max(std::abs(low), 1.0) / 4;
    out.low = high > low ? low : low - space;
    out.bins = options.bins;
    out.width = 2 * space / static_cast<double>(out.bins);
    out.high = high > low ? high : high + space;
  } else {
    out.width = options.width;
    if (!(out.width > 0)) {
      double width = 0;
      if (known.size() > 1) {
        const auto middle = summarize(known, {.percents = {25, 75}, .weights = {}});
        width = 2 * (middle.percentiles[1] - middle.percentiles[0]) / std::cbrt(static_cast<double>(known.size()));
      }
      constexpr double kMostOfItself = 200;
      width = std::max(width, (high / kMostOfItself - low / kMostOfItself));
      if (!(width > 0)) width = high > low ? high - low : low == 0 ? 1 : std::abs(low) / 10;
      out.width = options.time ? round_time(width) : round_number(options.whole ? std::max(width, 1.0) : width);
    }
    const double first = multiple_below(low, out.width, options.single),
                 last = multiple_below(high, out.width, options.single);
    if (!(last - first < static_cast<double>(kMostBins))) {
      char text[32];
      std::snprintf(text, sizeof text, "%g", out.width);
      return Status(Code::invalid,
                    "a width of " + std::string(text) + " makes more than 10 million bins: choose a larger one");
    }
    const bool from_low = std::isfinite(options.low);  // a range that was asked for is kept
    out.low = from_low ? low : multiple(first, out.width);
    out.bins = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(from_low ? std::ceil((high - low) / out.width - 1e-9) : last - first + 1));
  }
  if (out.bins > kMostBins) return Status(Code::invalid, "more than 10 million bins: choose fewer");
  use_decimals(out);
  out.single = options.single;
  if (!(options.bins > 0 && !(options.width > 0))) {  // the last one ends where the range does
    if (!std::isfinite(options.high) && out.step(out.bins) < high) ++out.bins;  // by rounding
    out.high = std::isfinite(options.high) ? options.high : out.step(out.bins);
  }
  if (!std::isfinite(out.high) || !(out.low + out.width > out.low) || !(out.high > out.edge(out.bins - 1)))
    return Status(Code::invalid, "the bins are too narrow for numbers of this size: choose a larger width");
  return out;
}

std::int64_t bin_of(const Edges& edges, double value) {
  const double at = std::floor((value - edges.low) / edges.width);
  const auto bins = static_cast<double>(edges.bins);
  if (!(at >= -1 && at <= bins + 1)) return -1;
  auto bin = std::clamp(static_cast<std::int64_t>(at), std::int64_t{0}, edges.bins);
  // What the division rounded: the ends of bins decide.
  if (value < edges.bound(bin))
    --bin;
  else if (bin < edges.bins && value >= edges.bound(bin + 1))
    ++bin;
  if (bin == edges.bins && value <= edges.bound(edges.bins)) bin = edges.bins - 1;
  return bin >= 0 && bin < edges.bins ? bin : -1;
}

std::vector<std::int64_t> histogram(Values values, const Edges& edges) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(edges.bins));
  for (const double value : values) {
    const auto bin = bin_of(edges, value);
    if (bin >= 0) ++counts[static_cast<std::size_t>(bin)];
  }
  return counts;
}

}  // namespace imreg::vectors

// Mean, sigma, median, MAD and percentiles of many numbers, exact, by several threads.
#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "imreg/vectors.h"
#include "vectors/ranks.h"

namespace imreg::vectors {

namespace {

// What rounding takes away is kept (Neumaier 1974); infinity takes nothing.
class Sum {
 public:
  void add(double x) {
    const double to = sum_ + x;
    lost_ += std::abs(sum_) >= std::abs(x) ? (sum_ - to) + x : (x - to) + sum_;
    sum_ = to;
  }
  double value() const { return std::isfinite(lost_) ? sum_ + lost_ : sum_; }

 private:
  double sum_ = 0, lost_ = 0;
};

// Sums of blocks, then of their sums, so that rounding stays small and threads do not show.
template <class Term>
double total(std::size_t n, int jobs, const Term& term) {
  std::vector<double> blocks(blocks_of(n));
  in_parallel(n, jobs, [&](std::size_t block, std::size_t from, std::size_t end) {
    double sums[8] = {};  // eight in a row are added at once
    std::size_t i = from;
    for (; i + 8 <= end; i += 8) {
      for (std::size_t k = 0; k < 8; ++k) sums[k] += term(i + k);
    }
    for (; i < end; ++i) sums[0] += term(i);
    blocks[block] = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  });
  Sum all;
  for (const double one : blocks) all.add(one);
  return all.value();
}

// Of the known values.
std::pair<double, double> ends_of(Values values, int jobs) {
  std::vector<std::pair<double, double>> blocks(blocks_of(values.size()));
  in_parallel(values.size(), jobs, [&](std::size_t block, std::size_t from, std::size_t end) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    double least[4] = {kInfinity, kInfinity, kInfinity, kInfinity},
           most[4] = {-kInfinity, -kInfinity, -kInfinity, -kInfinity};
    for (std::size_t i = from; i < end; ++i) {  // NaN is neither less nor more
      const std::size_t k = i % 4;
      least[k] = values[i] < least[k] ? values[i] : least[k];
      most[k] = values[i] > most[k] ? values[i] : most[k];
    }
    blocks[block] = {*std::min_element(least, least + 4), *std::max_element(most, most + 4)};
  });
  auto out = blocks[0];
  for (const auto& [least, most] : blocks) out = {std::min(out.first, least), std::max(out.second, most)};
  return out;
}

// The value at a place between ranks.
double between(double low, double high, double part) {
  if (part == 0 || low == high) return low;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

// Between neighbours by straight lines, as numpy.percentile.
std::vector<double> percentiles_of(const Ranks& ranks, const std::vector<double>& percents) {
  const std::int64_t n = ranks.known();
  std::vector<std::int64_t> places;
  std::vector<double> parts, out;
  for (const double percent : percents) {
    const double at = percent / 100 * static_cast<double>(n - 1);
    const auto rank = std::min(static_cast<std::int64_t>(at), n - 1);
    places.push_back(rank);
    places.push_back(std::min(rank + 1, n - 1));
    parts.push_back(at - static_cast<double>(rank));
  }
  const auto found = ranks.at(places);
  for (std::size_t i = 0; i < percents.size(); ++i) out.push_back(between(found[2 * i], found[2 * i + 1], parts[i]));
  return out;
}

// The same with weights: the first value at which the weights of all up to it reach the part of the whole.
std::vector<double> weighted_percentiles(Values values, Values weights, const std::vector<double>& percents) {
  const auto order = order_of(values);
  double all = 0;
  for (const double w : weights) all += w;
  std::vector<double> out;
  for (const double percent : percents) {
    double sum = 0;
    double value = values[order.back()];
    for (const auto i : order) {
      sum += weights[i];
      if (sum >= all * percent / 100) {
        value = values[i];
        break;
      }
    }
    out.push_back(value);
  }
  return out;
}

void finish(Summary& out, Values values, Values weights, const SummaryOptions& options) {
  const bool weighted = !weights.empty();
  const auto known = [&](std::size_t i) { return !std::isnan(values[i]); };
  const auto sum_of = [&](const auto& term) {
    return total(values.size(), options.jobs, [&](std::size_t i) { return known(i) ? term(i) : 0.0; });
  };
  std::tie(out.min, out.max) = ends_of(values, options.jobs);
  out.sum = sum_of([&](std::size_t i) { return values[i]; });
  const double weight = weighted ? sum_of([&](std::size_t i) { return weights[i]; }) : static_cast<double>(out.n);
  const double moment = weighted ? sum_of([&](std::size_t i) { return weights[i] * values[i]; }) : out.sum;
  out.mean = std::clamp(moment / weight, out.min, out.max);  // rounding must not carry it outside
  const double mean = out.mean;
  const double squares = sum_of([&](std::size_t i) {
    const double d = values[i] - mean;
    return weighted ? weights[i] * d * d : d * d;
  });
  const double weight2 = weighted ? sum_of([&](std::size_t i) { return weights[i] * weights[i]; }) : weight;
  if (out.n > 1) out.sigma = std::sqrt(squares / (weight - weight2 / weight));
}

void fill(Summary& out, Values values, Values weights, const SummaryOptions& options) {
  std::vector<double> percents = options.percents;
  percents.push_back(50);
  if (weights.empty()) {
    const Ranks ranks(values, kUnknown, options.jobs);
    out.n = ranks.known();
    if (out.n > 0) out.percentiles = percentiles_of(ranks, percents);
  } else {  // which are known values, all
    out.n = std::ssize(values);
    if (out.n > 0) out.percentiles = weighted_percentiles(values, weights, percents);
  }
  if (out.n == 0) {
    out.percentiles.assign(options.percents.size(), kUnknown);
    return;
  }
  out.median = out.percentiles.back();
  out.percentiles.pop_back();
  finish(out, values, weights, options);
  if (weights.empty()) {
    const Ranks away(values, out.median, options.jobs);
    // |infinity - infinity| is not known.
    out.mad = away.known() == out.n ? percentiles_of(away, {50})[0] : kUnknown;
  } else {
    std::vector<double> away;
    for (const double x : values) away.push_back(x == out.median ? 0 : std::abs(x - out.median));
    out.mad = weighted_percentiles(away, weights, {50})[0];
  }
}

}  // namespace

Summary summarize(Values values, const SummaryOptions& options) {
  Summary out;
  std::vector<double> known, weights;
  Values used = values;
  const bool weighted = !options.weights.empty();
  if (weighted) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double w = options.weights[i];
      if (std::isnan(values[i]) || !(w > 0) || !std::isfinite(w)) continue;
      known.push_back(values[i]);
      weights.push_back(w);
    }
    used = known;
  }
  fill(out, used, weights, options);
  out.unknown = std::ssize(values) - out.n;
  for (int round = 0; options.clip > 0 && round < 10 && out.n > 1; ++round) {
    std::vector<double> kept, kept_weights;
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!(std::abs(used[i] - out.median) <= options.clip * out.sigma)) continue;
      kept.push_back(used[i]);
      if (weighted) kept_weights.push_back(weights[i]);
    }
    if (kept.empty() || std::ssize(kept) == out.n) break;
    out.clipped += out.n - std::ssize(kept);
    known = std::move(kept);
    weights = std::move(kept_weights);
    used = known;
    fill(out, used, weights, options);
  }
  return out;
}

}  // namespace imreg::vectors

// Mean, sigma, median, MAD and percentiles of many numbers, exact, by several threads.
#include <algorithm>
#include <cmath>
#include <limits>

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
double sum_of(std::size_t from, std::size_t end, const Term& term) {
  double sums[8] = {};  // eight in a row are added at once
  for (; from + 8 <= end; from += 8) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += term(from + k);
  }
  for (; from < end; ++from) sums[0] += term(from);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}
double sum_of(const std::vector<double>& blocks) {
  Sum all;
  for (const double one : blocks) all.add(one);
  return all.value();
}

void fill(Summary& out, Values values, const SummaryOptions& options) {
  const auto known = [&](std::size_t i) { return values[i] == values[i]; };
  Ranks ranks(values);
  std::vector<double> sums(blocks_of(values.size()));
  in_parallel(values.size(), options.jobs, [&](std::size_t block, std::size_t from, std::size_t end) {
    ranks.count(from, end);
    sums[block] = sum_of(from, end, [&](std::size_t i) { return known(i) ? values[i] : 0; });
  });
  out.n = ranks.choose(options.percents);
  if (out.n == 0) return;
  out.sum = sum_of(sums);
  const auto n = static_cast<double>(out.n);
  const double mean = out.sum / n;
  in_parallel(values.size(), options.jobs, [&](std::size_t block, std::size_t from, std::size_t end) {
    ranks.keep(from, end);
    sums[block] = sum_of(from, end, [&](std::size_t i) {
      const double d = known(i) ? values[i] - mean : 0;
      return d * d;
    });
  });
  const auto found = ranks.found();
  out.min = found.min, out.max = found.max, out.median = found.median, out.mad = found.mad;
  out.percentiles = found.percentiles;
  out.mean = std::clamp(mean, out.min, out.max);  // rounding must not carry it outside
  if (out.n > 1) out.sigma = out.min == out.max ? 0 : std::sqrt(sum_of(sums) / (n - 1));
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

// Of known values with weights above 0.
void fill_weighted(Summary& out, Values values, Values weights, const SummaryOptions& options) {
  out.n = std::ssize(values);
  if (out.n == 0) return;
  const auto sum = [&](const auto& term) { return sum_of(0, values.size(), term); };
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  out.min = *least, out.max = *most;
  out.sum = sum([&](std::size_t i) { return values[i]; });
  const double weight = sum([&](std::size_t i) { return weights[i]; });
  const double mean = sum([&](std::size_t i) { return weights[i] * values[i]; }) / weight;
  out.mean = std::clamp(mean, out.min, out.max);
  const double squares =
      sum([&](std::size_t i) { return weights[i] * (values[i] - out.mean) * (values[i] - out.mean); });
  const double weight2 = sum([&](std::size_t i) { return weights[i] * weights[i]; });
  if (out.n > 1) out.sigma = std::sqrt(squares / (weight - weight2 / weight));
  std::vector<double> percents = options.percents;
  percents.push_back(50);
  out.percentiles = weighted_percentiles(values, weights, percents);
  out.median = out.percentiles.back();
  out.percentiles.pop_back();
  std::vector<double> away;
  for (const double x : values) away.push_back(x == out.median ? 0 : std::abs(x - out.median));
  out.mad = weighted_percentiles(away, weights, {50})[0];
}

}  // namespace

Summary summarize(Values values, const SummaryOptions& options) {
  Summary out;
  out.percentiles.assign(options.percents.size(), kUnknown);
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
  const auto fill_out = [&] { weighted ? fill_weighted(out, used, weights, options) : fill(out, used, options); };
  fill_out();
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
    fill_out();
  }
  return out;
}

}  // namespace imreg::vectors

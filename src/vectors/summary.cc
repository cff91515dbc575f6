// Mean, sigma, median, MAD and percentiles of many numbers, exact, by several threads.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "imreg/vectors.h"
#include "vectors/ranks.h"

namespace imreg::vectors {

namespace {

// Sums of blocks, then of their sums, so that rounding stays small and threads do not show.
struct Moments {
  std::int64_t n = 0;
  double sum = 0, weight = 0, weight2 = 0, squares = 0;
};
constexpr std::int64_t kBlock = 4096;

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

template <class Term>
double total(std::int64_t n, int jobs, const Term& term) {
  std::vector<double> blocks(static_cast<std::size_t>((n + kBlock - 1) / kBlock));
  in_parallel(std::ssize(blocks), jobs, [&](std::int64_t block) {
    double sums[8] = {};  // eight in a row are added at once
    const std::int64_t from = block * kBlock, end = std::min(n, from + kBlock);
    std::int64_t i = from;
    for (; i + 8 <= end; i += 8) {
      for (int k = 0; k < 8; ++k) sums[k] += term(static_cast<std::size_t>(i + k));
    }
    for (; i < end; ++i) sums[0] += term(static_cast<std::size_t>(i));
    blocks[static_cast<std::size_t>(block)] =
        ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  });
  Sum all;
  for (const double one : blocks) all.add(one);
  return all.value();
}

// The value at a place between ranks.
double between(double low, double high, double part) {
  if (part == 0 || low == high) return low;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

// Places of percentiles among n values: the rank below, and how far to the next.
struct Place {
  std::int64_t rank;
  double part;
};
Place place_of(double percent, std::int64_t n) {
  const double at = percent / 100 * static_cast<double>(n - 1);
  const auto rank = std::min(static_cast<std::int64_t>(at), n - 1);
  return {rank, at - static_cast<double>(rank)};
}

std::vector<double> percentiles_of(Values values, const std::vector<double>& percents, int jobs) {
  const auto n = std::ssize(values);
  std::vector<std::int64_t> ranks;
  for (const double percent : percents) {
    const auto place = place_of(percent, n);
    ranks.push_back(place.rank);
    ranks.push_back(std::min(place.rank + 1, n - 1));
  }
  const auto found = at_ranks(values, ranks, jobs);
  std::vector<double> out;
  for (std::size_t i = 0; i < percents.size(); ++i)
    out.push_back(between(found[2 * i], found[2 * i + 1], place_of(percents[i], n).part));
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

std::vector<double> deviations(Values values, double from, int jobs) {
  std::vector<double> out(values.size());
  in_parallel((std::ssize(values) + kBlock - 1) / kBlock, jobs, [&](std::int64_t block) {
    const auto begin = static_cast<std::size_t>(block * kBlock), end = std::min(values.size(), begin + kBlock);
    for (std::size_t i = begin; i < end; ++i) out[i] = values[i] == from ? 0 : std::abs(values[i] - from);
  });
  return out;
}

void fill(Summary& out, Values values, Values weights, const SummaryOptions& options) {
  out.n = std::ssize(values);
  if (out.n == 0) {
    out.percentiles.assign(options.percents.size(), kUnknown);
    return;
  }
  const int jobs = options.jobs;
  const bool weighted = !weights.empty();
  std::vector<double> percents = options.percents;
  percents.push_back(50);
  auto places = weighted ? weighted_percentiles(values, weights, percents) : percentiles_of(values, percents, jobs);
  out.median = places.back();
  places.pop_back();
  out.percentiles = std::move(places);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  out.min = *least, out.max = *most;
  out.sum = total(out.n, jobs, [&](std::size_t i) { return values[i]; });
  const double weight =
      weighted ? total(out.n, jobs, [&](std::size_t i) { return weights[i]; }) : static_cast<double>(out.n);
  const double moment = weighted ? total(out.n, jobs, [&](std::size_t i) { return weights[i] * values[i]; }) : out.sum;
  out.mean = std::clamp(moment / weight, out.min, out.max);  // rounding must not carry it outside
  const double mean = out.mean;
  const double squares = total(out.n, jobs, [&](std::size_t i) {
    const double d = values[i] - mean;
    return weighted ? weights[i] * d * d : d * d;
  });
  const double weight2 = weighted ? total(out.n, jobs, [&](std::size_t i) { return weights[i] * weights[i]; }) : weight;
  const double freedom = weight - weight2 / weight;
  if (out.n > 1) out.sigma = std::sqrt(squares / freedom);
  const auto away = deviations(values, out.median, jobs);
  out.mad = weighted ? weighted_percentiles(away, weights, {50})[0] : percentiles_of(away, {50}, jobs)[0];
}

}  // namespace

Summary summarize(Values values, const SummaryOptions& options) {
  Summary out;
  std::vector<double> known, weights;
  Values used = values;
  const bool weighted = !options.weights.empty();
  if (weighted || std::any_of(values.begin(), values.end(), [](double x) { return std::isnan(x); })) {
    known.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool counts =
          !std::isnan(values[i]) && (!weighted || (options.weights[i] > 0 && std::isfinite(options.weights[i])));
      if (!counts) continue;
      known.push_back(values[i]);
      if (weighted) weights.push_back(options.weights[i]);
    }
    used = known;
  }
  out.unknown = std::ssize(values) - std::ssize(used);
  fill(out, used, weights, options);
  for (int round = 0; options.clip > 0 && round < 10 && out.n > 1; ++round) {
    std::vector<double> kept, kept_weights;
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!(std::abs(used[i] - out.median) <= options.clip * out.sigma)) continue;
      kept.push_back(used[i]);
      if (weighted) kept_weights.push_back(weights[i]);
    }
    if (kept.empty() || kept.size() == used.size()) break;
    out.clipped += std::ssize(used) - std::ssize(kept);
    known = std::move(kept);
    weights = std::move(kept_weights);
    used = known;
    fill(out, used, weights, options);
  }
  return out;
}

}  // namespace imreg::vectors

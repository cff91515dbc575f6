// Mean, sigma, median, MAD and percentiles of many numbers, exact, by several threads.
#include <algorithm>
#include <cmath>
#include <limits>

#include "imreg/vectors.h"
#include "pixels/processor.h"
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
[[gnu::always_inline]] inline double sum_of(std::size_t from, std::size_t end, const Term& term) {
  double sums[8] = {};  // eight in a row are added at once
  for (; from + 8 <= end; from += 8) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += term(from + k);
  }
  for (; from < end; ++from) sums[0] += term(from);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// What a block tells when it is seen first; what is not known counts as nothing.
struct Seen {
  double sum = 0, min = std::numeric_limits<double>::infinity(), max = -min;
};
[[gnu::always_inline]] inline Seen seen_in(Values values) {
  Seen out;
  out.sum = sum_of(0, values.size(), [&](std::size_t i) { return values[i] == values[i] ? values[i] : 0; });
  double least[8], most[8];
  std::fill_n(least, 8, out.min), std::fill_n(most, 8, out.max);
  std::size_t i = 0;
  const auto look = [&](std::size_t k) {  // no comparison with NaN is true
    least[k] = values[i + k] < least[k] ? values[i + k] : least[k];
    most[k] = values[i + k] > most[k] ? values[i + k] : most[k];
  };
  for (; i + 8 <= values.size(); i += 8) {
    for (std::size_t k = 0; k < 8; ++k) look(k);
  }
  for (; i < values.size(); ++i) look(0);
  out.min = *std::min_element(least, least + 8), out.max = *std::max_element(most, most + 8);
  return out;
}
[[gnu::always_inline]] inline double squares_in(Values values, double mean) {
  return sum_of(0, values.size(), [&](std::size_t i) {
    const double d = values[i] == values[i] ? values[i] - mean : 0;
    return d * d;
  });
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] Seen seen_avx2(Values values) { return seen_in(values); }
[[gnu::target("avx2")]] double squares_avx2(Values values, double mean) { return squares_in(values, mean); }
#endif
Seen see(Values values) {
#if defined(__x86_64__)
  if (has_avx2()) return seen_avx2(values);
#endif
  return seen_in(values);
}
double squares_of(Values values, double mean) {
#if defined(__x86_64__)
  if (has_avx2()) return squares_avx2(values, mean);
#endif
  return squares_in(values, mean);
}

double sum_of(const std::vector<double>& blocks) {
  Sum all;
  for (const double one : blocks) all.add(one);
  return all.value();
}

void take(Summary& out, const Ranks::Found& found, double mean, double squares) {
  out.median = found.median, out.mad = found.mad;
  out.percentiles = found.percentiles;
  out.mean = std::clamp(mean, out.min, out.max);  // rounding must not carry it outside
  if (out.n > 1 && std::isfinite(out.mean))
    out.sigma = out.min == out.max ? 0 : std::sqrt(squares / (static_cast<double>(out.n) - 1));
}

// Buckets would take longer than the sort of a small group.
void fill_few(Summary& out, Values values, const SummaryOptions& options) {
  std::vector<double> known;
  for (const double x : values) {
    if (x == x) known.push_back(x);
  }
  out.n = std::ssize(known);
  if (out.n == 0) return;
  const Seen seen = seen_in(known);
  out.sum = sum_of({seen.sum}), out.min = seen.min, out.max = seen.max;
  const double mean = out.sum / static_cast<double>(out.n), squares = squares_in(known, mean);
  take(out, found_in_order(std::move(known), options.percents), mean, squares);
}

void fill(Summary& out, Values values, const SummaryOptions& options) {
  constexpr std::size_t kFew = 1000;
  if (values.size() <= kFew) return fill_few(out, values, options);
  Ranks ranks(values);
  std::vector<Seen> seen(blocks_of(values.size()));
  in_parallel(values.size(), options.jobs, [&](std::size_t block, std::size_t from, std::size_t end) {
    ranks.count(from, end);
    seen[block] = see(values.subspan(from, end - from));
  });
  out.n = ranks.choose(options.percents);
  if (out.n == 0) return;
  std::vector<double> sums;
  out.min = seen[0].min, out.max = seen[0].max;
  for (const auto& one : seen) {
    sums.push_back(one.sum);
    out.min = std::min(out.min, one.min), out.max = std::max(out.max, one.max);
  }
  out.sum = sum_of(sums);
  const double mean = out.sum / static_cast<double>(out.n);
  in_parallel(values.size(), options.jobs, [&](std::size_t block, std::size_t from, std::size_t end) {
    ranks.keep(from, end);
    sums[block] = squares_of(values.subspan(from, end - from), mean);
  });
  take(out, ranks.found(), mean, sum_of(sums));
}

// The mean over one n-th of all weight, n being how many equal weights tell as much (Kish 1965), from the place of the percentage
// on: of equal weights that are the straight lines between neighbours (Akinshin 2023, type 7).
std::vector<double> weighted_percentiles(Values values, Values weights, const std::vector<double>& percents) {
  const auto order = order_of(values);
  std::vector<double> ends, out;
  double all = 0, squares = 0;
  for (const auto i : order) {
    squares += weights[i] * weights[i];
    ends.push_back(all += weights[i]);
  }
  const double part = squares / all;
  for (const double percent : percents) {
    const double from = percent / 100 * (all - part), to = from + part;
    auto k = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), from) - ends.begin());
    k = std::min(k, ends.size() - 1);
    const double first = values[order[k]];
    double last = first, moment = 0, weight = 0;
    for (double begin = from; k < ends.size() && begin < to; begin = ends[k++]) {
      const double share = std::min(ends[k], to) - begin;
      if (!(share > all * 1e-14)) continue;  // what rounding leaves of the next value is no share of it
      last = values[order[k]];
      moment += share * last;
      weight += share;
    }
    out.push_back(first == last || !(weight > 0) ? first : std::clamp(moment / weight, first, last));
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
    const double most = weights.empty() ? 1 : *std::max_element(weights.begin(), weights.end());
    for (double& w : weights) w /= most;  // their scale does not matter, and their squares stay numbers
  }
  const auto fill_out = [&] { weighted ? fill_weighted(out, used, weights, options) : fill(out, used, options); };
  fill_out();
  out.unknown = std::ssize(values) - out.n;
  while (options.clip > 0 && out.n > 1) {
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

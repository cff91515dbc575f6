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

// What is known of a block, all in one look. Sums are of distances from one of its own values, so that what they have in common takes no
// digits: of n values, squares about the mean lose a factor of n at most.
struct Seen {
  double n = 0, from = 0, sum = 0, squares = 0, min = std::numeric_limits<double>::infinity(), max = -min;

  double mean() const { return from + sum / n; }
  double squares_about(double middle) const {  // Chan, Golub & LeVeque 1979
    const double away = mean() - middle;
    return n > 0 ? std::max(squares - sum * sum / n, 0.0) + n * away * away : 0;
  }
};
[[gnu::always_inline]] inline Seen seen_in(Values values) {
  Seen out;
  constexpr double kNear = 1e300;  // distances between larger ones may be infinite
  const auto first = std::find_if(values.begin(), values.end(), [](double x) { return std::abs(x) < kNear; });
  const double start = first == values.end() ? 0 : *first;
  double n[8] = {}, sum[8] = {}, squares[8] = {}, least[8], most[8];  // eight in a row are seen at once
  std::fill_n(least, 8, out.min), std::fill_n(most, 8, out.max);
  const auto look = [&](std::size_t k, double x) {  // no comparison with NaN is true
    const double away = x == x ? x - start : 0;
    n[k] += x == x ? 1 : 0;
    sum[k] += away;
    squares[k] += away * away;
    least[k] = x < least[k] ? x : least[k];
    most[k] = x > most[k] ? x : most[k];
  };
  std::size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    for (std::size_t k = 0; k < 8; ++k) look(k, values[i + k]);
  }
  for (; i < values.size(); ++i) look(0, values[i]);
  const auto all = [](const double* of) {
    return ((of[0] + of[1]) + (of[2] + of[3])) + ((of[4] + of[5]) + (of[6] + of[7]));
  };
  out.from = start;
  out.n = all(n), out.sum = all(sum), out.squares = all(squares);
  out.min = *std::min_element(least, least + 8), out.max = *std::max_element(most, most + 8);
  return out;
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] Seen seen_avx2(Values values) { return seen_in(values); }
#endif
Seen see(Values values) {
#if defined(__x86_64__)
  if (has_avx2()) return seen_avx2(values);
#endif
  return seen_in(values);
}

// Blocks of known values, one or more of each.
void take(Summary& out, std::vector<Seen> blocks) {
  std::erase_if(blocks, [](const Seen& one) { return one.n == 0; });
  Sum sum, squares;
  out.min = blocks[0].min, out.max = blocks[0].max;
  for (const auto& one : blocks) {
    sum.add(one.n * one.from);
    sum.add(one.sum);
    out.min = std::min(out.min, one.min), out.max = std::max(out.max, one.max);
  }
  out.sum = sum.value();
  out.mean = std::clamp(out.sum / static_cast<double>(out.n), out.min, out.max);  // rounding must not carry it outside
  for (const auto& one : blocks) squares.add(one.squares_about(out.mean));
  if (out.n > 1 && std::isfinite(out.mean))
    out.sigma = out.min == out.max ? 0 : std::sqrt(squares.value() / (static_cast<double>(out.n) - 1));
}
void take(Summary& out, Ranks::Found found) {
  out.median = found.median, out.mad = found.mad;
  out.percentiles = std::move(found.percentiles);
}

// Buckets would take longer than the sort of a small group.
void fill_few(Summary& out, Values values, const SummaryOptions& options) {
  std::vector<double> known;
  for (const double x : values) {
    if (x == x) known.push_back(x);
  }
  out.n = std::ssize(known);
  if (out.n == 0) return;
  take(out, {seen_in(known)});
  take(out, found_in_order(std::move(known), options.percents));
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
  take(out, std::move(seen));
  in_parallel(values.size(), options.jobs,
              [&](std::size_t, std::size_t from, std::size_t end) { ranks.keep(from, end); });
  take(out, ranks.found());
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

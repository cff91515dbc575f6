// Two passes instead of sorts: values are counted in 4,096 buckets of equal width, then those of the buckets in which a wanted place
// lies are kept and put in order. The bucket rises with the value, however it is rounded, so the answer is exact; a sample tells
// the width, and what is beyond goes into the first and the last bucket. The counts also tell between which distances from the median
// the MAD must be: values that far away are in two runs of buckets, and the same second pass keeps them.
#include "vectors/ranks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <system_error>
#include <thread>

#include "pixels/processor.h"

namespace imreg::vectors {

namespace {

constexpr std::size_t kBlock = 32768, kSample = 4096;
constexpr std::size_t kFew = 1024;  // are put in order at once: there may be 10,000 groups of them

// Golden steps: what repeats in the values (36 CCDs) does not repeat in the sample.
std::vector<double> sample_of(Values values) {
  std::vector<double> out;
  for (std::size_t i = 0; i < kSample && !values.empty(); ++i) {
    const double at = std::fmod(static_cast<double>(i) * 0.6180339887498949, 1.0) * static_cast<double>(values.size());
    const double x = values[std::min(static_cast<std::size_t>(at), values.size() - 1)];
    if (std::isfinite(x)) out.push_back(x);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// 1 to `last`, 0 of what is not known. No branch depends on a value: half of all may be unknown, in any order.
[[gnu::always_inline]] inline void buckets_of(Values values, double low, double scale, double last, int* buckets) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    double at = (x - low) * scale;
    at = at > 1 ? at : 1;  // of NaN, too
    at = at < last ? at : last;
    buckets[i] = static_cast<int>(x == x ? at : 0);
  }
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void buckets_avx2(Values values, double low, double scale, double last, int* buckets) {
  buckets_of(values, low, scale, last, buckets);
}
#endif
void find_buckets(Values values, double low, double scale, double last, int* buckets) {
#if defined(__x86_64__)
  if (has_avx2()) return buckets_avx2(values, low, scale, last, buckets);
#endif
  buckets_of(values, low, scale, last, buckets);
}

// The value at a place between two neighbours.
double between(double low, double high, double part) {
  if (part == 0 || low == high) return low;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

// Of two in the middle; as numpy's, infinite when one is.
double middle_of(double low, double high) { return low == high ? low : low / 2 + high / 2; }

}  // namespace

std::size_t blocks_of(std::size_t n) { return (n + kBlock - 1) / kBlock; }

void in_parallel(std::size_t n, int jobs, const BlockWork& work) {
  const std::size_t blocks = blocks_of(n);
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t block = next++; block < blocks; block = next++)
      work(block, block * kBlock, std::min(n, (block + 1) * kBlock));
  };
  std::vector<std::thread> threads;
  constexpr std::size_t kWorthAThread = 16;
  try {
    for (std::size_t i = 1; i < std::min(static_cast<std::size_t>(std::max(jobs, 1)), blocks / kWorthAThread + 1); ++i)
      threads.emplace_back(run);
  } catch (const std::system_error&) {  // fewer threads do the same work
  }
  run();
  for (auto& thread : threads) thread.join();
}

Ranks::Ranks(Values values) : values_(values), buckets_(values.size() > kFew ? kMostBuckets : 2) {
  before_.resize(static_cast<std::size_t>(buckets_) + 1);
  wanted_.resize(static_cast<std::size_t>(buckets_));
  kept_.resize(static_cast<std::size_t>(buckets_));
  const auto sample = buckets_ == 2 ? std::vector<double>() : sample_of(values);
  if (sample.empty()) return;  // all that is known in one bucket
  const auto at = [&](double part) {
    return sample[static_cast<std::size_t>(part * static_cast<double>(sample.size() - 1))];
  };
  // Outliers must not make the buckets wide.
  low_ = at(0.005);
  const double width = at(0.995) - low_;
  scale_ = width > 0 && std::isfinite(width) ? (buckets_ - 4) / width : 0;
  low_ -= scale_ > 0 ? 2 / scale_ : 0;
  if (!std::isfinite(scale_) || !std::isfinite(low_)) scale_ = 0, low_ = 0;
}

template <class Visit>
void Ranks::each_bucket(std::size_t from, std::size_t end, const Visit& visit) const {
  constexpr std::size_t kAtOnce = 512;
  int buckets[kAtOnce];
  for (; from < end; from += kAtOnce) {
    const std::size_t n = std::min(kAtOnce, end - from);
    find_buckets(values_.subspan(from, n), low_, scale_, buckets_ - 1, buckets);
    for (std::size_t i = 0; i < n; ++i) visit(from + i, static_cast<std::size_t>(buckets[i]));
  }
}

void Ranks::count(std::size_t from, std::size_t end) {
  // Two counts in turn: what was just written is not waited for when neighbours are alike.
  std::array<std::uint32_t, kMostBuckets> counts[2] = {};
  each_bucket(from, end, [&](std::size_t i, std::size_t bucket) { ++counts[i % 2][bucket]; });
  const std::lock_guard lock(mutex_);
  for (std::size_t k = 0; k < wanted_.size(); ++k) before_[k] += counts[0][k] + counts[1][k];
}

std::int64_t Ranks::choose(const std::vector<double>& percents) {
  before_[0] = 0;
  for (auto& one : before_) known_ += std::exchange(one, known_);
  if (known_ == 0) return 0;
  places_ = {0, known_ - 1, (known_ - 1) / 2, known_ / 2};
  for (const double percent : percents) {
    const double at = percent / 100 * static_cast<double>(known_ - 1);
    const auto place = std::min(static_cast<std::int64_t>(at), known_ - 1);
    places_.insert(places_.end(), {place, std::min(place + 1, known_ - 1)});
    parts_.push_back(at - static_cast<double>(place));
  }
  choose_ring({bucket_at(places_[2]), bucket_at(places_[3])});
  for (int k = 1; k < buckets_; ++k) wanted_[static_cast<std::size_t>(k)] = in_ring(k) ? 1 : 0;
  for (const auto place : places_) wanted_[static_cast<std::size_t>(bucket_at(place))] = 1;
  return known_;
}

int Ranks::bucket_at(std::int64_t place) const {
  return static_cast<int>(std::upper_bound(before_.begin(), before_.end() - 1, place) - before_.begin()) - 1;
}

std::int64_t Ranks::counted(Range buckets) const {
  const int first = std::max(buckets.first, 1), last = std::min(buckets.last, buckets_ - 1);
  return first <= last ? before_[static_cast<std::size_t>(last) + 1] - before_[static_cast<std::size_t>(first)] : 0;
}

// Between which distances from the median, in buckets, half of all values are reached. The median is in one of the buckets `middle`. One
// bucket more at each end, for rounding.
void Ranks::choose_ring(Range middle) {
  // What is nearer than r buckets is in near(r); what is in within(r) is nearer. The first and the last bucket have no end.
  const auto near = [&](int r) { return Range{middle.first - r, middle.last + r}; };
  const auto within = [&](int r) {
    return Range{std::max(middle.last + 1 - r, 2), std::min(middle.first + r - 1, buckets_ - 2)};
  };
  int inner = 0, outer = 0;
  while (inner < buckets_ && counted(near(inner + 1)) <= places_[2]) ++inner;
  while (outer < buckets_ && counted(within(outer)) <= places_[3]) ++outer;
  inner_ = within(inner - 1);
  outer_ = near(outer + 1);
}

void Ranks::keep(std::size_t from, std::size_t end) {
  std::vector<std::pair<std::size_t, double>> kept;
  each_bucket(from, end, [&](std::size_t i, std::size_t bucket) {
    if (wanted_[bucket] != 0) kept.emplace_back(bucket, values_[i]);
  });
  const std::lock_guard lock(mutex_);
  for (const auto& [bucket, x] : kept) kept_[bucket].push_back(x);
}

Ranks::Found Ranks::found() {
  std::vector<double> values;
  for (const auto place : places_) {
    const auto bucket = static_cast<std::size_t>(bucket_at(place));
    const auto at = kept_[bucket].begin() + (place - before_[bucket]);
    std::nth_element(kept_[bucket].begin(), at, kept_[bucket].end());
    values.push_back(*at);
  }
  Found out{.min = values[0], .max = values[1], .median = middle_of(values[2], values[3])};
  for (std::size_t i = 0; i < parts_.size(); ++i)
    out.percentiles.push_back(between(values[4 + 2 * i], values[5 + 2 * i], parts_[i]));
  if (!std::isfinite(out.median)) return out;
  std::vector<double> away;
  for (int k = 1; k < buckets_; ++k) {
    if (!in_ring(k)) continue;
    for (const double x : kept_[static_cast<std::size_t>(k)]) away.push_back(std::abs(x - out.median));
  }
  const auto away_at = [&](std::int64_t place) {
    const auto at = away.begin() + (place - counted(inner_));
    std::nth_element(away.begin(), at, away.end());
    return *at;
  };
  const double low = away_at(places_[2]);
  out.mad = middle_of(low, away_at(places_[3]));
  return out;
}

}  // namespace imreg::vectors

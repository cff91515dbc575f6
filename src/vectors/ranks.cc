// Two passes instead of sorts: values are counted in 4,096 buckets of equal width, then those of the buckets in which a wanted place
// lies are kept and put in order. The bucket rises with the value, however it is rounded, so the answer is exact; a sample tells
// the width, and what is beyond goes into the first and the last bucket. The counts also tell between which distances from the median
// the MAD must be: values that far away are in two runs of buckets, and the same second pass keeps them.
#include "vectors/ranks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "os/processors.h"
#include "pixels/processor.h"

namespace imreg::vectors {

namespace {

constexpr std::size_t kBlock = 32768, kPiece = 512, kSample = 4096;
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
  constexpr std::size_t kWorthAThread = 16;
  at_once(std::min(jobs, static_cast<int>(blocks / kWorthAThread + 1)), [&](int) {
    for (std::size_t block = next++; block < blocks; block = next++)
      work(block, block * kBlock, std::min(n, (block + 1) * kBlock));
  });
}

Ranks::Ranks(Values values) : values_(values), buckets_(values.size() > kFew ? kMostBuckets : 2) {
  before_.resize(static_cast<std::size_t>(buckets_) + 1);
  wanted_.resize(static_cast<std::size_t>(buckets_));
  kept_at_.resize(static_cast<std::size_t>(buckets_));
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

// Pieces that stay in the nearest cache with their buckets.
template <class Visit>
void Ranks::each_piece(std::size_t from, std::size_t end, const Visit& visit) const {
  int buckets[kPiece];
  for (; from < end; from += kPiece) {
    const Values piece = values_.subspan(from, std::min(kPiece, end - from));
    find_buckets(piece, low_, scale_, buckets_ - 1, buckets);
    std::fill(buckets + piece.size(), buckets + kPiece, 0);
    visit(piece, buckets);
  }
}

void Ranks::count(std::size_t from, std::size_t end) {
  // Four counts in turn: what was just written is not waited for when neighbours are alike. A block's values fit into 16 bits.
  static_assert(kBlock <= 65535 && kPiece % 4 == 0);
  std::array<std::uint16_t, kMostBuckets> counts[4] = {};
  each_piece(from, end, [&](Values piece, const int* buckets) {
    for (std::size_t i = 0; i < piece.size(); i += 4) {
      for (std::size_t k = 0; k < 4; ++k) ++counts[k][static_cast<std::size_t>(buckets[i + k])];
    }
  });
  const std::lock_guard lock(mutex_);
  for (std::size_t k = 0; k < wanted_.size(); ++k)
    before_[k] += counts[0][k] + counts[1][k] + counts[2][k] + counts[3][k];
}

std::int64_t Ranks::choose(const std::vector<double>& percents) {
  before_[0] = 0;
  for (auto& one : before_) known_ += std::exchange(one, known_);
  if (known_ == 0) return 0;
  places_ = {(known_ - 1) / 2, known_ / 2};
  for (const double percent : percents) {
    const double at = percent / 100 * static_cast<double>(known_ - 1);
    const auto place = std::min(static_cast<std::int64_t>(at), known_ - 1);
    places_.insert(places_.end(), {place, std::min(place + 1, known_ - 1)});
    parts_.push_back(at - static_cast<double>(place));
  }
  choose_ring({bucket_at(places_[0]), bucket_at(places_[1])});
  for (int k = 1; k < buckets_; ++k) wanted_[static_cast<std::size_t>(k)] = in_ring(k) ? 1 : 0;
  for (const auto place : places_) wanted_[static_cast<std::size_t>(bucket_at(place))] = 1;
  std::int64_t all = 0;
  for (std::size_t k = 1; k < wanted_.size(); ++k) {
    kept_at_[k] = all;
    all += wanted_[k] != 0 ? before_[k + 1] - before_[k] : 0;
  }
  kept_.resize(static_cast<std::size_t>(all));
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
  while (inner < buckets_ && counted(near(inner + 1)) <= places_[0]) ++inner;
  while (outer < buckets_ && counted(within(outer)) <= places_[1]) ++outer;
  inner_ = within(inner - 1);
  outer_ = near(outer + 1);
}

void Ranks::keep(std::size_t from, std::size_t end) {
  std::vector<std::pair<std::size_t, double>> kept;
  const std::uint8_t* const wanted = wanted_.data();
  each_piece(from, end, [&](Values piece, const int* buckets) {
    // Few are wanted: eight are passed over at once.
    for (std::size_t i = 0; i < piece.size(); i += 8) {
      unsigned any = 0;
      for (std::size_t k = 0; k < 8; ++k) any |= wanted[buckets[i + k]];
      for (std::size_t k = i; any != 0 && k < i + 8; ++k) {
        if (wanted[buckets[k]] != 0) kept.emplace_back(buckets[k], piece[k]);
      }
    }
  });
  const std::lock_guard lock(mutex_);
  for (const auto& [bucket, x] : kept) kept_[static_cast<std::size_t>(kept_at_[bucket]++)] = x;
}

std::span<double> Ranks::kept(int bucket) {
  const auto k = static_cast<std::size_t>(bucket);
  const auto size = static_cast<std::size_t>(before_[k + 1] - before_[k]);
  return std::span(kept_).subspan(static_cast<std::size_t>(kept_at_[k]) - size, size);  // it has been filled
}

Ranks::Found Ranks::found() {
  std::vector<double> values;
  for (const auto place : places_) {
    const int bucket = bucket_at(place);
    const auto all = kept(bucket);
    const auto at = all.begin() + (place - before_[static_cast<std::size_t>(bucket)]);
    std::nth_element(all.begin(), at, all.end());
    values.push_back(*at);
  }
  Found out{.median = middle_of(values[0], values[1])};
  for (std::size_t i = 0; i < parts_.size(); ++i)
    out.percentiles.push_back(between(values[2 + 2 * i], values[3 + 2 * i], parts_[i]));
  if (!std::isfinite(out.median)) return out;
  std::vector<double> away;
  for (int k = 1; k < buckets_; ++k) {
    if (!in_ring(k)) continue;
    for (const double x : kept(k)) away.push_back(std::abs(x - out.median));
  }
  const auto away_at = [&](std::int64_t place) {
    const auto at = away.begin() + (place - counted(inner_));
    std::nth_element(away.begin(), at, away.end());
    return *at;
  };
  const double low = away_at(places_[0]);
  out.mad = middle_of(low, away_at(places_[1]));
  return out;
}

Ranks::Found found_in_order(std::vector<double> values, const std::vector<double>& percents) {
  std::sort(values.begin(), values.end());
  const std::size_t last = values.size() - 1;
  const auto middle = [last](const std::vector<double>& of) { return middle_of(of[last / 2], of[(last + 1) / 2]); };
  Ranks::Found out{.median = middle(values)};
  for (const double percent : percents) {
    const double at = percent / 100 * static_cast<double>(last);
    const auto place = std::min(static_cast<std::size_t>(at), last);
    out.percentiles.push_back(
        between(values[place], values[std::min(place + 1, last)], at - static_cast<double>(place)));
  }
  if (!std::isfinite(out.median)) return out;
  for (double& x : values) x = std::abs(x - out.median);
  std::sort(values.begin(), values.end());
  out.mad = middle(values);
  return out;
}

}  // namespace imreg::vectors

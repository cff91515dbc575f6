// Two passes instead of a sort: values are counted in 4,096 buckets of equal width, then those of the buckets in which a wanted place
// lies are kept and put in order. The bucket rises with the value, however it is rounded, so the answer is exact; a sample tells
// the width, and what is beyond goes into the first and the last bucket.
#include "vectors/ranks.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

namespace imreg::vectors {

namespace {

constexpr std::size_t kBlock = 32768, kSample = 8192;

// Golden steps: what repeats in the values (36 CCDs) does not repeat in the sample.
std::vector<double> sample_of(std::size_t n, const std::function<double(std::size_t)>& value) {
  std::vector<double> out;
  for (std::size_t i = 0; i < kSample; ++i) {
    const double at = std::fmod(static_cast<double>(i) * 0.6180339887498949, 1.0) * static_cast<double>(n);
    const double x = value(std::min(static_cast<std::size_t>(at), n - 1));
    if (std::isfinite(x)) out.push_back(x);
  }
  std::sort(out.begin(), out.end());
  return out;
}

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

inline std::size_t Ranks::bucket_of(double x) const {
  const double at = (x - low_) * scale_;
  if (at >= static_cast<double>(kBuckets - 1)) return kBuckets - 1;
  if (at > 0) return static_cast<std::size_t>(at);
  return std::isnan(x) ? kUnknown : 0;
}

Ranks::Ranks(Values values, double from, int jobs)
    : values_(values), from_(from), absolute_(!std::isnan(from)), jobs_(jobs) {
  const auto sample =
      values.empty() ? std::vector<double>() : sample_of(values.size(), [&](std::size_t i) { return value(i); });
  if (!sample.empty()) {
    const auto at = [&](double part) {
      return sample[static_cast<std::size_t>(part * static_cast<double>(sample.size() - 1))];
    };
    // Outliers must not make the buckets wide.
    low_ = at(0.005);
    const double width = at(0.995) - low_;
    scale_ = width > 0 && std::isfinite(width) ? static_cast<double>(kBuckets - 2) / width : 0;
    low_ -= scale_ > 0 ? 1 / scale_ : 0;
    if (!std::isfinite(scale_) || !std::isfinite(low_)) scale_ = 0, low_ = 0;  // all in one bucket
  }
  std::vector<std::array<std::uint32_t, kBuckets + 1>> counts(blocks_of(values.size()));
  in_parallel(values.size(), jobs, [&](std::size_t block, std::size_t begin, std::size_t end) {
    auto& mine = counts[block];
    for (std::size_t i = begin; i < end; ++i) {
      ++mine[bucket_of(value(i))];
    }
  });
  for (std::size_t k = 0; k < kBuckets; ++k) {
    before_[k] = known_;
    for (const auto& one : counts) known_ += one[k];
  }
  before_[kBuckets] = known_;
}

std::vector<double> Ranks::at(const std::vector<std::int64_t>& ranks) const {
  const auto bucket_at = [&](std::int64_t rank) {
    return static_cast<std::size_t>(std::upper_bound(before_.begin(), before_.end() - 1, rank) - before_.begin()) - 1;
  };
  std::array<std::uint8_t, kBuckets + 1> wanted{};
  for (const auto rank : ranks) wanted[bucket_at(rank)] = 1;
  std::vector<std::vector<std::pair<std::size_t, double>>> kept(blocks_of(values_.size()));
  in_parallel(values_.size(), jobs_, [&](std::size_t block, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const double x = value(i);
      const std::size_t bucket = bucket_of(x);
      if (wanted[bucket]) kept[block].emplace_back(bucket, x);  // never of the unknown
    }
  });
  std::vector<std::vector<double>> pools(kBuckets);
  for (const auto& part : kept) {
    for (const auto& [bucket, x] : part) pools[bucket].push_back(x);
  }
  std::vector<double> out;
  for (const auto rank : ranks) {
    const std::size_t bucket = bucket_at(rank);
    auto& pool = pools[bucket];
    const auto place = pool.begin() + (rank - before_[bucket]);
    std::nth_element(pool.begin(), place, pool.end());
    out.push_back(*place);
  }
  return out;
}

}  // namespace imreg::vectors

// Exact order statistics of many numbers, and the threads for passes over them.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "imreg/vectors.h"

namespace imreg::vectors {

/// Calls work(block, from, end) for the blocks of n values, by up to `jobs` threads when there are blocks enough. Blocks are the same for
/// any number of threads, so that sums by blocks are, too.
using BlockWork = std::function<void(std::size_t block, std::size_t from, std::size_t end)>;
void in_parallel(std::size_t n, int jobs, const BlockWork& work);
std::size_t blocks_of(std::size_t n);

/// Percentiles and MAD, in two passes over the values that the caller makes: so what else it needs of each block can be computed while
/// that is in the processor's cache. NaN do not count.
class Ranks {
 public:
  /// `values` must outlive it.
  explicit Ranks(Values values);
  /// First pass: every block once, by any threads.
  void count(std::size_t from, std::size_t end);
  /// Between the passes: how many values count. Percents are 0 to 100.
  std::int64_t choose(const std::vector<double>& percents);
  /// Second pass, when values count: every block once.
  void keep(std::size_t from, std::size_t end);

  struct Found {
    double median = kUnknown;
    double mad = kUnknown;              ///< the median of |x - median|; not known when that is not finite
    std::vector<double> percentiles{};  ///< as chosen
  };
  Found found();

 private:
  static constexpr int kMostBuckets = 4096;
  struct Range {
    int first, last;  ///< empty when last < first
    bool has(int bucket) const { return first <= bucket && bucket <= last; }
  };
  template <class Visit>
  void each_piece(std::size_t from, std::size_t end, const Visit& visit) const;
  int bucket_at(std::int64_t place) const;
  std::int64_t counted(Range buckets) const;
  void choose_ring(Range middle);
  std::span<double> kept(int bucket);
  bool in_ring(int bucket) const { return outer_.has(bucket) && !inner_.has(bucket); }

  Values values_;
  int buckets_;                 ///< the first holds what is not known
  double low_ = 0, scale_ = 0;  ///< of the buckets
  std::mutex mutex_;
  std::vector<std::int64_t>
      before_;  ///< how many known values are in the buckets below each; while they are counted, in it
  std::int64_t known_ = 0;
  std::vector<std::int64_t> places_;  ///< two in the middle, two neighbours of each percentile
  std::vector<double> parts_;         ///< of each percentile: where between the two
  Range outer_{}, inner_{};  ///< what is as far from the median as the MAD is in the outer and not in the inner
  std::vector<std::uint8_t> wanted_;   ///< buckets
  std::vector<double> kept_;           ///< values of the wanted buckets, bucket by bucket
  std::vector<std::int64_t> kept_at_;  ///< of each bucket: where its next value goes
};

/// The same of known values, one or more, by putting them in order.
Ranks::Found found_in_order(std::vector<double> values, const std::vector<double>& percents);

}  // namespace imreg::vectors

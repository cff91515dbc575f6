// Exact order statistics of many numbers, and the threads for it.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "imreg/vectors.h"

namespace imreg::vectors {

/// Calls work(block, from, end) for the blocks of n values, by up to `jobs` threads when there are blocks enough. Blocks are the same for
/// any number of threads, so that sums by blocks are, too.
using BlockWork = std::function<void(std::size_t block, std::size_t from, std::size_t end)>;
void in_parallel(std::size_t n, int jobs, const BlockWork& work);
std::size_t blocks_of(std::size_t n);

/// The values that would stand at given places if all were in ascending order. NaN do not count.
class Ranks {
 public:
  /// Of |x - from|; of x itself when `from` is NaN. `values` must outlive it.
  Ranks(Values values, double from, int jobs);
  /// How many values count.
  std::int64_t known() const { return known_; }
  /// Places are 0..known() - 1, in any order.
  std::vector<double> at(const std::vector<std::int64_t>& ranks) const;

 private:
  static constexpr std::size_t kBuckets = 4096, kUnknown = kBuckets;
  double value(std::size_t i) const { return absolute_ ? std::abs(values_[i] - from_) : values_[i]; }
  std::size_t bucket_of(double x) const;  ///< kUnknown of NaN

  Values values_;
  double from_;
  bool absolute_;
  int jobs_;
  double low_ = 0, scale_ = 0;                       ///< of the buckets
  std::array<std::int64_t, kBuckets + 1> before_{};  ///< how many values are in the buckets below each
  std::int64_t known_ = 0;
};

}  // namespace imreg::vectors

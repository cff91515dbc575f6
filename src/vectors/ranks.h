// Exact order statistics of many numbers, and the threads for it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "imreg/vectors.h"

namespace imreg::vectors {

/// Calls work(block) for 0..blocks-1, by up to `jobs` threads when there are blocks enough.
void in_parallel(std::int64_t blocks, int jobs, const std::function<void(std::int64_t block)>& work);

/// The values that would stand at these places (0..n-1) if all were in ascending order. No NaN among them.
std::vector<double> at_ranks(Values values, const std::vector<std::int64_t>& ranks, int jobs = 1);

}  // namespace imreg::vectors

// One pass instead of a sort: a sample tells, for each wanted rank, two values between which it must lie; only what is
// between them is kept and put in order. (Floyd and Rivest 1975.) A rank that the sample missed is looked for in all values.
#include "vectors/ranks.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <system_error>
#include <thread>

namespace imreg::vectors {

namespace {

constexpr std::int64_t kFew = 100000;  // so many are copied and put in order
constexpr std::int64_t kSample = 16384, kBlock = 32768;

// Of values in `pool`, which may be moved about.
void take_ranks(std::vector<double>& pool, const std::vector<std::int64_t>& ranks, std::vector<double>& out) {
  auto begin = pool.begin();
  for (const auto rank : ranks) {  // ascending: what is below the last one stands before it
    const auto at = pool.begin() + rank;
    if (at >= begin) std::nth_element(begin, at, pool.end());
    begin = at;
    out.push_back(*at);
  }
}

struct Part {
  std::vector<std::int64_t> counts;
  std::vector<std::vector<double>> kept;
};

// Borders ascend. Of k borders, values are in k + 1 classes; those of odd ones are kept.
void classify(Values values, const std::vector<double>& borders, Part& part) {
  const std::size_t n = borders.size();
  for (const double value : values) {
    std::size_t k = 0;
    for (std::size_t i = 0; i < n; ++i) k += value >= borders[i] ? 1 : 0;
    ++part.counts[k];
    if (k & 1) part.kept[k].push_back(value);
  }
}

}  // namespace

void in_parallel(std::int64_t blocks, int jobs, const std::function<void(std::int64_t block)>& work) {
  std::atomic<std::int64_t> next{0};
  const auto run = [&] {
    for (std::int64_t block = next++; block < blocks; block = next++) work(block);
  };
  std::vector<std::thread> threads;
  constexpr std::int64_t kWorthAThread = 32;
  try {
    for (int i = 1; i < std::min<std::int64_t>(jobs, blocks / kWorthAThread + 1); ++i) threads.emplace_back(run);
  } catch (const std::system_error&) {  // fewer threads do the same work
  }
  run();
  for (auto& thread : threads) thread.join();
}

std::vector<double> at_ranks(Values values, const std::vector<std::int64_t>& wanted, int jobs) {
  const auto n = std::ssize(values);
  std::vector<std::int64_t> ranks = wanted;
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  std::vector<double> found;
  const auto answer = [&] {
    std::vector<double> out;
    for (const auto rank : wanted)
      out.push_back(
          found[static_cast<std::size_t>(std::lower_bound(ranks.begin(), ranks.end(), rank) - ranks.begin())]);
    return out;
  };
  const auto slowly = [&] {
    std::vector<double> pool(values.begin(), values.end());
    found.clear();
    take_ranks(pool, ranks, found);
    return answer();
  };
  if (n <= kFew) return slowly();

  // Golden steps through the values: what repeats in them does not repeat in the sample.
  std::vector<double> sample(kSample);
  for (std::int64_t i = 0; i < kSample; ++i) {
    const double at = std::fmod(static_cast<double>(i) * 0.6180339887498949, 1.0) * static_cast<double>(n);
    sample[static_cast<std::size_t>(i)] =
        values[static_cast<std::size_t>(std::min(static_cast<std::int64_t>(at), n - 1))];
  }
  std::sort(sample.begin(), sample.end());
  // Each rank between two of the sample, five standard deviations of its place away; neighbours share their interval.
  std::vector<double> borders;
  for (const auto rank : ranks) {
    const double part = static_cast<double>(rank) / static_cast<double>(n - 1);
    const double away = 5 * std::sqrt(part * (1 - part) * kSample) + 5;
    const auto low = static_cast<std::int64_t>(std::floor(part * kSample - away));
    const auto high = static_cast<std::int64_t>(std::ceil(part * kSample + away));
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const double from = low <= 0 ? -kInfinity : sample[static_cast<std::size_t>(low)];
    // The border itself belongs to the class above, so an interval ends behind its last value.
    const double to = high >= kSample ? kInfinity : std::nextafter(sample[static_cast<std::size_t>(high)], kInfinity);
    if (!borders.empty() && from <= borders.back())
      borders.back() = std::max(borders.back(), to);
    else
      borders.push_back(from), borders.push_back(to);
  }
  const auto classes = borders.size() + 1;
  const std::int64_t blocks = (n + kBlock - 1) / kBlock;
  std::vector<Part> parts(static_cast<std::size_t>(blocks));
  in_parallel(blocks, jobs, [&](std::int64_t block) {
    Part& part = parts[static_cast<std::size_t>(block)];
    part.counts.assign(classes, 0);
    part.kept.resize(classes);
    const auto from = static_cast<std::size_t>(block * kBlock);
    classify(values.subspan(from, std::min(values.size() - from, static_cast<std::size_t>(kBlock))), borders, part);
  });
  std::int64_t before = 0;
  std::size_t next = 0;
  for (std::size_t k = 0; k < classes && next < ranks.size(); ++k) {
    std::int64_t count = 0;
    for (const auto& part : parts) count += part.counts[k];
    std::vector<std::int64_t> inside;
    for (; next < ranks.size() && ranks[next] < before + count; ++next) inside.push_back(ranks[next] - before);
    before += count;
    if (inside.empty()) continue;
    // Infinity above the last border is in its class, which is not kept: with an unlucky sample, and with many infinities.
    if (k % 2 == 0) return slowly();
    std::vector<double> pool;
    pool.reserve(static_cast<std::size_t>(count));
    for (const auto& part : parts) pool.insert(pool.end(), part.kept[k].begin(), part.kept[k].end());
    take_ranks(pool, inside, found);
  }
  return answer();
}

}  // namespace imreg::vectors

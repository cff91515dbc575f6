// Counting pixels of 8 and 16 bits, eight bytes at a time.
#include "pixels/histogram.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

namespace imreg {

namespace {

constexpr std::int64_t kMostHeld = std::int64_t{1} << 31;  // what the small counters can surely hold

std::uint64_t load(const unsigned char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

Histogram::Histogram(int size)
    : size_(size),
      lowest_(size == 1 ? 0 : -32768),
      tables_(kTables * (size == 1 ? std::size_t{256} : std::size_t{65536})),
      sums_(tables_.size() / kTables) {}

void Histogram::add(const unsigned char* pixels, std::int64_t count) {
  const std::size_t n = sums_.size();
  std::uint32_t *const a = tables_.data(), *const b = a + n, *const c = b + n, *const d = c + n;
  while (count > 0) {
    if (held_ == kMostHeld) flush();
    std::int64_t run = std::min(count, kMostHeld - held_);
    held_ += run;
    count -= run;
    if (size_ == 1) {
      for (; run >= 8; run -= 8, pixels += 8) {
        const std::uint64_t word = load(pixels);
        ++a[word & 255], ++b[word >> 8 & 255], ++c[word >> 16 & 255], ++d[word >> 24 & 255];
        ++a[word >> 32 & 255], ++b[word >> 40 & 255], ++c[word >> 48 & 255], ++d[word >> 56];
      }
      for (; run > 0; --run, ++pixels) ++a[*pixels];
    } else {
      // Swapped as a whole: the order of the four does not matter. The sign bit turned round, they count from -32768.
      constexpr std::uint64_t kSigns = 0x8000800080008000U;
      for (; run >= 8; run -= 8, pixels += 16) {
        const std::uint64_t first = __builtin_bswap64(load(pixels)) ^ kSigns;
        const std::uint64_t second = __builtin_bswap64(load(pixels + 8)) ^ kSigns;
        ++a[first & 65535], ++b[first >> 16 & 65535], ++c[first >> 32 & 65535], ++d[first >> 48];
        ++a[second & 65535], ++b[second >> 16 & 65535], ++c[second >> 32 & 65535], ++d[second >> 48];
      }
      for (; run > 0; --run, pixels += 2) ++a[((pixels[0] << 8) | pixels[1]) ^ 0x8000];
    }
  }
}

void Histogram::flush() {
  const std::size_t n = sums_.size();
  const std::uint32_t *const a = tables_.data(), *const b = a + n, *const c = b + n, *const d = c + n;
  for (std::size_t i = 0; i < n; ++i) sums_[i] += std::int64_t{a[i]} + b[i] + c[i] + d[i];
  std::fill(tables_.begin(), tables_.end(), 0);
  held_ = 0;
}

std::int64_t Histogram::close() {
  flush();
  count_ = std::accumulate(sums_.begin(), sums_.end(), std::int64_t{0});
  return count_;
}

std::int64_t Histogram::take_out(std::int64_t stored) {
  const std::int64_t place = stored - lowest_;
  if (place < 0 || place >= static_cast<std::int64_t>(sums_.size())) return 0;
  const std::int64_t out = std::exchange(sums_[static_cast<std::size_t>(place)], 0);
  count_ -= out;
  return out;
}

std::int64_t Histogram::at_rank(std::int64_t rank) const {
  std::size_t i = 0;
  for (; rank >= sums_[i]; ++i) rank -= sums_[i];
  return static_cast<std::int64_t>(i) + lowest_;
}

double Histogram::twice_deviation(std::int64_t middle) const {
  // Twice the deviations are whole numbers. Those of the places below the middle and of those above are merged.
  const auto n = static_cast<std::int64_t>(sums_.size());
  std::int64_t up = (middle - 2 * lowest_ + 1) >> 1,
               down = up - 1;  // the first place at or above the middle, and the next below
  std::int64_t seen = 0, first = -1;
  while (true) {
    const std::int64_t above = up < n ? 2 * (up + lowest_) - middle : INT64_MAX;
    const std::int64_t below = down >= 0 ? middle - 2 * (down + lowest_) : INT64_MAX;
    const std::int64_t deviation = std::min(above, below);
    if (above == deviation) seen += sums_[static_cast<std::size_t>(up++)];
    if (below == deviation) seen += sums_[static_cast<std::size_t>(down--)];
    if (first < 0 && seen > (count_ - 1) / 2) first = deviation;
    if (seen > count_ / 2) return static_cast<double>(first + deviation) / 2;
  }
}

}  // namespace imreg

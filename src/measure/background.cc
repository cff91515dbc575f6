// A cell's median and noise from a part of its pixels: a thousand of them tell the level to a thirtieth of the noise.
#include "measure/background.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "pixels/processor.h"

namespace imreg::measure {

namespace {

constexpr std::int64_t kCell = 128;    // pixels, about
constexpr std::int64_t kSamples = 32;  // rows, and columns, of a cell that are looked at, about
constexpr std::size_t kFewest = 64;

// Where the middle one lies is halved until it is one number: to count those below is so quick in wide registers that twenty passes
// over a thousand numbers take a fifth of std::nth_element's time. The bits of floats, as integers, have the order of the floats.
[[gnu::always_inline]] inline float halved(const std::vector<float>& values, std::vector<std::int32_t>& keys) {
  constexpr std::int32_t kAllButSign = 0x7FFFFFFF;
  const std::size_t n = values.size();
  keys.resize(n);
  std::int64_t low = kAllButSign, high = ~kAllButSign;
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::int32_t>(values[i]);
    keys[i] = bits ^ ((bits >> 31) & kAllButSign);
  }
  std::int32_t any = 0;
  for (const std::int32_t key : keys) {
    low = std::min<std::int64_t>(low, key), high = std::max<std::int64_t>(high, key);
    any |= key;
  }
  // Bits that are 0 in all need not be found out: whole numbers, as pixels are, end with half of their bits so.
  const std::int64_t all_zero =
      any == 0 ? 0 : (std::int64_t{1} << std::countr_zero(static_cast<std::uint32_t>(any))) - 1;
  while (low < high) {
    const std::int64_t half = (low + (high - low) / 2) & ~all_zero;
    const auto most = static_cast<std::int32_t>(half);
    std::int32_t upto = 0;
    for (std::size_t i = 0; i < n; ++i) upto += static_cast<std::int32_t>(keys[i] <= most);
    if (static_cast<std::size_t>(upto) > n / 2)
      high = half;
    else
      low = half + 1 + all_zero;
  }
  const auto key = static_cast<std::int32_t>(low);
  return std::bit_cast<float>(key ^ ((key >> 31) & kAllButSign));
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] float halved_avx2(const std::vector<float>& values, std::vector<std::int32_t>& keys) {
  return halved(values, keys);
}
#endif

/// The number in the middle; `keys` is room to work in.
float middle(const std::vector<float>& values, std::vector<std::int32_t>& keys) {
#if defined(__x86_64__)
  if (has_avx2()) return halved_avx2(values, keys);
#endif
  return halved(values, keys);
}

}  // namespace

Background::Background(const PixelArea& area, double sky, double sigma) {
  const auto& [plane, box] = area;
  columns_ = std::max<std::int64_t>(1, (box.width + kCell / 2) / kCell);
  rows_ = std::max<std::int64_t>(1, (box.height + kCell / 2) / kCell);
  per_column_ = static_cast<float>(columns_) / static_cast<float>(box.width);
  per_row_ = static_cast<float>(rows_) / static_cast<float>(box.height);
  last_ = static_cast<float>(columns_ - 1);
  std::vector<float> row(static_cast<std::size_t>(box.width)), cell, apart;
  std::vector<std::int32_t> keys;
  const std::int64_t step_x = std::max<std::int64_t>(1, box.width / columns_ / kSamples);
  // What is sampled of the cells of a row: as much room for each as it may need, and how much of it is used.
  const std::int64_t most_rows = box.height / rows_ + 1,
                     least_step = std::max<std::int64_t>(1, box.height / rows_ / kSamples);
  const std::int64_t room = (most_rows / least_step + 1) * (box.width / columns_ / step_x + 2);
  std::vector<float> samples(static_cast<std::size_t>(columns_ * room));
  std::vector<std::int64_t> used(static_cast<std::size_t>(columns_));
  for (std::int64_t r = 0; r < rows_; ++r) {
    const std::int64_t begin = r * box.height / rows_, end = (r + 1) * box.height / rows_;
    const std::int64_t step_y = std::max<std::int64_t>(1, (end - begin) / kSamples);
    std::ranges::fill(used, 0);
    for (std::int64_t y = begin; y < end; y += step_y) {
      read_row(*plane, box.y + y, box.x, row);
      // The first column moves from row to row: a bad column must not be a whole part of the sample.
      for (std::int64_t c = 0; c < columns_; ++c) {
        const std::int64_t left = c * box.width / columns_, right = (c + 1) * box.width / columns_;
        std::int64_t& n = used[static_cast<std::size_t>(c)];
        for (std::int64_t x = left + (y / step_y) % step_x; x < right; x += step_x) {
          const float value = row[static_cast<std::size_t>(x)];
          samples[static_cast<std::size_t>(c * room + n)] = value;
          n += std::isfinite(value) ? 1 : 0;
        }
      }
    }
    for (std::int64_t c = 0; c < columns_; ++c) {
      const auto first = samples.begin() + c * room;
      cell.assign(first, first + used[static_cast<std::size_t>(c)]);
      if (cell.size() < kFewest) {
        level_.push_back(static_cast<float>(sky));
        noise_.push_back(static_cast<float>(sigma));
        continue;
      }
      // Noise by differences of pairs that are neighbours in the sample: a slope of the sky is none.
      apart.resize(cell.size() / 2);
      for (std::size_t i = 0; i < apart.size(); ++i) apart[i] = std::abs(cell[2 * i + 1] - cell[2 * i]);
      const float level = middle(cell, keys);
      float noise = 1.4826F / std::numbers::sqrt2_v<float> * middle(apart, keys);
      if (!(noise > 0)) {  // most pixels are alike: their step is the least noise that can be
        std::erase(apart, 0.0F);
        noise = apart.empty() ? static_cast<float>(sigma) : middle(apart, keys);
      }
      level_.push_back(level);
      noise_.push_back(noise);
    }
  }
  row_level_.resize(static_cast<std::size_t>(columns_ + 1));
  row_noise_.resize(static_cast<std::size_t>(columns_ + 1));
}

void Background::begin_row(std::int64_t y) {
  const float place = (static_cast<float>(y) + 0.5F) * per_row_ - 0.5F;
  const float low = std::clamp(place, 0.0F, static_cast<float>(rows_ - 1));
  const auto first = static_cast<std::int64_t>(low), second = std::min(first + 1, rows_ - 1);
  const float part = low - static_cast<float>(first);
  for (std::int64_t c = 0; c <= columns_; ++c) {
    const std::int64_t column = std::min(c, columns_ - 1);
    const auto a = static_cast<std::size_t>(first * columns_ + column),
               b = static_cast<std::size_t>(second * columns_ + column);
    row_level_[static_cast<std::size_t>(c)] = level_[a] + part * (level_[b] - level_[a]);
    row_noise_[static_cast<std::size_t>(c)] = noise_[a] + part * (noise_[b] - noise_[a]);
  }
}

}  // namespace imreg::measure

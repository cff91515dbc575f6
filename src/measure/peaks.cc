// Three rows at a time; sixteen pixels at a time are passed over when none of them stands out. What stands out of the
// sky is told for blocks of 16 x 16 pixels at once; the sky at a peak is looked up there.
#include "measure/peaks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

namespace imreg::measure {

namespace {

constexpr float kHeight = 5;            // of a peak, in units of the noise
constexpr std::size_t kMost = 100'000;  // peaks that are kept: the highest ones
constexpr std::int64_t kBlock = 16;

// One row, or the mean of `binning` rows and columns.
void read_binned(const PixelArea& area, std::int64_t y, int binning, std::vector<float>& row, std::span<float> out) {
  if (binning == 1) return read_row(*area.plane, area.box.y + y, area.box.x, out);
  std::fill(out.begin(), out.end(), 0.0F);
  for (int i = 0; i < binning; ++i) {
    read_row(*area.plane, area.box.y + y * binning + i, area.box.x, row);
    for (std::size_t x = 0; x < out.size(); ++x) {
      for (int k = 0; k < binning; ++k)
        out[x] += row[x * static_cast<std::size_t>(binning) + static_cast<std::size_t>(k)];
    }
  }
  const float part = 1 / static_cast<float>(binning * binning);
  for (float& value : out) value *= part;
}

// Whether the eight neighbours are those of a star. A cosmic ray has one or two bright ones, noise has none.
bool in_company(const std::array<const float*, 3>& rows, std::int64_t x, float level, float noise, float height) {
  std::array<float, 4> near = {rows[0][x], rows[2][x], rows[1][x - 1], rows[1][x + 1]};
  float sum = rows[0][x - 1] + rows[0][x + 1] + rows[2][x - 1] + rows[2][x + 1];
  for (const float value : near) sum += value;
  sum -= 8 * level;
  std::sort(near.begin(), near.end());
  return sum > std::max(1.2F * height, 8 * noise) && near[1] - level > 0.15F * height - 1.5F * noise;
}

// Of each sixteen pixels of a row, whether one is above the limit.
void mark(const float* pixels, std::span<const float> limits, unsigned char* any) {
  using Wide [[gnu::vector_size(16)]] = float;  // as wide as every processor of this kind has it
  Wide four[kBlock / 4];
  for (const float limit : limits) {
    std::memcpy(four, pixels, sizeof four);
    const auto above = (four[0] > limit) | (four[1] > limit) | (four[2] > limit) | (four[3] > limit);
    std::uint64_t words[2];
    std::memcpy(words, &above, sizeof words);
    *any++ = static_cast<unsigned char>((words[0] | words[1]) != 0);
    pixels += kBlock;
  }
}

}  // namespace

float shared_noise(const PixelArea& area, Background& background) {
  constexpr int kBinning = 3;
  constexpr std::int64_t kRows = 32;  // of means that are looked at
  const std::int64_t height = area.box.height / kBinning, step = std::max<std::int64_t>(1, height / kRows);
  std::vector<float> row(static_cast<std::size_t>(area.box.width)), means(row.size() / kBinning), all;
  for (std::int64_t y = step / 2; y < height; y += step) {
    read_binned(area, y, kBinning, row, means);
    background.begin_row(y * kBinning + kBinning / 2);
    for (std::size_t i = 0; i < means.size(); ++i) {
      const auto x = static_cast<std::int64_t>(i) * kBinning + kBinning / 2;
      const float apart = (means[i] - background.level(x)) / background.noise(x);
      if (std::isfinite(apart)) all.push_back(apart);
    }
  }
  if (all.empty()) return 1;
  const auto quantile = [&](double part) {
    const auto place = all.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(all.size()));
    std::nth_element(all.begin(), place, all.end());
    return *place;
  };
  // One sigma below the middle; stars are above it.
  return std::max(1.0F, kBinning * (quantile(0.5) - quantile(0.1587)));
}

std::vector<Peak> find_peaks(const PixelArea& area, Background& background, double saturation, int binning,
                             float shared) {
  std::vector<Peak> out;
  const std::int64_t width = area.box.width / binning, height = area.box.height / binning;
  if (width < 3 || height < 3) return out;
  const auto top = static_cast<float>(saturation);
  const auto higher = [](const Peak& a, const Peak& b) { return a.height > b.height; };
  float least = kHeight;                                                         // grows when there are too many
  const float share = (binning > 1 ? shared : 1) / static_cast<float>(binning);  // of the noise of a pixel
  std::vector<float> row(binning > 1 ? static_cast<std::size_t>(area.box.width) : 0);
  const std::int64_t blocks = (width + kBlock - 1) / kBlock;
  std::vector<float> limits(static_cast<std::size_t>(blocks));
  std::vector<unsigned char> any(limits.size());
  std::array<std::vector<float>, 3> buffers;
  for (auto& buffer : buffers) buffer.resize(limits.size() * kBlock);
  const auto read = [&](std::int64_t y) {
    std::vector<float>& buffer = buffers[static_cast<std::size_t>(y % 3)];
    read_binned(area, y, binning, row, {buffer.data(), static_cast<std::size_t>(width)});
  };
  read(0);
  read(1);
  for (std::int64_t y = 1; y + 1 < height; ++y) {
    read(y + 1);
    const std::array<const float*, 3> rows = {buffers[static_cast<std::size_t>((y - 1) % 3)].data(),
                                              buffers[static_cast<std::size_t>(y % 3)].data(),
                                              buffers[static_cast<std::size_t>((y + 1) % 3)].data()};
    const float* const now = rows[1];
    if (y == 1 || y % kBlock == 0) {
      background.begin_row((y / kBlock * kBlock + kBlock / 2) * binning);
      for (std::size_t i = 0; i < limits.size(); ++i) {
        const std::int64_t place = (static_cast<std::int64_t>(i) * kBlock + kBlock / 2) * binning;
        limits[i] = background.level(place) + least * background.noise(place) * share;
      }
    }
    mark(now, limits, any.data());
    for (std::size_t i = 0; i < limits.size(); ++i) {
      if (any[i] == 0) continue;
      const float limit = limits[i];
      const auto begin = static_cast<std::int64_t>(i) * kBlock, end = begin + kBlock;
      for (std::int64_t x = std::max<std::int64_t>(begin, 1); x < std::min(end, width - 1); ++x) {
        const float value = now[x];
        if (!(value > limit) || now[x - 1] >= value || now[x + 1] > value) continue;
        const float *const below = rows[0] + x, *const above = rows[2] + x;
        if (below[-1] >= value || below[0] >= value || below[1] >= value) continue;
        if (above[-1] > value || above[0] > value || above[1] > value || value >= top) continue;
        const std::int64_t px = x * binning + binning / 2, py = y * binning + binning / 2;
        background.begin_row(py);
        const float level = background.level(px), noise = background.noise(px);
        if (!in_company(rows, x, level, noise / static_cast<float>(binning), value - level)) continue;
        out.push_back({static_cast<std::int32_t>(px), static_cast<std::int32_t>(py), value - level, level, noise});
      }
    }
    if (out.size() > kMost) {
      std::nth_element(out.begin(), out.begin() + kMost / 2, out.end(), higher);
      out.resize(kMost / 2);
      const auto last = std::min_element(
          out.begin(), out.end(), [](const Peak& a, const Peak& b) { return a.height / a.noise < b.height / b.noise; });
      least = std::max(least, last->height / last->noise);
    }
  }
  std::sort(out.begin(), out.end(), higher);
  return out;
}

}  // namespace imreg::measure

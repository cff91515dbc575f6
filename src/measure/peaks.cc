// Three rows at a time; sixteen pixels at a time are passed over when none of them stands out.
#include "measure/peaks.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace imreg::measure {

namespace {

constexpr float kHeight = 5;            // of a peak, in units of the noise
constexpr std::size_t kMost = 100'000;  // peaks that are kept: the highest ones
constexpr std::int64_t kBlock = 16;

// One row, or the mean of `binning` rows and columns.
void read_binned(const PixelArea& area, std::int64_t y, int binning, std::vector<float>& row, std::vector<float>& out) {
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
  float least = kHeight;  // grows when there are too many
  std::vector<float> row(binning > 1 ? static_cast<std::size_t>(area.box.width) : 0);
  std::array<std::vector<float>, 3> buffers;
  for (auto& buffer : buffers) buffer.resize(static_cast<std::size_t>(width));
  read_binned(area, 0, binning, row, buffers[0]);
  read_binned(area, 1, binning, row, buffers[1]);
  for (std::int64_t y = 1; y + 1 < height; ++y) {
    read_binned(area, y + 1, binning, row, buffers[static_cast<std::size_t>((y + 1) % 3)]);
    const std::array<const float*, 3> rows = {buffers[static_cast<std::size_t>((y - 1) % 3)].data(),
                                              buffers[static_cast<std::size_t>(y % 3)].data(),
                                              buffers[static_cast<std::size_t>((y + 1) % 3)].data()};
    background.begin_row(y * binning + binning / 2);
    for (std::int64_t begin = 0; begin < width; begin += kBlock) {
      const std::int64_t end = std::min(begin + kBlock, width);
      const std::int64_t place = (begin + end) / 2 * binning;
      const float level = background.level(place), noise = background.noise(place) / static_cast<float>(binning);
      const float limit = level + least * noise * (binning > 1 ? shared : 1);
      const float* const now = rows[1];
      int any = 0;
      if (end - begin == kBlock) {
        for (std::int64_t i = 0; i < kBlock; ++i) any |= static_cast<int>(now[begin + i] > limit);
      } else {
        any = 1;
      }
      if (any == 0) continue;
      for (std::int64_t x = std::max<std::int64_t>(begin, 1); x < std::min(end, width - 1); ++x) {
        const float value = now[x];
        if (!(value > limit) || now[x - 1] >= value || now[x + 1] > value) continue;
        const float *const below = rows[0] + x, *const above = rows[2] + x;
        if (below[-1] >= value || below[0] >= value || below[1] >= value) continue;
        if (above[-1] > value || above[0] > value || above[1] > value || value >= top) continue;
        if (!in_company(rows, x, level, noise, value - level)) continue;
        Peak peak{static_cast<std::int32_t>(x), static_cast<std::int32_t>(y), value - level, level, noise};
        if (binning > 1) {
          peak.x = peak.x * binning + binning / 2;
          peak.y = peak.y * binning + binning / 2;
          peak.noise *= static_cast<float>(binning);
        }
        out.push_back(peak);
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

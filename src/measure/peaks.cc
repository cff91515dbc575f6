// Three rows at a time; sixteen pixels at a time are passed over when none of them stands out. What stands out of the
// sky is told for blocks of 16 x 16 pixels at once; the sky at a peak is looked up there.
//
// Pixels of 16 bits without a scale are compared as they are stored: value and stored number have the same order, and a limit
// between two whole numbers is the lower one. Half the memory, twice as many at a time, and no floats but of peaks.
#include "measure/peaks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "pixels/byte_order.h"

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

// Rows as numbers to compare, and what their values are.
class FloatRows {
 public:
  using Number = float;
  FloatRows(const PixelArea& area, int binning)
      : area_(area), binning_(binning), row_(binning > 1 ? static_cast<std::size_t>(area.box.width) : 0) {}
  void read(std::int64_t y, std::span<float> out) { read_binned(area_, y, binning_, row_, out); }
  static float value(float number) { return number; }
  static float limit(float value) { return value; }

 private:
  const PixelArea& area_;
  int binning_;
  std::vector<float> row_;
};

class StoredRows {
 public:
  using Number = std::int16_t;
  static bool is_for(const PixelPlane& plane) {
    return plane.bitpix == 16 && plane.bscale == 1 && !plane.blank && std::abs(plane.bzero) < 0x1p23 &&
           plane.bzero == std::floor(plane.bzero);
  }
  explicit StoredRows(const PixelArea& area) : area_(area), zero_(static_cast<float>(area.plane->bzero)) {}
  void read(std::int64_t y, std::span<Number> out) const {
    const PixelPlane& plane = *area_.plane;
    const unsigned char* const from = plane.bytes + 2 * ((area_.box.y + y) * plane.width + area_.box.x);
    for (std::size_t x = 0; x < out.size(); ++x) out[x] = load_big<Number>(from + 2 * x);
  }
  float value(Number number) const { return static_cast<float>(number) + zero_; }
  // The lowest number is above no limit: it is no peak either.
  Number limit(float value) const {
    constexpr double kLowest = std::numeric_limits<Number>::min(), kHighest = std::numeric_limits<Number>::max();
    if (!(value == value)) return std::numeric_limits<Number>::max();
    return static_cast<Number>(
        std::clamp(std::floor(static_cast<double>(value)) - static_cast<double>(zero_), kLowest, kHighest));
  }

 private:
  const PixelArea& area_;
  float zero_;
};

// Whether the eight neighbours are those of a star. A cosmic ray has one or two bright ones, noise has none.
bool in_company(const std::array<std::array<float, 3>, 3>& around, float level, float noise, float height) {
  std::array<float, 4> near = {around[0][1], around[2][1], around[1][0], around[1][2]};
  float sum = around[0][0] + around[0][2] + around[2][0] + around[2][2];
  for (const float value : near) sum += value;
  sum -= 8 * level;
  std::sort(near.begin(), near.end());
  return sum > std::max(1.2F * height, 8 * noise) && near[1] - level > 0.15F * height - 1.5F * noise;
}

// Pixels at a time, as wide as every processor of this kind has them.
template <class Number>
using Wide [[gnu::vector_size(16)]] = Number;
template <class Number>
constexpr std::size_t kWides = kBlock * sizeof(Number) / sizeof(Wide<Number>);

// Of each sixteen pixels of a row, whether one is above the limit.
template <class Number>
void mark(const Number* pixels, std::span<const Number> limits, unsigned char* any) {
  Wide<Number> wides[kWides<Number>];
  for (const Number limit : limits) {
    std::memcpy(wides, pixels, sizeof wides);
    auto above = wides[0] > limit;
    for (std::size_t i = 1; i < kWides<Number>; ++i) above |= wides[i] > limit;
    std::uint64_t words[2];
    std::memcpy(words, &above, sizeof words);
    *any++ = static_cast<unsigned char>((words[0] | words[1]) != 0);
    pixels += kBlock;
  }
}

// Which of sixteen pixels are above the limit and their neighbours; of equal ones the first is. Their branches are coin tosses, so
// there are none. Whether there is one.
template <class Number>
bool mark_tops(const std::array<const Number*, 3>& rows, std::int64_t begin, Number limit,
               std::array<unsigned char, kBlock>& is_top) {
  constexpr std::size_t kLanes = kBlock / kWides<Number>;
  bool any = false;
  for (std::size_t i = 0; i < kWides<Number>; ++i) {
    const auto at = [&](std::size_t row, std::int64_t beside) {
      Wide<Number> out;
      std::memcpy(&out, rows[row] + begin + static_cast<std::int64_t>(i * kLanes) + beside, sizeof out);
      return out;
    };
    const Wide<Number> now = at(1, 0);
    const auto is_lower = (at(1, -1) >= now) | (at(1, 1) > now) | (at(0, -1) >= now) | (at(0, 0) >= now) |
                          (at(0, 1) >= now) | (at(2, -1) > now) | (at(2, 0) > now) | (at(2, 1) > now);
    const auto is = (now > limit) & ~is_lower;
    std::uint64_t words[2];
    std::memcpy(words, &is, sizeof words);
    const bool here = (words[0] | words[1]) != 0;
    any |= here;
    for (std::size_t k = 0; k < kLanes; ++k) is_top[i * kLanes + k] = here && is[k] != 0;
  }
  return any;
}

template <class Rows>
std::vector<Peak> find(Rows source, const PixelArea& area, Background& background, double saturation, int binning,
                       float shared) {
  using Number = typename Rows::Number;
  std::vector<Peak> out;
  const std::int64_t width = area.box.width / binning, height = area.box.height / binning;
  if (width < 3 || height < 3) return out;
  const auto top = static_cast<float>(saturation);
  const auto higher = [](const Peak& a, const Peak& b) { return a.height > b.height; };
  float least = kHeight;                                                         // grows when there are too many
  const float share = (binning > 1 ? shared : 1) / static_cast<float>(binning);  // of the noise of a pixel
  const std::int64_t blocks = (width + kBlock - 1) / kBlock;
  std::vector<Number> limits(static_cast<std::size_t>(blocks));
  std::vector<unsigned char> any(limits.size());
  std::array<std::vector<Number>, 3> buffers;
  for (auto& buffer : buffers) buffer.resize(limits.size() * kBlock + 2, source.limit(-HUGE_VALF));  // one on each side
  std::array<unsigned char, kBlock> is_top;
  const auto read = [&](std::int64_t y) {
    std::vector<Number>& buffer = buffers[static_cast<std::size_t>(y % 3)];
    source.read(y, {buffer.data() + 1, static_cast<std::size_t>(width)});
  };
  read(0);
  read(1);
  for (std::int64_t y = 1; y + 1 < height; ++y) {
    read(y + 1);
    const std::array<const Number*, 3> rows = {buffers[static_cast<std::size_t>((y - 1) % 3)].data() + 1,
                                               buffers[static_cast<std::size_t>(y % 3)].data() + 1,
                                               buffers[static_cast<std::size_t>((y + 1) % 3)].data() + 1};
    const Number* const now = rows[1];
    if (y == 1 || y % kBlock == 0) {
      background.begin_row((y / kBlock * kBlock + kBlock / 2) * binning);
      for (std::size_t i = 0; i < limits.size(); ++i) {
        const std::int64_t place = (static_cast<std::int64_t>(i) * kBlock + kBlock / 2) * binning;
        limits[i] = source.limit(background.level(place) + least * background.noise(place) * share);
      }
    }
    mark<Number>(now, limits, any.data());
    for (std::size_t i = 0; i < limits.size(); ++i) {
      if (any[i] == 0) continue;
      const auto begin = static_cast<std::int64_t>(i) * kBlock, end = begin + kBlock;
      if (!mark_tops<Number>(rows, begin, limits[i], is_top)) continue;
      for (std::int64_t x = std::max<std::int64_t>(begin, 1); x < std::min(end, width - 1); ++x) {
        if (is_top[static_cast<std::size_t>(x - begin)] == 0) continue;
        const float value = source.value(now[x]);
        if (value >= top) continue;
        const std::int64_t px = x * binning + binning / 2, py = y * binning + binning / 2;
        background.begin_row(py);
        const float level = background.level(px), noise = background.noise(px);
        std::array<std::array<float, 3>, 3> around;
        for (std::size_t j = 0; j < 3; ++j) {
          for (std::size_t k = 0; k < 3; ++k)
            around[j][k] = source.value(rows[j][x - 1 + static_cast<std::int64_t>(k)]);
        }
        if (!in_company(around, level, noise / static_cast<float>(binning), value - level)) continue;
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
  if (binning == 1 && StoredRows::is_for(*area.plane))
    return find(StoredRows(area), area, background, saturation, binning, shared);
  return find(FloatRows(area, binning), area, background, saturation, binning, shared);
}

}  // namespace imreg::measure

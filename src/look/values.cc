// Pixels of 8 and 16 bits are counted as they are stored, in one pass. Of others: exact ranks of any number of floats in two passes and half a megabyte: a float's bits, with the sign turned, have the order of its
// value; the first pass counts the upper 16 bits of all, the second one the lower 16 bits of those whose upper ones a wanted rank has.
#include "look/values.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

#include "os/processors.h"
#include "pixels/histogram.h"

namespace imreg::look {

float steps_per_unit(double steps, double range) {
  return static_cast<float>(std::min(steps / range, static_cast<double>(std::numeric_limits<float>::max())));
}

namespace {

constexpr std::size_t kHalf = 65536;
using Counts =
    std::vector<std::uint32_t>;  // of a thread's rows: 4 in turn, so that no increment waits for the one before

std::uint32_t key_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return bits ^ ((bits >> 31) != 0 ? 0xffffffffU : 0x80000000U);
}
float value_of(std::uint32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) != 0 ? 0x80000000U : 0xffffffffU)); }
bool is_finite(std::uint32_t key) {
  return key >= 0x00800000U && key < 0xff800000U;  // between the infinities, without NaN
}

}  // namespace

void Values::each_row(const std::function<void(int worker, std::span<const float> row)>& visit) const {
  constexpr std::int64_t kRows = 64;
  std::vector<std::pair<const Piece*, std::int64_t>> blocks;
  for (const auto& piece : pieces_) {
    for (std::int64_t y = 0; y < piece.box.height; y += kRows) blocks.emplace_back(&piece, y);
  }
  std::atomic<std::size_t> next{0};
  at_once(threads_, [&](int worker) {
    std::vector<float> row;
    for (std::size_t i; (i = next++) < blocks.size();) {
      const auto& [piece, from] = blocks[i];
      row.resize(static_cast<std::size_t>(piece->box.width));
      for (std::int64_t y = from; y < std::min(from + kRows, piece->box.height); ++y) {
        piece->read(y, row, trusted_only_);
        visit(worker, row);
      }
    }
  });
}

// Where a percentage of `count` values in order lies: the first of two neighbours, and how far behind it.
namespace {
std::pair<std::int64_t, double> place_of(double percent, std::int64_t count) {
  const double place = percent / 100 * static_cast<double>(count - 1);
  const auto rank = std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, count - 1);
  return {rank, place - static_cast<double>(rank)};
}
}  // namespace

// All values that there are, with how often each is there, in order.
std::vector<Values::Between> Values::neighbours_by_count(const std::vector<double>& percents) const {
  constexpr std::int64_t kStrip = 512;                       // rows
  constexpr std::int64_t kLowest = -32768, kStored = 98304;  // -32768 to 32767, or 0 to 255
  std::vector<std::pair<std::size_t, std::int64_t>> strips;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    for (std::int64_t y = 0; y < pieces_[i].box.height; y += kStrip) strips.emplace_back(i, y);
  }
  std::vector<std::vector<std::int64_t>> counts(pieces_.size());
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  at_once(threads_, [&](int) {
    for (std::size_t at; (at = next++) < strips.size();) {
      const auto [which, from] = strips[at];
      const Piece& piece = pieces_[which];
      const PixelPlane& plane = piece.image.plane();
      Histogram own(plane.pixel_size());
      for (std::int64_t y = from; y < std::min(from + kStrip, piece.box.height); ++y)
        own.add(plane.bytes + ((piece.box.y + y) * plane.width + piece.box.x) * plane.pixel_size(), piece.box.width);
      own.close();
      if (plane.blank) own.take_out(*plane.blank);
      const std::int64_t lowest = plane.bitpix == 8 ? 0 : kLowest, end = plane.bitpix == 8 ? 256 : -kLowest;
      const std::lock_guard lock(mutex);
      counts[which].resize(kStored);
      for (std::int64_t k = lowest; k < end; ++k)
        counts[which][static_cast<std::size_t>(k - kLowest)] += own.count_of(k);
    }
  });
  std::vector<std::pair<double, std::int64_t>> values;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const PixelPlane& plane = pieces_[i].image.plane();
    for (std::size_t k = 0; k < counts[i].size(); ++k) {
      if (counts[i][k] > 0)
        values.emplace_back(
            pieces_[i].shift.of(plane.value(static_cast<double>(static_cast<std::int64_t>(k) + kLowest)) -
                                pieces_[i].bias),
            counts[i][k]);
    }
  }
  std::sort(values.begin(), values.end());
  std::int64_t count = 0;
  for (auto& [value, n] : values) n = count += n;  // how many are up to here
  std::vector<Between> out;
  const auto value_at = [&](std::int64_t rank) {
    const auto at = std::upper_bound(values.begin(), values.end(), rank,
                                     [](std::int64_t r, const auto& one) { return r < one.second; });
    return at->first;
  };
  for (const double percent : percents) {
    if (count == 0) return {};
    const auto [rank, part] = place_of(percent, count);
    out.push_back({value_at(rank), value_at(std::min(rank + 1, count - 1)), part});
  }
  return out;
}

std::vector<Values::Between> Values::neighbours(const std::vector<double>& percents) const {
  const auto is_counted = [&](const Piece& piece) {
    const int bitpix = piece.image.plane().bitpix;
    return (bitpix == 8 || bitpix == 16) && !(trusted_only_ && piece.flags) && piece.collapse == Collapse::none;
  };
  if (std::all_of(pieces_.begin(), pieces_.end(), is_counted)) return neighbours_by_count(percents);
  const auto sum = [](const std::vector<Counts>& all, std::size_t table, std::size_t at) {
    std::int64_t out = 0;
    for (const auto& counts : all) {
      for (std::size_t k = 0; k < 4 && !counts.empty(); ++k) out += counts[(table * 4 + k) * kHalf + at];
    }
    return out;
  };
  std::vector<Counts> upper(static_cast<std::size_t>(threads_));
  each_row([&](int worker, std::span<const float> row) {
    Counts& counts = upper[static_cast<std::size_t>(worker)];
    if (counts.empty()) counts.resize(4 * kHalf);
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto key = key_of(row[i]);
      counts[i % 4 * kHalf + (key >> 16)] += is_finite(key) ? 1 : 0;
    }
  });
  std::vector<std::int64_t> below(kHalf + 1);
  for (std::size_t k = 0; k < kHalf; ++k) below[k + 1] = below[k] + sum(upper, 0, k);
  const std::int64_t count = below[kHalf];
  if (count == 0) return {};
  const auto half_of = [&](std::int64_t rank) {
    return static_cast<std::size_t>(std::upper_bound(below.begin(), below.end(), rank) - below.begin()) - 1;
  };
  std::vector<int> table_of(kHalf, -1);  // which of the second pass's tables
  int tables = 0;
  std::vector<std::int64_t> ranks;
  std::vector<Between> out;
  for (const double percent : percents) {
    const auto [rank, part] = place_of(percent, count);
    out.push_back({0, 0, part});
    for (const auto one : {rank, std::min(rank + 1, count - 1)}) {
      ranks.push_back(one);
      if (int& table = table_of[half_of(one)]; table < 0) table = tables++;
    }
  }
  std::vector<Counts> lower(static_cast<std::size_t>(threads_));
  each_row([&](int worker, std::span<const float> row) {
    Counts& counts = lower[static_cast<std::size_t>(worker)];
    if (counts.empty()) counts.resize(4 * kHalf * static_cast<std::size_t>(tables));
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto key = key_of(row[i]);
      const int table = table_of[key >> 16];
      if (table >= 0 && is_finite(key))
        ++counts[(static_cast<std::size_t>(table) * 4 + i % 4) * kHalf + (key & 0xffffU)];
    }
  });
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const std::size_t half = half_of(ranks[i]);
    std::int64_t left = ranks[i] - below[half];
    std::uint32_t low = 0;
    for (; low < kHalf - 1; ++low) {
      const auto here = sum(lower, static_cast<std::size_t>(table_of[half]), low);
      if (left < here) break;
      left -= here;
    }
    const auto value = static_cast<double>(value_of(static_cast<std::uint32_t>(half) << 16 | low));
    (i % 2 == 0 ? out[i / 2].lower : out[i / 2].upper) = value;
  }
  return out;
}

std::vector<double> Values::percentiles(const std::vector<double>& percents) const {
  std::vector<double> out;
  for (const auto& one : neighbours(percents)) out.push_back(one.value());
  return out;
}

std::optional<std::pair<double, double>> Values::clamped(double low, double high) const {
  auto found = neighbours({low, high});
  if (found.empty()) return {};
  const double most = found[1].value();
  Between& least = found[0];
  least.lower = std::min(least.lower, most), least.upper = std::min(least.upper, most);
  return std::pair{least.value(), most};
}

std::vector<std::int64_t> Values::histogram(double low, double high, std::size_t bins) const {
  std::vector<std::vector<std::int64_t>> parts(static_cast<std::size_t>(threads_));
  // Levels::levels() finds the bin in the same way.
  const auto start = static_cast<float>(low), last = static_cast<float>(bins - 1);
  const float scale = steps_per_unit(static_cast<double>(bins - 1), high - low);
  each_row([&](int worker, std::span<const float> row) {
    auto& counts = parts[static_cast<std::size_t>(worker)];
    if (counts.empty()) counts.resize(bins);
    for (const float value : row) {
      if (!std::isfinite(value)) continue;
      ++counts[static_cast<std::size_t>(std::clamp((value - start) * scale, 0.0F, last))];
    }
  });
  std::vector<std::int64_t> out(bins);
  for (const auto& counts : parts) {
    for (std::size_t i = 0; i < counts.size(); ++i) out[i] += counts[i];
  }
  return out;
}

namespace {

// A straight line through values over their place, without those further than 2.5 sigma, which are looked for five times; the
// neighbours of what is left out go, too. Nothing: too many went.
struct Line {
  double slope = 0, at_start = 0;
  std::size_t kept = 0;
};
Line line_through(const std::vector<double>& values) {
  constexpr double kReject = 2.5;
  constexpr int kRounds = 5;
  const std::size_t n = values.size();
  const std::size_t least = std::max<std::size_t>(5, n / 2), grow = std::max<std::size_t>(1, n / 100);
  std::vector<bool> bad(n);
  Line out;
  std::size_t kept = n, before = n + 1;
  for (int round = 0; round < kRounds && kept < before && kept >= least; ++round) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0, m = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (bad[i]) continue;
      const auto x = static_cast<double>(i);
      m += 1, sx += x, sy += values[i], sxx += x * x, sxy += x * values[i];
    }
    const double away = m * sxx - sx * sx;
    out.slope = away > 0 ? (m * sxy - sx * sy) / away : 0;
    out.at_start = (sy - out.slope * sx) / m;
    double sum = 0, squares = 0;
    std::vector<double> flat(n);
    for (std::size_t i = 0; i < n; ++i) {
      flat[i] = values[i] - (out.at_start + out.slope * static_cast<double>(i));
      if (!bad[i]) sum += flat[i], squares += flat[i] * flat[i];
    }
    const double mean = sum / m, limit = kReject * std::sqrt(std::max(0.0, squares / m - mean * mean));
    for (std::size_t i = 0; i < n; ++i) bad[i] = bad[i] || std::abs(flat[i]) > limit;
    std::vector<bool> grown(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!bad[i]) continue;
      for (std::size_t k = i - std::min(i, (grow - 1) / 2); k < std::min(n, i + grow / 2 + 1); ++k) grown[k] = true;
    }
    bad = std::move(grown);
    before = kept;
    kept = static_cast<std::size_t>(std::count(bad.begin(), bad.end(), false));
  }
  out.kept = kept >= least ? kept : 0;
  return out;
}

}  // namespace

std::optional<std::pair<double, double>> Values::zscale() const {
  constexpr std::int64_t kSample = 1000;
  constexpr double kContrast = 0.25;
  std::int64_t pixels = 0;
  for (const auto& piece : pieces_) pixels += piece.box.pixels();
  std::int64_t step = std::max<std::int64_t>(1, pixels / kSample);
  // Not always the same few columns.
  constexpr std::int64_t kLeastColumns = 50;
  const std::int64_t width = pieces_.front().box.width;
  while (width / std::gcd(step, width) < std::min(width, kLeastColumns)) ++step;
  std::vector<double> sample;
  std::int64_t at = 0;  // of the next one, in the pixels of this piece
  for (const auto& piece : pieces_) {
    std::vector<float> one(1);
    for (; at < piece.box.pixels(); at += step) {
      Piece pixel = piece;  // of one pixel
      pixel.box = {piece.box.x + at % piece.box.width, piece.box.y, 1, piece.box.height};
      pixel.read(at / piece.box.width, one, trusted_only_);
      if (std::isfinite(one[0])) sample.push_back(static_cast<double>(one[0]));
    }
    at -= piece.box.pixels();
  }
  if (sample.empty()) return {};
  std::sort(sample.begin(), sample.end());
  const std::size_t n = sample.size();
  const double least = sample.front(), most = sample.back();
  const Line line = line_through(sample);
  if (line.kept == 0) return std::pair{least, most};
  const double median = (sample[(n - 1) / 2] + sample[n / 2]) / 2, slope = line.slope / kContrast;
  const std::size_t lower_middle = (n - 1) / 2;
  const auto middle = static_cast<double>(lower_middle);
  return std::pair{std::max(least, median - (middle - 1) * slope),
                   std::min(most, median + (static_cast<double>(n) - middle) * slope)};
}

}  // namespace imreg::look

// Selection by passes over the pixels. A sample tells a narrow window that the middle very likely lies in; one pass counts
// what is below the window and keeps what is in it; there the middle is found. When it lies elsewhere, or too much lies
// in the window (many equal values), the next pass has a better window. Windows that samples
// do not make narrow are halved: no image can keep it from its end.
#include "pixels/select.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/random.h"
#include "pixels/byte_order.h"
#include "pixels/processor.h"

namespace imreg {

namespace {

constexpr std::int64_t kChunk = 1024;  // pixels: they stay in the nearest cache
constexpr std::int64_t kSample = 32768;
constexpr std::int64_t kFew = 4 * kSample;  // are kept whole
constexpr int kBySample = 6;                // passes, then windows are halved

// Numbers in an order that can be halved.
std::uint64_t key_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x == 0 ? 0.0F : x);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}
std::uint64_t key_of(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x == 0 ? 0.0 : x);
  return (bits >> 63) != 0 ? ~bits : bits | 0x8000000000000000U;
}
std::uint64_t key_of(std::int32_t x) { return static_cast<std::uint32_t>(x) ^ 0x80000000U; }
std::uint64_t key_of(std::int64_t x) { return static_cast<std::uint64_t>(x) ^ 0x8000000000000000U; }
template <class V>
V value_of(std::uint64_t key) {
  if constexpr (sizeof(V) == 4) {
    const auto bits = static_cast<std::uint32_t>(key);
    const bool positive = (bits >> 31) != 0;
    return std::bit_cast<V>(std::is_integral_v<V> || positive ? bits ^ 0x80000000U : ~bits);
  } else {
    const bool positive = (key >> 63) != 0;
    return std::bit_cast<V>(std::is_integral_v<V> || positive ? key ^ 0x8000000000000000U : ~key);
  }
}

// The numbers that are asked about: stored values, or (V = double) how far they are from a centre.
template <class T, bool kDeviation>
struct Numbers {
  using V = std::conditional_t<kDeviation, double, T>;
  static constexpr auto kStep = static_cast<std::int64_t>(sizeof(T));
  std::span<const PixelArea> areas;
  double centre = 0;
  std::optional<std::int64_t> blank = areas.front().plane->blank;

  [[gnu::always_inline]] V number(const unsigned char* at) const {
    if constexpr (kDeviation) {
      return std::abs(static_cast<double>(load_big<T>(at)) - centre);
    } else {
      return load_big<T>(at);
    }
  }
  bool is_blank(const unsigned char* at) const {
    if constexpr (std::is_integral_v<T>) {
      return blank && load_big<T>(at) == *blank;
    } else {
      return std::isnan(load_big<T>(at));
    }
  }
  /// Integers without BLANK, floats with their NaN: how many numbers that are.
  [[gnu::always_inline]] std::int64_t take(const unsigned char* at, std::int64_t n, V* to) const {
    for (std::int64_t i = 0; i < n; ++i) to[i] = number(at + i * kStep);
    if (std::is_floating_point_v<T> || !blank) return n;
    std::int64_t good = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      to[good] = to[i];
      good += is_blank(at + i * kStep) ? 0 : 1;
    }
    return good;
  }
};

template <class V>
constexpr V kLeast =
    std::numeric_limits<V>::has_infinity ? -std::numeric_limits<V>::infinity() : std::numeric_limits<V>::lowest();
template <class V>
constexpr V kMost =
    std::numeric_limits<V>::has_infinity ? std::numeric_limits<V>::infinity() : std::numeric_limits<V>::max();

template <class V>
struct Pass {
  V from{}, to{};                           // the window
  V limit = std::numeric_limits<V>::max();  // saturated at or beyond,
  bool limit_is_low = false;                // which is below when BSCALE is negative
  std::vector<V>& kept;                     // of the window, until it is full
  std::int64_t in_kept = 0;
  std::int64_t count = 0, below = 0, inside = 0, saturated = 0;
  V least = kMost<V>, most = kLeast<V>;
  std::int64_t at_least = 0, at_most = 0;
};

// Some numbers, as many as a wide register holds; comparisons give -1 or 0 for each.
template <class V>
struct Wide {
  static constexpr std::int64_t kSize = 32 / static_cast<std::int64_t>(sizeof(V));
  using Values [[gnu::vector_size(32)]] = V;
  using Masks [[gnu::vector_size(32)]] = std::conditional_t<sizeof(V) == 8, std::int64_t, std::int32_t>;

  [[gnu::always_inline]] static bool any(const Masks& masks) {
    std::int64_t words[4];
    std::memcpy(words, &masks, sizeof words);
    return (words[0] | words[1] | words[2] | words[3]) != 0;
  }
  [[gnu::always_inline]] static std::int64_t sum(const Masks& masks) {
    std::int64_t out = 0;
    for (std::int64_t i = 0; i < kSize; ++i) out += masks[i];
    return out;
  }
};

// Counts `n` numbers and keeps those in the window.
template <bool kDeviation, class V>
[[gnu::always_inline]] inline void tally(const V* values, std::int64_t n, Pass<V>& pass) {
  using W = Wide<V>;
  const V from = pass.from, to = pass.to, limit = pass.limit;
  typename W::Masks count{}, below{}, inside{}, saturated{};
  typename W::Values least = pass.least - typename W::Values{}, most = pass.most - typename W::Values{};
  const bool keeps = pass.in_kept + n <= static_cast<std::int64_t>(pass.kept.size());
  V* kept = pass.kept.data() + pass.in_kept;
  const auto keep = [&](V value) {
    if (keeps) {
      *kept = value;
      kept += static_cast<int>(value >= from) & static_cast<int>(value <= to);
    }
  };
  std::int64_t i = 0;
  for (; i + W::kSize <= n; i += W::kSize) {
    typename W::Values v;
    std::memcpy(&v, values + i, sizeof v);
    count += v == v;  // NOLINT(misc-redundant-expression): a NaN is not
    below += v < from;
    const typename W::Masks in = (v >= from) & (v <= to);
    inside += in;
    if constexpr (!kDeviation) {
      least = v < least ? v : least;
      most = v > most ? v : most;
      saturated += pass.limit_is_low ? v <= limit : v >= limit;
    }
    if (W::any(in)) {
      for (std::int64_t k = 0; k < W::kSize; ++k) keep(values[i + k]);
    }
  }
  pass.count -= W::sum(count), pass.below -= W::sum(below), pass.inside -= W::sum(inside),
      pass.saturated -= W::sum(saturated);
  V lowest = pass.least, highest = pass.most;
  for (std::int64_t k = 0; k < W::kSize; ++k)
    lowest = std::min<V>(lowest, least[k]), highest = std::max<V>(highest, most[k]);
  for (; i < n; ++i) {
    const V v = values[i];
    pass.count += v == v ? 1 : 0;  // NOLINT(misc-redundant-expression)
    pass.below += v < from ? 1 : 0;
    pass.inside += v >= from && v <= to ? 1 : 0;
    if (!kDeviation) pass.saturated += (pass.limit_is_low ? v <= limit : v >= limit) ? 1 : 0;
    lowest = v < lowest ? v : lowest;
    highest = v > highest ? v : highest;
    keep(v);
  }
  pass.in_kept = kept - pass.kept.data();
  if (kDeviation) return;
  if (lowest <= pass.least && lowest != kMost<V>)
    pass.at_least = (lowest < pass.least ? 0 : pass.at_least) + std::count(values, values + n, lowest);
  if (highest >= pass.most && highest != kLeast<V>)
    pass.at_most = (highest > pass.most ? 0 : pass.at_most) + std::count(values, values + n, highest);
  pass.least = lowest, pass.most = highest;
}

template <class T, bool kDeviation, class V>
[[gnu::always_inline]] inline void look(const Numbers<T, kDeviation>& numbers, Pass<V>& pass) {
  V values[kChunk];
  for (const auto& [plane, box] : numbers.areas) {
    const bool one_run = box.width == plane->width;  // whole rows follow each other
    const std::int64_t runs = one_run ? 1 : box.height, length = one_run ? box.pixels() : box.width;
    for (std::int64_t run = 0; run < runs; ++run) {
      const unsigned char* at = plane->bytes + ((box.y + run) * plane->width + box.x) * numbers.kStep;
      for (std::int64_t left = length; left > 0; left -= kChunk, at += kChunk * numbers.kStep) {
        const std::int64_t n = numbers.take(at, std::min(left, kChunk), values);
        tally<kDeviation>(values, n, pass);
      }
    }
  }
}

#if defined(__x86_64__)
template <class T, bool kDeviation, class V>
[[gnu::target("avx2")]] void look_avx2(const Numbers<T, kDeviation>& numbers, Pass<V>& pass) {
  look(numbers, pass);
}
#endif

template <class T, bool kDeviation, class V>
void run(const Numbers<T, kDeviation>& numbers, Pass<V>& pass) {
#if defined(__x86_64__)
  if (has_avx2()) return look_avx2(numbers, pass);
#endif
  look(numbers, pass);
}

// Numbers from all over the areas; those whose keys lie from `first` to `last`.
template <class T, bool kDeviation>
auto sample_of(const Numbers<T, kDeviation>& numbers, std::int64_t pixels, std::uint64_t first, std::uint64_t last,
               int pass) {
  std::vector<typename Numbers<T, kDeviation>::V> out;
  Random random(splitmix64(static_cast<std::uint64_t>(pass)));
  const double step = static_cast<double>(pixels) / kSample;
  std::size_t area = 0;
  std::int64_t before = 0;  // pixels of the areas before
  for (std::int64_t i = 0; i < kSample; ++i) {
    const auto place = static_cast<std::int64_t>((static_cast<double>(i) + random.uniform()) * step);
    while (place - before >= numbers.areas[area].box.pixels()) before += numbers.areas[area++].box.pixels();
    const auto& [plane, b] = numbers.areas[area];
    const std::int64_t y = (place - before) / b.width, x = (place - before) % b.width;
    const unsigned char* at = plane->bytes + ((b.y + y) * plane->width + b.x + x) * numbers.kStep;
    if (numbers.is_blank(at)) continue;
    const auto number = numbers.number(at);
    const std::uint64_t key = key_of(number);
    if (key >= first && key <= last) out.push_back(number);
  }
  return out;
}

// `limit` as in Pass.
template <class T, bool kDeviation, class V>
Middles<V> find_middles(const Numbers<T, kDeviation>& numbers, V limit, bool limit_is_low) {
  Middles<V> out;
  std::int64_t pixels = 0;
  for (const PixelArea& area : numbers.areas) pixels += area.box.pixels();
  if (pixels == 0) return out;
  std::vector<V> kept(static_cast<std::size_t>(std::max(std::min(pixels, kFew), pixels / 24)));
  std::uint64_t first = key_of(kLeast<V>), last = key_of(kMost<V>);  // where the wanted number is known to lie
  std::int64_t before = 0, upto = 0;                                 // numbers below `first`, and up to `last`
  bool has_low = false;
  for (int round = 0;; ++round) {
    std::uint64_t from = first, to = last;
    if (round >= kBySample) {
      to = first + (last - first) / 2;
    } else if (pixels > kFew) {
      std::vector<V> sample = sample_of(numbers, pixels, first, last, round);
      const auto size = static_cast<std::int64_t>(sample.size());
      const double part = round == 0 ? 0.5
                                     : (static_cast<double>(out.count) / 2 - static_cast<double>(before)) /
                                           static_cast<double>(upto - before);
      // Four standard deviations to either side.
      const auto place = static_cast<std::int64_t>(part * static_cast<double>(size));
      const auto reach = static_cast<std::int64_t>(2 * std::sqrt(static_cast<double>(size))) + 1;
      const auto at = [&](std::int64_t rank) {
        std::nth_element(sample.begin(), sample.begin() + rank, sample.end());
        return key_of(sample[static_cast<std::size_t>(rank)]);
      };
      if (place - reach >= 0 && place - reach < size) from = at(place - reach);
      if (place + reach >= 0 && place + reach < size) to = at(place + reach);
    }
    Pass<V> pass{
        .from = value_of<V>(from), .to = value_of<V>(to), .limit = limit, .limit_is_low = limit_is_low, .kept = kept};
    run(numbers, pass);
    if (round == 0) {
      out.bad = pixels - pass.count;
      out.count = upto = pass.count;
      out.saturated = pass.saturated;
      out.least = pass.least, out.most = pass.most;
      out.at_least = pass.at_least, out.at_most = pass.at_most;
      if (out.count == 0) return out;
    }
    const std::int64_t rank = has_low ? out.count / 2 : (out.count - 1) / 2, end = pass.below + pass.inside;
    if (rank < pass.below) {
      last = from - 1, upto = pass.below;
    } else if (rank >= end) {
      first = to + 1, before = end;
    } else if (from != to && pass.in_kept < pass.inside) {
      first = from, last = to, before = pass.below, upto = end;
    } else {
      const auto begin = kept.begin(), place = begin + (rank - pass.below), stop = begin + pass.in_kept;
      if (from != to) std::nth_element(begin, place, stop);
      const V found = from == to ? pass.from : *place;
      out.high = found;
      if (has_low) return out;
      out.low = found;
      if (out.count / 2 == rank) return out;
      if (rank + 1 < end) {
        if (from != to) out.high = *std::min_element(place + 1, stop);
        return out;
      }
      has_low = true;
      first = to + 1, last = key_of(kMost<V>), before = end, upto = out.count;
    }
  }
}

}  // namespace

template <class T>
Middles<T> middles_of(std::span<const PixelArea> areas, double saturation) {
  // The stored value from which on pixels are saturated; with a limit that no value can reach, none are.
  const PixelPlane& plane = *areas.front().plane;
  const bool low = plane.bscale < 0;
  const double stored = (saturation - plane.bzero) / plane.bscale;
  T limit{};
  if constexpr (std::is_integral_v<T>) {
    const double whole = low ? std::floor(stored) : std::ceil(stored);
    constexpr double kLow = static_cast<double>(std::numeric_limits<T>::lowest());
    limit = whole <= kLow    ? std::numeric_limits<T>::lowest()
            : whole >= -kLow ? std::numeric_limits<T>::max()
                             : static_cast<T>(whole);
  } else {
    limit = static_cast<T>(stored);
    if (!low && static_cast<double>(limit) < stored) limit = std::nextafter(limit, kMost<T>);
    if (low && static_cast<double>(limit) > stored) limit = std::nextafter(limit, kLeast<T>);
  }
  Middles<T> out = find_middles(Numbers<T, false>{areas}, limit, low);
  if (saturation > plane.limit()) out.saturated = 0;
  return out;
}

template <class T>
Middles<double> middle_deviations_of(std::span<const PixelArea> areas, double centre) {
  return find_middles(Numbers<T, true>{areas, centre}, 0.0, false);
}

#define IMREG_FOR(T)                                                  \
  template Middles<T> middles_of(std::span<const PixelArea>, double); \
  template Middles<double> middle_deviations_of<T>(std::span<const PixelArea>, double)
IMREG_FOR(std::int32_t);
IMREG_FOR(std::int64_t);
IMREG_FOR(float);
IMREG_FOR(double);
#undef IMREG_FOR

}  // namespace imreg

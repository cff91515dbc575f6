// Adaptive moments: the weight takes the shape that was measured with it, until both agree.
#include "measure/shape.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "pixels/processor.h"

namespace imreg::measure {

namespace {

constexpr int kRounds = 30;
constexpr std::int64_t kHalf = 9;                 // of the first stamp's side
constexpr double kSmallest = 0.45, kLargest = 9;  // sigma, pixels

struct Sums {
  float w = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0, ww = 0;
};

// Pixels at a time, as wide as the processor has them: wider ones would be taken apart.
using Four [[gnu::vector_size(16)]] = float;
using Eight [[gnu::vector_size(32)]] = float;  // AVX2
constexpr std::int64_t kMostLanes = 8;

// The weight is (1 - q/32)^16, nearly exp(-q/2), and nothing beyond q = 32. Pixels from x2 on get no weight.
template <class Wide>
[[gnu::always_inline]] inline Sums sum(const Stamp& stamp, float cx, float cy, float a, float b, float c,
                                       std::int64_t x1, std::int64_t x2, std::int64_t y1, std::int64_t y2) {
  constexpr auto kLanes = static_cast<std::int64_t>(sizeof(Wide) / sizeof(float));
  Wide places{}, none{};
  for (std::int64_t i = 0; i < kLanes; ++i) places[i] = static_cast<float>(i);
  const float end = static_cast<float>(x2) - cx;
  Wide w0{}, wx{}, wy{}, wxx{}, wxy{}, wyy{}, ww{};
  for (std::int64_t y = y1; y < y2; ++y) {
    const float* const row = stamp.pixels.data() + y * stamp.side;
    const float dy = static_cast<float>(y) - cy;
    Wide r0{}, rx{}, rxx{};
    for (std::int64_t x = x1; x < x2; x += kLanes) {
      const Wide dx = places + (static_cast<float>(x) - cx);
      Wide w = 1 - (dx * (a * dx + b * dy) + c * dy * dy) * (1.0F / 32);
      w = (w > 0) & (dx < end) ? w : none;
      w *= w, w *= w, w *= w, w *= w;
      Wide value;
      std::memcpy(&value, row + x, sizeof value);
      value = w > 0 ? value * w : none;  // infinite pixels, too, count for nothing there
      r0 += value, rx += value * dx, rxx += value * dx * dx, ww += w * w;
    }
    w0 += r0, wx += rx, wy += r0 * dy, wxx += rxx, wxy += rx * dy, wyy += r0 * (dy * dy);
  }
  Sums out;
  for (std::int64_t i = 0; i < kLanes; ++i)
    out.w += w0[i], out.x += wx[i], out.y += wy[i], out.xx += wxx[i], out.xy += wxy[i], out.yy += wyy[i],
        out.ww += ww[i];
  return out;
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] Sums sum_avx2(const Stamp& stamp, float cx, float cy, float a, float b, float c,
                                          std::int64_t x1, std::int64_t x2, std::int64_t y1, std::int64_t y2) {
  return sum<Eight>(stamp, cx, cy, a, b, c, x1, x2, y1, y2);
}
#endif

}  // namespace

bool Stamp::read(const PixelArea& area, std::int64_t at_x, std::int64_t at_y, std::int64_t half, float level,
                 double saturation) {
  x = at_x - half, y = at_y - half, side = 2 * half + 1;
  if (x < 0 || y < 0 || x + side > area.box.width || y + side > area.box.height) return false;
  pixels.resize(static_cast<std::size_t>(side * side + kMostLanes));  // sum() reads beyond the last one
  const auto top = static_cast<float>(saturation);
  std::int64_t bad = 0, core = 0, full = 0;
  for (std::int64_t i = 0; i < side; ++i) {
    const std::span<float> row(pixels.data() + i * side, static_cast<std::size_t>(side));
    read_row(*area.plane, area.box.y + y + i, area.box.x + x, row);
    for (std::int64_t k = 0; k < side; ++k) {
      float& value = row[static_cast<std::size_t>(k)];
      full += value >= top ? 1 : 0;
      value -= level;
      if (value == value) continue;
      value = 0;  // as the sky, when there are few of them, and not where the star is
      ++bad;
      core += std::abs(i - half) <= 2 && std::abs(k - half) <= 2 ? 1 : 0;
    }
  }
  return full == 0 && core == 0 && 20 * bad <= side * side;
}

void fetch(const PixelArea& area, const Peak& peak) {
  const auto& [plane, box] = area;
  const std::int64_t first = std::max<std::int64_t>(0, peak.y - kHalf), last = std::min(box.height - 1, peak.y + kHalf);
  const std::int64_t left = std::max<std::int64_t>(0, peak.x - kHalf), right = std::min(box.width - 1, peak.x + kHalf);
  for (std::int64_t y = first; y <= last; ++y) {
    const unsigned char* const row = plane->bytes + ((box.y + y) * plane->width + box.x) * plane->pixel_size();
    __builtin_prefetch(row + left * plane->pixel_size());
    __builtin_prefetch(row + right * plane->pixel_size());
  }
}

std::optional<Shape> shape_of(const PixelArea& area, const Peak& peak, double saturation, Stamp& stamp) {
  std::int64_t half = kHalf;
  if (!stamp.read(area, peak.x, peak.y, half, peak.level, saturation)) return std::nullopt;
  double x = peak.x, y = peak.y, xx = 2, xy = 0, yy = 2;
  for (int round = 0; round < kRounds; ++round) {
    // Large enough for the weight: 3.2 sigma, where it is 1/300.
    const double reach = 3.2 * std::sqrt(std::max(xx, yy));
    if (reach > static_cast<double>(half) && half < 30) {
      half = half == kHalf ? 18 : 30;
      if (!stamp.read(area, peak.x, peak.y, half, peak.level, saturation)) return std::nullopt;
    }
    const double det = xx * yy - xy * xy;
    const auto cx = static_cast<float>(x - static_cast<double>(stamp.x)),
               cy = static_cast<float>(y - static_cast<double>(stamp.y));
    const auto first = [&](float c, double r) {
      return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(static_cast<double>(c) - r)));
    };
    const auto last = [&](float c, double r) {
      return std::min<std::int64_t>(stamp.side, static_cast<std::int64_t>(std::floor(static_cast<double>(c) + r)) + 2);
    };
    const double rx = 4 * std::sqrt(xx), ry = 4 * std::sqrt(yy);
    const auto a = static_cast<float>(yy / det), b = static_cast<float>(-2 * xy / det),
               c = static_cast<float>(xx / det);
#if defined(__x86_64__)
    const Sums s = has_avx2()
                       ? sum_avx2(stamp, cx, cy, a, b, c, first(cx, rx), last(cx, rx), first(cy, ry), last(cy, ry))
                       : sum<Four>(stamp, cx, cy, a, b, c, first(cx, rx), last(cx, rx), first(cy, ry), last(cy, ry));
#else
    const Sums s = sum<Four>(stamp, cx, cy, a, b, c, first(cx, rx), last(cx, rx), first(cy, ry), last(cy, ry));
#endif
    if (!(s.w > 0)) return std::nullopt;
    const double w = static_cast<double>(s.w), mx = static_cast<double>(s.x) / w, my = static_cast<double>(s.y) / w;
    const double mxx = static_cast<double>(s.xx) / w - mx * mx, mxy = static_cast<double>(s.xy) / w - mx * my,
                 myy = static_cast<double>(s.yy) / w - my * my;
    // Weight and star of the same shape C give C/2; a Gaussian of another shape is found at once by M^-1 - W^-1.
    const double mdet = mxx * myy - mxy * mxy;
    if (!(mdet > 0 && mxx > 0)) return std::nullopt;
    double ia = myy / mdet - yy / det, ib = -mxy / mdet + xy / det, ic = mxx / mdet - xx / det;
    const double idet = ia * ic - ib * ib;
    double nxx = 2 * mxx, nxy = 2 * mxy, nyy = 2 * myy;
    if (idet > 0 && ia > 0) {
      nxx = std::clamp(ic / idet, nxx / 2, nxx * 2), nyy = std::clamp(ia / idet, nyy / 2, nyy * 2), nxy = -ib / idet;
      if (nxy * nxy > 0.95 * nxx * nyy) nxy = 2 * mxy;
    }
    const double moved = std::hypot(mx, my), grown = std::abs(nxx - xx) + std::abs(nyy - yy) + std::abs(nxy - xy);
    x += 2 * mx, y += 2 * my;
    xx = nxx, xy = nxy, yy = nyy;
    const double size = std::sqrt(std::sqrt(std::max(0.0, xx * yy - xy * xy)));
    if (!(size > kSmallest && size < kLargest) || std::hypot(x - peak.x, y - peak.y) > 1 + size) return std::nullopt;
    if (moved < 2e-3 * size && grown < 4e-3 * (xx + yy)) {
      Shape out{x, y, xx, xy, yy, size, 0, peak.height, peak.level, peak.noise};
      out.signal_to_noise = w / (static_cast<double>(peak.noise) * std::sqrt(static_cast<double>(s.ww)));
      return out;
    }
  }
  return std::nullopt;
}

}  // namespace imreg::measure

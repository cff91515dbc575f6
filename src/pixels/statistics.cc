// Exact statistics: of 8 and 16 bits from a histogram, of other types by selection.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "imreg/pixels.h"
#include "pixels/byte_order.h"
#include "pixels/histogram.h"
#include "pixels/select.h"

namespace imreg {

namespace {

constexpr double kMadToSigma = 1.482602218505602;  // 1 / normal quantile of 3/4

void by_histogram(std::span<const PixelArea> areas, double saturation, PixelStatistics& out) {
  const PixelPlane& first = *areas.front().plane;
  const std::int64_t size = first.pixel_size();
  Histogram histogram(static_cast<int>(size));
  for (const auto& [area_plane, box] : areas) {
    const PixelPlane& plane = *area_plane;
    const bool one_run = box.width == plane.width;  // whole rows follow each other
    const std::int64_t runs = one_run ? 1 : box.height, length = one_run ? box.pixels() : box.width;
    const unsigned char* row = plane.bytes + (box.y * plane.width + box.x) * size;
    for (std::int64_t i = 0; i < runs; ++i, row += plane.width * size) histogram.add(row, length);
  }
  histogram.close();
  if (first.blank) out.bad = histogram.take_out(*first.blank);
  const std::int64_t count = histogram.count();
  if (count == 0) return;
  const std::int64_t low = histogram.at_rank((count - 1) / 2), high = histogram.at_rank(count / 2);
  const auto value = [&](std::int64_t stored) { return first.value(static_cast<double>(stored)); };
  out.median = (value(low) + value(high)) / 2;
  out.sigma = kMadToSigma * std::abs(first.bscale) * histogram.twice_deviation(low + high) / 2;
  out.minimum = value(histogram.at_rank(0));
  out.maximum = value(histogram.at_rank(count - 1));
  out.at_minimum = histogram.count_of(histogram.at_rank(0));
  out.at_maximum = histogram.count_of(histogram.at_rank(count - 1));
  out.saturated = histogram.count_if([&](std::int64_t stored) { return value(stored) >= saturation; });
}

template <class T>
void by_selection(std::span<const PixelArea> areas, double saturation, PixelStatistics& out) {
  const PixelPlane& plane = *areas.front().plane;
  const Middles<T> middles = middles_of<T>(areas, saturation);
  out.bad = middles.bad;
  out.saturated = middles.saturated;
  if (middles.count == 0) return;
  const auto value = [&](T stored) { return plane.value(static_cast<double>(stored)); };
  out.median = (value(middles.low) + value(middles.high)) / 2;
  out.minimum = value(middles.least);
  out.maximum = value(middles.most);
  out.at_minimum = middles.at_least, out.at_maximum = middles.at_most;
  const double centre = (static_cast<double>(middles.low) + static_cast<double>(middles.high)) / 2;
  const Middles<double> deviations = middle_deviations_of<T>(areas, centre);
  out.sigma = kMadToSigma * std::abs(plane.bscale) * (deviations.low + deviations.high) / 2;
}

}  // namespace

PixelStatistics statistics_of(std::span<const PixelArea> areas, double saturation) {
  PixelStatistics out;
  for (const PixelArea& area : areas) out.pixels += area.box.pixels();
  if (out.pixels == 0) return out;
  with_type(areas.front().plane->bitpix, [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_integral_v<T> && sizeof(T) <= 2) {
      by_histogram(areas, saturation, out);
    } else {
      by_selection<T>(areas, saturation, out);
    }
  });
  if (out.minimum > out.maximum) {  // BSCALE < 0
    std::swap(out.minimum, out.maximum);
    std::swap(out.at_minimum, out.at_maximum);
  }
  return out;
}

}  // namespace imreg

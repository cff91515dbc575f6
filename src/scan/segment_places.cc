// The zones of a segment: rows whose places a region or ranges of ra and dec may hold.
#include <algorithm>
#include <cmath>

#include "scan/segment_search.h"

namespace imreg::index {

namespace {

constexpr double kBorder = 3e-7;  // degrees: more than quantised places are off

}  // namespace

bool SegmentSearch::place_slices(const PlaceRanges& ranges) {
  place_slices_.clear();
  std::vector<std::uint32_t> zones(kZones + 1);
  if (!pages_.values(head_.zones, 0, kZones + 1, zones.data())) return false;
  const double step = 180.0 / static_cast<double>(kZones);
  std::vector<Slice> wanted;
  for (const Interval& band : ranges.bands()) {
    const auto zone_of = [&](double dec) {
      return static_cast<std::int64_t>(std::clamp(std::floor((dec + 90) / step), 0.0, kZones - 1.0));
    };
    wanted.push_back({zone_of(band.low - kBorder), zone_of(band.high + kBorder) + 1});
  }
  const auto bound = [&](std::int64_t from, std::int64_t end, std::uint32_t value, bool above) {
    std::int64_t position = from;
    (void)pages_.bound<std::uint32_t>(head_.ra, from, end, value, above, 0, 0xffffffffU, position);
    return position;
  };
  const auto add_zone = [&](std::int64_t zone) {
    const std::int64_t from = zones[static_cast<std::size_t>(zone)], end = zones[static_cast<std::size_t>(zone) + 1];
    if (from >= end) return;
    const double low = static_cast<double>(zone) * step - 90;
    for (const auto& range : ranges.ra_ranges(std::max(low - kBorder, -90.0), std::min(low + step + kBorder, 90.0))) {
      constexpr double kTurn = 4294967296.0;
      const double lowest = std::max(std::floor(range.low / 360 * kTurn) - 8, 0.0);
      const double highest = std::min(std::ceil(range.high / 360 * kTurn) + 8, kTurn - 1);
      place_slices_.push_back({bound(from, end, static_cast<std::uint32_t>(lowest), false),
                               bound(from, end, static_cast<std::uint32_t>(highest), true)});
      // 360 itself stands at 0. (What is just below 0 stands at the end: regions reach over 0h by more than that.)
      if (range.high > 360 - kBorder) place_slices_.push_back({from, bound(from, end, 8, true)});
    }
  };
  for (const Slice& zone_slice : merged(std::move(wanted))) {
    for (std::int64_t zone = zone_slice.from; zone < zone_slice.end; ++zone) add_zone(zone);
  }
  place_slices_ = merged(std::move(place_slices_));
  return ok();
}

void SegmentSearch::find_places(const std::function<void(std::int64_t row)>& add) {
  std::vector<std::uint32_t> rows;
  std::uint32_t odd = 0;
  for (std::int64_t i = 0; places_->odd_too() && i < head_.odd_rows.bytes / 4; ++i) {
    if (!pages_.at(head_.odd_rows, i, odd)) return;
    add(head_.base + odd);
  }
  std::vector<std::uint32_t> ra, dec;
  for (const Slice& slice : place_slices_) {
    for (std::int64_t from = slice.from; from < slice.end && ok(); from += kStep) {
      const std::int64_t n = std::min(kStep, slice.end - from);
      for (auto* column : {&ra, &dec, &rows}) column->resize(static_cast<std::size_t>(n));
      if (!pages_.values(head_.ra, from, n, ra.data()) || !pages_.values(head_.dec, from, n, dec.data()) ||
          !pages_.values(head_.sky_row, from, n, rows.data()))
        return;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double x = (static_cast<double>(ra[i]) + 0.5) / 4294967296.0 * 360;
        const double y = (static_cast<double>(dec[i]) + 0.5) / 4294967295.0 * 180 - 90;
        if (places_->near(x, std::min(y, 90.0), kBorder)) add(head_.base + rows[i]);
      }
    }
  }
}

}  // namespace imreg::index

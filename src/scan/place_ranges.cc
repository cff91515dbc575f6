// The zones and right ascensions that conditions on place leave over.
#include "scan/place_ranges.h"

#include <algorithm>

namespace imreg::index {

namespace {

using Kind = Condition::Kind;

// What intervals have within limits; `turns`: one turn of the circle further, too.
std::vector<Interval> clipped(const std::vector<Interval>& intervals, Interval to, double turns = 0) {
  std::vector<Interval> out;
  for (const Interval& i : intervals) {
    const Interval both{std::max(i.low + turns, to.low), std::min(i.high + turns, to.high)};
    if (both.low <= both.high) out.push_back(both);
  }
  return out;
}

}  // namespace

std::optional<PlaceRanges> PlaceRanges::of_numbers(const Selection& selection, const Fields& fields,
                                                   const SegmentHead& head) {
  PlaceRanges out;
  out.odd_too_ = true;
  bool any = false;
  for (const Condition& c : selection.conditions()) {
    if (c.kind != Kind::number || c.negate) continue;
    if (c.field.offset == fields.dec->offset) {
      out.dec_ = clipped(c.intervals, {-90, 90});
      any = true;
    }
    if (c.field.offset == fields.ra->offset) {
      const auto there = clipped(c.intervals, {head.least_ra, head.greatest_ra});
      out.ra_.clear();
      for (const double turns : {-360.0, 0.0, 360.0}) {
        for (const Interval& i : clipped(there, {0, 360}, turns)) out.ra_.push_back(i);
      }
      any = true;
    }
  }
  if (!any) return std::nullopt;
  return out;
}

std::vector<PlaceRanges> PlaceRanges::of(const Selection& selection, const Fields& fields, const SegmentHead& head) {
  std::vector<PlaceRanges> out;
  if (!fields.ra) return out;
  for (const Condition& c : selection.conditions()) {
    if (c.negate || !c.region || c.field.offset != fields.ra->offset || c.other.offset != fields.dec->offset) continue;
    PlaceRanges& made = out.emplace_back();
    made.region_ = &*c.region;
    made.odd_too_ = c.kind != Kind::region;  // a test may hold for what has no place
  }
  if (auto numbers = of_numbers(selection, fields, head)) out.push_back(*std::move(numbers));
  return out;
}

std::vector<Interval> PlaceRanges::bands() const {
  if (!region_) return dec_;
  const auto band = region_->band();
  return {{band.low, band.high}};
}

std::vector<Interval> PlaceRanges::ra_ranges(double dec_low, double dec_high) const {
  if (!region_) return ra_;
  std::vector<Interval> out;
  for (const auto& range : region_->ra_ranges(dec_low, dec_high)) out.push_back({range.low, range.high});
  return out;
}

bool PlaceRanges::near(double ra, double dec, double margin) const {
  if (region_) return region_->classify(ra, dec, margin) != SkyRegion::Where::outside;
  const auto in = [margin](const std::vector<Interval>& intervals, double value) {
    return std::any_of(intervals.begin(), intervals.end(),
                       [=](const Interval& i) { return i.low - margin <= value && value <= i.high + margin; });
  };
  return in(dec_, dec) && (in(ra_, ra) || in(ra_, ra - 360) || in(ra_, ra + 360));  // 720 is 0, too
}

}  // namespace imreg::index

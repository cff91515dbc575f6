// The zones and right ascensions that conditions on place leave over.
#include "scan/place_ranges.h"

#include <algorithm>

namespace imreg::index {

namespace {

using Kind = Condition::Kind;

std::vector<Interval> clipped(const std::vector<Interval>& intervals, Interval to) {
  std::vector<Interval> out;
  for (const Interval& i : intervals) {
    if (const Interval both{std::max(i.low, to.low), std::min(i.high, to.high)}; both.low <= both.high)
      out.push_back(both);
  }
  return out;
}

bool all_within(const std::vector<Interval>& intervals, Interval limits) {
  return std::all_of(intervals.begin(), intervals.end(),
                     [&](const Interval& i) { return limits.low <= i.low && i.high <= limits.high; });
}

}  // namespace

// The numbers of a plain segment are those of its places. Of another one a declination beyond a pole, or beside an unknown
// right ascension, has no place, and a right ascension of several turns has that of one.
std::optional<PlaceRanges> PlaceRanges::of_numbers(const Selection& selection, const Fields& fields, bool plain) {
  PlaceRanges out;
  const Condition *ra = nullptr, *dec = nullptr;
  for (const Condition& c : selection.conditions()) {
    if (c.kind != Kind::number || c.negate) continue;
    if (c.field.offset == fields.ra->offset) ra = &c;
    if (c.field.offset == fields.dec->offset) dec = &c;
  }
  constexpr Interval kTurn{0, 360}, kPoles{-90, 90};
  if (!ra && !dec) return std::nullopt;
  if (!plain && !(ra && dec && all_within(ra->intervals, kTurn) && all_within(dec->intervals, kPoles)))
    return std::nullopt;
  if (ra) out.ra_ = clipped(ra->intervals, kTurn);
  if (dec) out.dec_ = clipped(dec->intervals, kPoles);
  return out;
}

std::vector<PlaceRanges> PlaceRanges::of(const Selection& selection, const Fields& fields, bool plain) {
  std::vector<PlaceRanges> out;
  if (!fields.ra) return out;
  for (const Condition& c : selection.conditions()) {
    if (c.negate || !c.region || c.field.offset != fields.ra->offset || c.other.offset != fields.dec->offset) continue;
    if (c.kind != Kind::region && !plain) continue;  // a test may hold for what has no place
    out.emplace_back().region_ = &*c.region;
  }
  if (auto numbers = of_numbers(selection, fields, plain)) out.push_back(*std::move(numbers));
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
  return in(dec_, dec) && (in(ra_, ra) || in(ra_, ra - 360) || in(ra_, ra + 360));
}

}  // namespace imreg::index

// What conditions ask of the zones of the sky: a region, or the numbers ra and dec within intervals.
#pragma once

#include <optional>
#include <vector>

#include "imreg/scan.h"
#include "scan/segment.h"

namespace imreg::index {

class PlaceRanges {
 public:
  /// All ways to ask the zones of a segment that the selection has.
  static std::vector<PlaceRanges> of(const Selection& selection, const Fields& fields, const SegmentHead& head);

  /// Declinations, and right ascensions between two of them, within 0..360.
  std::vector<Interval> bands() const;
  std::vector<Interval> ra_ranges(double dec_low, double dec_high) const;
  /// Whether a place can be what is asked for when it is known to `margin` degrees.
  bool near(double ra, double dec, double margin) const;
  /// SegmentHead::odd_rows can be what is asked for, too.
  bool odd_too() const { return odd_too_; }

 private:
  static std::optional<PlaceRanges> of_numbers(const Selection& selection, const Fields& fields,
                                               const SegmentHead& head);

  const SkyRegion* region_ = nullptr;  ///< of a condition of the selection
  bool odd_too_ = false;
  std::vector<Interval> ra_{{0, 360}}, dec_{{-90, 90}};
};

}  // namespace imreg::index

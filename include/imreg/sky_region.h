// A part of the sky: a circle, a box or a polygon, and whether a position lies in it. Degrees everywhere.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/status.h"

namespace imreg {

/// Borders belong to the region (within 2e-15 rad, the rounding of a position). Right ascensions may be any within
/// -360..360 when a region is made (-10 is 350), and any finite number when a position is asked for; at a pole every
/// right ascension is the same position. Const members are safe from several threads.
class SkyRegion {
 public:
  /// All within `radius` of a position. Errors of all that make a region: invalid, with the value and the remedy.
  static Result<SkyRegion> cone(double ra, double dec, double radius);  ///< 0 < radius <= 180
  /// Between two meridians, going east from the first, and two parallels. 350, 10 crosses 0h; 0, 360 (or any further
  /// apart) is the whole circle. Error also for a box without width or height.
  static Result<SkyRegion> box(double ra_min, double ra_max, double dec_min, double dec_max);
  /// Corners (ra, dec) in order, joined by the shorter great circles; the first may be repeated at the end. It is the
  /// smaller of the two sides, so it may hold a pole; of two equal ones (hemispheres) the left one as the corners are
  /// walked, north when they go east. Error also for fewer than 3 corners or more than kMaxCorners, edges that cross or
  /// touch, and neighbours that are equal or opposite.
  static Result<SkyRegion> polygon(std::vector<std::pair<double, double>> corners);
  static constexpr std::size_t kMaxCorners = 2000;

  /// The same from words as people type them. A right ascension: degrees (150.119, 150.119d), or sexagesimal hours
  /// (10:00:28.6, 10h00m28.6s, "10 00 28.6"); a declination: degrees, decimal or sexagesimal (+02:12:21, +02d12m21s); a
  /// radius: a number and d or deg (default), ' m or arcmin, " s or arcsec, or sexagesimal degrees (1d30m). The errors
  /// name the word.
  static Result<SkyRegion> parse_cone(std::string_view ra, std::string_view dec, std::string_view radius);
  static Result<SkyRegion> parse_box(std::string_view ra_min, std::string_view ra_max, std::string_view dec_min,
                                     std::string_view dec_max);
  /// One text: "RA,DEC RA,DEC RA,DEC" or "RA DEC RA DEC RA DEC": blanks and commas both only separate.
  static Result<SkyRegion> parse_polygon(std::string_view corners);

  /// False for NaN and for what is no position.
  bool contains(double ra, double dec) const;

  enum class Where { outside, inside, border };
  /// Border: nearer than `margin` degrees to the border. Some positions that are a little further away may count as
  /// border, too; what is called inside or outside is. Outside for NaN.
  Where classify(double ra, double dec, double margin) const;

  /// What an index asks. Too large by some 1e-5 degrees of arc, never too small.
  struct Range {
    double low;
    double high;  ///< included
  };
  /// The declinations of the region.
  Range band() const;
  /// The right ascensions, within 0..360 and split at 0h (at most 2 ranges), that the region has between two
  /// declinations; none when it does not come there.
  std::vector<Range> ra_ranges(double dec_low, double dec_high) const;

 private:
  struct Shape;
  explicit SkyRegion(Shape shape);
  std::shared_ptr<const Shape> shape_;
};

}  // namespace imreg

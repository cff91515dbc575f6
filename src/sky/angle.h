// Angles as FITS headers and people write them, and distances on the sphere. Everything leaves here in degrees.
#pragma once

#include <string_view>

#include "imreg/status.h"

namespace imreg {

/// A direction: right ascension 0 <= ra < 360 and declination, degrees.
struct SkyPosition {
  double ra = 0;
  double dec = 0;
};

/// What a text without letters counts in.
enum class AngleUnit { degrees, hours };

/// An angle in degrees from "18:42:13.76", "0 09 23.5", "-00:30:00", "12h30m15s", "+41d16m09s", "41°16'09\"", "1d",
/// "5m" or "281.5".
/// One to three fields separated by colon, blanks or unit letters; only the last may have decimals. h and d overrule
/// `unit`;
/// minutes and seconds are those of the unit. Error: invalid, with the column; also minutes of 60, seconds above 60.
/// `what` is what the message calls it.
Result<double> parse_angle(std::string_view text, AngleUnit unit, std::string_view what = "angle");

/// parse_angle() within 0..360 degrees (0..24 hours; the end is read as 0).
Result<double> parse_right_ascension(std::string_view text, AngleUnit unit);
/// parse_angle() in degrees within -90..90.
Result<double> parse_declination(std::string_view text);

/// 0 <= result < 360; NaN when `degrees` is not finite.
double normalize_degrees(double degrees);

/// The angle between two directions, degrees. Vincenty's form: right at the poles, at tiny distances and at antipodes.
double separation(const SkyPosition& a, const SkyPosition& b);

}  // namespace imreg

// Spherical astronomy for the simulator: sun, moon, sidereal time, altitude, airmass, the gnomonic projection.
// Good to about a third of a degree (no precession, no parallax of the moon): plans a night, cannot point.
#pragma once

#include "sky/angle.h"

namespace imreg {

inline constexpr double kPi = 3.14159265358979323846;
inline constexpr double kDegree = kPi / 180;
inline constexpr double kSiteLatitude = 19.8252;     ///< Mauna Kea, degrees north
inline constexpr double kSiteLongitude = -155.4689;  ///< degrees east

struct Horizontal {
  double altitude = 0, azimuth = 0;  ///< degrees, azimuth from north through east
};
struct PlanePosition {
  double xi = 0, eta = 0;  ///< degrees towards east and north
};

double modified_julian_date(double time);
/// Local sidereal time at the site, degrees 0 .. 360.
double sidereal_time(double time);
/// Hour angle, degrees -180 .. 180.
double hour_angle(double time, double ra);
Horizontal horizontal(double time, const SkyPosition& position);
/// Astronomical Almanac, page C5 (0.01 degree) and D22 (0.3 degree, seen from the centre of the Earth).
SkyPosition sun_position(double time);
SkyPosition moon_position(double time);
/// Ecliptic longitude of the moon from the sun, degrees 0 .. 360: 0 new, 180 full.
double moon_elongation(double time);
/// Hardie 1962; altitudes under 5 degrees count as 5.
double airmass_at(double altitude);

/// Tangent plane (FITS WCS paper II, 5.1.3) and back.
PlanePosition to_plane(const SkyPosition& center, const SkyPosition& position);
SkyPosition from_plane(const SkyPosition& center, const PlanePosition& plane);

}  // namespace imreg

// Simple spherical astronomy for the simulator.
#include "image/night_sky.h"

#include <algorithm>
#include <cmath>

namespace imreg {
namespace {

double sin_deg(double x) { return std::sin(x * kDegree); }
double cos_deg(double x) { return std::cos(x * kDegree); }
double turn(double degrees) { return degrees - 360 * std::floor(degrees / 360); }
double days_since_2000(double time) { return modified_julian_date(time) - 51544.5; }

SkyPosition from_ecliptic(double lambda, double beta, double days) {
  const double e = 23.439 - 4e-7 * days;
  const double x = cos_deg(beta) * cos_deg(lambda);
  const double y = cos_deg(e) * cos_deg(beta) * sin_deg(lambda) - sin_deg(e) * sin_deg(beta);
  const double z = sin_deg(e) * cos_deg(beta) * sin_deg(lambda) + cos_deg(e) * sin_deg(beta);
  return {turn(std::atan2(y, x) / kDegree), std::asin(std::clamp(z, -1.0, 1.0)) / kDegree};
}

double sun_longitude(double days) {
  const double g = 357.528 + 0.9856003 * days;
  return turn(280.460 + 0.9856474 * days + 1.915 * sin_deg(g) + 0.020 * sin_deg(2 * g));
}

double moon_longitude(double days) {
  const double t = days / 36525;
  return turn(218.32 + 481267.881 * t + 6.29 * sin_deg(135.0 + 477198.87 * t) - 1.27 * sin_deg(259.3 - 413335.36 * t) +
              0.66 * sin_deg(235.7 + 890534.22 * t) + 0.21 * sin_deg(269.9 + 954397.74 * t) -
              0.19 * sin_deg(357.5 + 35999.05 * t) - 0.11 * sin_deg(186.5 + 966404.03 * t));
}

}  // namespace

double modified_julian_date(double time) { return time / 86400 + 40587; }

double sidereal_time(double time) {
  return turn(280.46061837 + 360.98564736629 * days_since_2000(time) + kSiteLongitude);
}

double hour_angle(double time, double ra) {
  const double h = turn(sidereal_time(time) - ra);
  return h > 180 ? h - 360 : h;
}

Horizontal horizontal(double time, const SkyPosition& position) {
  const double h = hour_angle(time, position.ra);
  const double up =
      sin_deg(kSiteLatitude) * sin_deg(position.dec) + cos_deg(kSiteLatitude) * cos_deg(position.dec) * cos_deg(h);
  const double east = -cos_deg(position.dec) * sin_deg(h);
  const double north =
      cos_deg(kSiteLatitude) * sin_deg(position.dec) - sin_deg(kSiteLatitude) * cos_deg(position.dec) * cos_deg(h);
  return {std::asin(std::clamp(up, -1.0, 1.0)) / kDegree, turn(std::atan2(east, north) / kDegree)};
}

SkyPosition sun_position(double time) {
  const double days = days_since_2000(time);
  return from_ecliptic(sun_longitude(days), 0, days);
}

SkyPosition moon_position(double time) {
  const double days = days_since_2000(time), t = days / 36525;
  const double beta = 5.13 * sin_deg(93.3 + 483202.02 * t) + 0.28 * sin_deg(228.2 + 960400.89 * t) -
                      0.28 * sin_deg(318.3 + 6003.15 * t) - 0.17 * sin_deg(217.6 - 407332.21 * t);
  return from_ecliptic(moon_longitude(days), beta, days);
}

double moon_elongation(double time) {
  const double days = days_since_2000(time);
  return turn(moon_longitude(days) - sun_longitude(days));
}

double airmass_at(double altitude) {
  const double s = 1 / sin_deg(std::max(altitude, 5.0)) - 1;
  return 1 + s * (1 - 0.0018167 - s * (0.002875 + s * 0.0008083));
}

PlanePosition to_plane(const SkyPosition& center, const SkyPosition& position) {
  const double dra = position.ra - center.ra;
  const double d =
      sin_deg(center.dec) * sin_deg(position.dec) + cos_deg(center.dec) * cos_deg(position.dec) * cos_deg(dra);
  return {cos_deg(position.dec) * sin_deg(dra) / d / kDegree,
          (cos_deg(center.dec) * sin_deg(position.dec) - sin_deg(center.dec) * cos_deg(position.dec) * cos_deg(dra)) /
              d / kDegree};
}

SkyPosition from_plane(const SkyPosition& center, const PlanePosition& plane) {
  const double xi = plane.xi * kDegree, eta = plane.eta * kDegree;
  const double x = cos_deg(center.dec) - eta * sin_deg(center.dec), z = sin_deg(center.dec) + eta * cos_deg(center.dec);
  return {turn(center.ra + std::atan2(xi, x) / kDegree), std::atan2(z, std::sqrt(x * x + xi * xi)) / kDegree};
}

}  // namespace imreg

// Frames to ICRS by ERFA; only the precession between Besselian equinoxes, which ERFA has not, is written out.
#include "sky/frames.h"

#include <erfa.h>
#include <erfam.h>

#include <cmath>
#include <numbers>
#include <string>

#include "base/text.h"

namespace imreg {

namespace {

constexpr double kRadian = 180 / std::numbers::pi;
constexpr double kArcsec = 3600 * kRadian;

struct Direction {
  double lon = 0, lat = 0;  // radians
};

void rotate(double matrix[3][3], bool transposed, Direction& d) {
  double from[3], to[3];
  eraS2c(d.lon, d.lat, from);
  if (transposed) {
    eraTrxp(matrix, from, to);
  } else {
    eraRxp(matrix, from, to);
  }
  eraC2s(to, &d.lon, &d.lat);
}

// Mean place of one Besselian equinox to that of another: Kinoshita 1975, SAO Special Report 364, the angles of his
// section 3.
void precess_besselian(double from, double to, Direction& d) {
  const double t = (from - 1850) / 1000;
  const double dt = (to - from) / 1000;
  const double w = 23035.545 + (139.720 + 0.060 * t) * t;
  const double zeta = (w + (30.240 - 0.270 * t + 17.995 * dt) * dt) * dt / kArcsec;
  const double z = (w + (109.480 + 0.390 * t + 18.325 * dt) * dt) * dt / kArcsec;
  const double theta = (20051.12 + (-85.29 - 0.37 * t) * t + (-42.65 - 0.37 * t - 41.80 * dt) * dt) * dt / kArcsec;
  double matrix[3][3];
  eraIr(matrix);
  eraRz(-zeta, matrix);
  eraRy(theta, matrix);
  eraRz(-z, matrix);
  rotate(matrix, false, d);
}

void fk5_2000_to_icrs(Direction& d) {
  double lon, lat;
  eraFk5hz(d.lon, d.lat, ERFA_DJ00, 0, &lon, &lat);
  d = {lon, lat};
}

}  // namespace

Result<Frame> frame_named(std::string_view radesys, std::optional<double> equinox) {
  const std::string word = to_upper(trim(radesys));
  if (word.empty()) {
    if (!equinox) return Frame::icrs;
    return *equinox < 1984 ? Frame::fk4 : Frame::fk5;
  }
  if (word == "ICRS") return Frame::icrs;
  if (word == "FK5" || word == "GAPPT") return Frame::fk5;
  if (word == "FK4" || word == "FK4-NO-E") return Frame::fk4;
  return Status(Code::invalid, "the celestial frame \"" + word.substr(0, 30) + "\" is none of ICRS, FK5, FK4, GAPPT");
}

double default_equinox(Frame frame) { return frame == Frame::fk4 ? 1950 : 2000; }

Result<SkyPosition> to_icrs(const SkyPosition& position, Frame frame, double equinox, std::optional<double> epoch) {
  if (!std::isfinite(position.ra) || !(std::abs(position.dec) <= 90)) {
    return Status(Code::invalid, "a sky position needs a finite longitude and a latitude within -90..90 degrees");
  }
  const bool moving = frame == Frame::of_date || frame == Frame::apparent;
  if (moving && !epoch) return Status(Code::invalid, "a sky position of date needs the date");
  if (moving) equinox = *epoch;
  const bool dated = moving || frame == Frame::fk4 || frame == Frame::fk5;
  if (dated && !(equinox >= 1500 && equinox <= 2500)) {
    return Status(Code::invalid, "the equinox of a sky position must be a year within 1500..2500");
  }
  Direction d{position.ra / kRadian, position.dec / kRadian};
  double lon, lat, matrix[3][3];
  switch (frame) {
    case Frame::icrs: return SkyPosition{normalize_degrees(position.ra), position.dec};
    case Frame::of_date:
    case Frame::fk5:
      if (equinox != 2000) {
        double whole, part;
        eraEpj2jd(equinox, &whole, &part);
        eraPmat76(whole, part, matrix);
        rotate(matrix, true, d);
      }
      fk5_2000_to_icrs(d);
      break;
    case Frame::fk4:
      if (equinox != 1950) precess_besselian(equinox, 1950, d);
      eraFk45z(d.lon, d.lat, epoch.value_or(equinox), &lon, &lat);
      d = {lon, lat};
      fk5_2000_to_icrs(d);
      break;
    case Frame::galactic:
      eraG2icrs(d.lon, d.lat, &lon, &lat);
      d = {lon, lat};
      break;
    case Frame::apparent: {
      double whole, part, origins;
      eraEpj2jd(equinox, &whole, &part);
      // eraAtic13 counts right ascension from the CIO, telescopes from the equinox.
      origins = eraEo06a(whole, part);
      eraAtic13(d.lon + origins, d.lat, whole, part, &lon, &lat, &origins);
      d = {lon, lat};
      break;
    }
    case Frame::ecliptic:
      eraEceq06(ERFA_DJ00, 0, d.lon, d.lat, &lon, &lat);
      d = {lon, lat};
      break;
  }
  return SkyPosition{normalize_degrees(d.lon * kRadian), d.lat * kRadian};
}

}  // namespace imreg

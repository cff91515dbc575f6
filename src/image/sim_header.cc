// The header cards of the simulated camera: the keywords are those of CFHT's MegaPrime, the words are our own.
#include "image/sim_header.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

#include "base/random.h"
#include "image/night_sky.h"
#include "image/sim_pixels.h"

namespace imreg {
namespace {

double decimals(double x, int count) {
  double parts = 1;
  for (int i = 0; i < count; ++i) parts *= 10;
  return std::round(x * parts) / parts + 0.0;  // no -0.0
}

std::string date_text(double time) {
  const std::chrono::year_month_day date =
      std::chrono::sys_days(std::chrono::days(static_cast<int>(std::floor(time / 86400))));
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

// "4:37:54.31", "-12:27:20.9": units and sixtieths, first field without leading zero, as the telescope writes them.
std::string sexagesimal(double value, int places) {
  int parts = 1;
  for (int i = 0; i < places; ++i) parts *= 10;
  const long long total = std::llround(std::abs(value) * 3600 * parts);
  const long long seconds = total / parts;
  char text[64];
  std::snprintf(text, sizeof text, "%s%lld:%02lld:%02lld.%0*lld", value < 0 && total > 0 ? "-" : "", seconds / 3600,
                seconds / 60 % 60, seconds % 60, places, total % parts);
  return text;
}

// Hundredths of a second, so that 59.999 never reads 60.00 of the day before.
double to_hundredth(double time) { return std::round(time * 100) / 100; }
std::string time_text(double time) { return sexagesimal((time - 86400 * std::floor(time / 86400)) / 3600, 2); }
std::string clock_text(double time) {
  const long long seconds = static_cast<long long>(std::floor(time)) % 86400;
  char text[64];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return text;
}
std::string capitals(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

void add_summary(Header& header, const NightPlan& night, const PlannedExposure& exposure) {
  static constexpr const char* kObservers[] = {"A. Nightingale", "B. Owl", "C. Moth", "D. Badger"};
  const double end = exposure.obstime + exposure.exptime;
  char sequence[64];
  std::snprintf(sequence, sizeof sequence, "DP%d[%d/%d]", exposure.dithers, exposure.dither, exposure.dithers);
  header.add("CMMTSEQ", sequence, "place in the dither pattern");
  header.add("OBJECT", exposure.object, "what the observer called it");
  header.add("OBSERVER", kObservers[night.night % 4], "who was awake");
  header.add("PI_NAME", "I. M. Sim", "whose program it is");
  header.add("RUNID", night.run, "observing run");
  header.add("FILENAME", exposure.name, "name given when it was taken");
  header.add("PATHNAME", "/data/simprime/" + night.folder, "folder when it was taken");
  header.add("DATE", date_text(end + 12) + 'T' + clock_text(end + 12), "when the file was made, UTC");
  header.add("IMAGESWV", "imreg imsim 1", "what wrote the file");
}

void add_mosaic(Header& header, const CameraGeometry& camera) {
  header.add("DETECTOR", camera.name, "mosaic of chips");
  header.add("DETSIZE", PixelSection{1, camera.width, 1, camera.height}.text(), "the mosaic with its gaps, pixels");
  header.add("RASTER", "FULL", "which part is read out");
  header.add("CCDSUM", "1 1", "binning");
  header.add("CCDBIN1", 1, "binning along a row");
  header.add("CCDBIN2", 1, "binning along a column");
  header.add("PIXSIZE1", camera.pixel_size, "[um] width of a pixel");
  header.add("PIXSIZE2", camera.pixel_size, "[um] height of a pixel");
  header.add("PIXSCAL1", camera.pixel_scale, "[arcsec] width of a pixel on the sky");
  header.add("PIXSCAL2", camera.pixel_scale, "[arcsec] height of a pixel on the sky");
}

void add_exposure(Header& header, const CameraGeometry& camera, const NightPlan& night,
                  const PlannedExposure& exposure) {
  header.add("SATURATE", 65535, "[adu] the converter goes no higher");
  header.add("DETTEM", exposure.detector_temperature, "[degC] detectors");
  header.add("TIMESYS", "UTC", "of all dates and times here");
  header.add("OBSTYPE", capitals(exposure.type), "kind of exposure");
  header.add("EXPTYPE", capitals(exposure.type), "the same again");
  header.add("EXPNUM", exposure.number, "odometer");
  header.add("OBSID", exposure.number, "odometer");
  header.add("EXPTIME", exposure.exptime, "[s] measured exposure time");
  header.add("EXPREQ", exposure.requested, "[s] wanted exposure time");
  header.add("DARKTIME", decimals(exposure.exptime + (exposure.letter == 'b' ? 0 : 0.3), 3),
             "[s] time that dark current gathered");
  header.add("ORIGIN", "imreg imsim", "a simulation, no telescope");
  header.add("NCCDS", static_cast<int>(camera.chips.size()), "chips in the mosaic");
  header.add("INSTRUME", camera.name, "simulated camera");
  header.add("INSTMODE", "Normal", "mode of the instrument");
  header.add("FILTER", exposure.filter, "filter in the beam");
  header.add("QRUNID", night.run, "run of the camera");
  header.add("REL_DATE", date_text(exposure.obstime + 366 * 86400.0) + "T00:00:00", "public from then on");
  header.add("TELESCOP", "Simulated 3.6m", "simulated telescope");
  header.add("LATITUDE", kSiteLatitude, "[deg] site, north");
  header.add("LONGITUD", kSiteLongitude, "[deg] site, east");
}

void add_times(Header& header, const PlannedExposure& exposure) {
  const double start = exposure.obstime, end = to_hundredth(exposure.obstime + exposure.exptime);
  header.add("DATE-OBS", date_text(start), "UTC date when the shutter opened");
  header.add("UTIME", time_text(start), "UTC when the shutter opened");
  header.add("UTC-OBS", time_text(start), "UTC when the shutter opened");
  header.add("MJDATE", decimals(modified_julian_date(start), 7), "[d] the same, modified Julian date");
  header.add("MJD-OBS", decimals(modified_julian_date(start), 7), "[d] the same, modified Julian date");
  header.add("SIDTIME", sexagesimal(exposure.lst / 15, 2), "local sidereal time at the start");
  header.add("LST-OBS", sexagesimal(exposure.lst / 15, 2), "local sidereal time at the start");
  header.add("DATEEND", date_text(end), "UTC date when the shutter closed");
  header.add("UTCEND", time_text(end), "UTC when the shutter closed");
  header.add("MJDEND", decimals(modified_julian_date(end), 7), "[d] the same, modified Julian date");
}

void add_telescope(Header& header, const NightPlan& night, const PlannedExposure& exposure) {
  header.add("EQUINOX", 2000.0, "of all positions here");
  header.add("RADESYS", "FK5", "their reference system");
  header.add("RADECSYS", "FK5", "old name of RADESYS");
  header.add("RA", sexagesimal(exposure.ra / 15, 2), "pointing, hours");
  header.add("DEC", sexagesimal(exposure.dec, 1), "pointing, degrees");
  header.add("HA", sexagesimal(exposure.hour_angle / 15, 2), "hour angle at the start");
  header.add("RA_DEG", exposure.ra, "[deg] pointing");
  header.add("DEC_DEG", exposure.dec, "[deg] pointing");
  header.add("OBJNAME", exposure.object, "target");
  header.add("OBJRA", sexagesimal(exposure.field_ra / 15, 2), "target, hours");
  header.add("OBJDEC", sexagesimal(exposure.field_dec, 1), "target, degrees");
  // The guide probe sits somewhere at the edge of the field, and stays there for a whole sequence.
  Random probe(mix_seed({static_cast<std::uint64_t>(exposure.field + 1), static_cast<std::uint64_t>(night.night)}));
  const bool guided = exposure.letter == 'o';
  header.add("XPROBE", guided ? decimals(probe.uniform(-45, 45), 3) : 0.0, "[mm] guide probe");
  header.add("YPROBE", guided ? decimals(probe.uniform(-35, 35), 3) : 0.0, "[mm] guide probe");
  header.add("ZPROBE", guided ? decimals(probe.uniform(-13, -7), 3) : -1.0, "[mm] guide probe, focus");
  header.add("AIRMASS", exposure.airmass, "at the start");
  header.add("TELALT", decimals(exposure.altitude, 4), "[deg] altitude at the start");
  header.add("TELAZ", decimals(exposure.azimuth, 4), "[deg] azimuth, north over east");
  header.add("MOONANGL", decimals(exposure.moon_separation, 2), "[deg] distance of the moon");
  header.add("MOONPHAS", decimals(night.moon_phase, 2), "0 new, 1 full, negative when waning");
  header.add("MOONALT", decimals(exposure.moon_altitude, 2), "[deg] altitude of the moon");
  header.add("FOCUSPOS", static_cast<int>(exposure.focus), "[um] focus encoder");
  header.add("TELFOCUS", static_cast<int>(exposure.focus), "[um] focus encoder");
  header.add("DEFOCUS", decimals(exposure.defocus / 1000, 3), "[mm] away from the best focus");
  header.add("BONANGLE", exposure.rotation, "[deg] rotation of the bonnette");
  header.add("ROTANGLE", exposure.rotation, "[deg] rotation of the bonnette");
  header.add("TESPMIRE", exposure.temperature[0], "[degC] surface of the primary mirror");
  header.add("TEATOPWS", exposure.temperature[1], "[degC] air, top of the dome");
  header.add("TEA6FOOT", exposure.temperature[2], "[degC] air, 6 feet above the floor");
  header.add("TEA2INCH", exposure.temperature[3], "[degC] air, 2 inches above the floor");
  header.add("TEMPERAT", exposure.temperature[4], "[degC] air, outside");
}

void add_chip(Header& header, const ChipGeometry& chip, const SimChip& defects) {
  header.add("CCDNAME", "SIM-" + std::to_string(1000 + 37 * chip.number), "serial number of the chip");
  header.add("CCDSIZE", PixelSection{1, chip.data.width(), 1, chip.data.height()}.text(), "pixels that see light");
  header.add("DATASEC", chip.data.text(), "they, in the frame as it was read");
  header.add("DETSEC", chip.detector.text(), "their place in the mosaic");
  header.add("BIASSEC", chip.overscans[0].text(), "overscan");
  header.add("BSECA", chip.overscans[0].text(), "overscan before the data");
  header.add("BSECB", chip.overscans[1].text(), "overscan behind the data");
  header.add("GAIN", defects.gain, "[e/adu] conversion");
  header.add("RDNOISE", defects.read_noise, "[e] read noise");
  header.add("DARKCUR", decimals(defects.dark_rate * 3600, 2), "[e/h] dark current of a pixel");
}

void add_wcs(Header& header, const CameraGeometry& camera, const ChipGeometry& chip, const PlannedExposure& exposure) {
  const MosaicMatrix m = mosaic_matrix(camera, exposure);
  const int sx = chip.detector.step_x(), sy = chip.detector.step_y();
  header.add("WCSAXES", 2, "axes of the coordinates");
  header.add("CTYPE1", "RA---TAN", "right ascension on the tangent plane");
  header.add("CTYPE2", "DEC--TAN", "declination on the tangent plane");
  header.add("CUNIT1", "deg", "");
  header.add("CUNIT2", "deg", "");
  header.add("CRVAL1", exposure.ra, "[deg] right ascension of the mosaic's centre");
  header.add("CRVAL2", exposure.dec, "[deg] declination of the mosaic's centre");
  header.add("CRPIX1", chip.raw_x(camera.center_x()), "the mosaic's centre in this frame");
  header.add("CRPIX2", chip.raw_y(camera.center_y()), "the mosaic's centre in this frame");
  header.add("CD1_1", sx * m.xi_x, "[deg] step to the east along a row");
  header.add("CD1_2", sy * m.xi_y, "[deg] step to the east along a column");
  header.add("CD2_1", sx * m.eta_x, "[deg] step to the north along a row");
  header.add("CD2_2", sy * m.eta_y, "[deg] step to the north along a column");
}

}  // namespace

Header sim_primary_header(const CameraGeometry& camera, const NightPlan& night, const PlannedExposure& exposure) {
  Header header;
  header.add("SIMPLE", true, "a FITS file");
  header.add("BITPIX", 16, "bits in a pixel");
  header.add("NAXIS", 0, "no pixels in this unit");
  header.add("EXTEND", true, "extensions follow");
  header.add("NEXTEND", static_cast<int>(camera.chips.size()), "how many");
  add_summary(header, night, exposure);
  add_mosaic(header, camera);
  add_exposure(header, camera, night, exposure);
  add_times(header, exposure);
  add_telescope(header, night, exposure);
  return header;
}

Header sim_chip_header(const CameraGeometry& camera, const ChipGeometry& chip, const SimChip& defects,
                       const NightPlan& night, const PlannedExposure& exposure, bool split) {
  Header header;
  if (split) {
    header.add("SIMPLE", true, "a FITS file");
  } else {
    header.add("XTENSION", "IMAGE", "an image");
  }
  header.add("BITPIX", 16, "bits in a pixel");
  header.add("NAXIS", 2, "axes");
  header.add("NAXIS1", chip.width, "pixels in a row");
  header.add("NAXIS2", chip.height, "rows");
  if (split) {
    header.add("EXTEND", true, "extensions are allowed");
  } else {
    header.add("PCOUNT", 0, "nothing behind the pixels");
    header.add("GCOUNT", 1, "one group");
  }
  header.add("BZERO", 32768.0, "pixels are unsigned");
  header.add("BSCALE", 1.0, "and not scaled");
  header.add("EXTNAME", chip.name, "chip");
  header.add("EXTVER", chip.number, "number of the chip");
  if (!split) header.add("INHERIT", false, "this header is complete");
  add_summary(header, night, exposure);
  add_mosaic(header, camera);
  add_chip(header, chip, defects);
  add_exposure(header, camera, night, exposure);
  add_times(header, exposure);
  add_telescope(header, night, exposure);
  add_wcs(header, camera, chip, exposure);
  return header;
}

}  // namespace imreg

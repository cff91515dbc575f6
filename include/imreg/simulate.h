// A simulated observing night of a mosaic camera as real FITS files, with known truth: for the demo, tests and benches.
// The same options and seed give the same files; a night does not depend on how many nights are asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/status.h"

namespace imreg {

enum class SimulateMode { mef, split };
/// How light falls off from a star's centre: exp2(-4 r^2/fwhm^2), or Moffat's (1 + r^2/alpha^2)^-3.
enum class StarProfile { moffat, gaussian };

struct SimulateOptions {
  int nights = 1;  ///< 1 .. 4000
  int ccds = 4;    ///< 1 .. 999
  SimulateMode mode = SimulateMode::mef;
  std::uint64_t seed = 1;
  /// Noon in Hawaii before the first night, seconds since 1970 UTC. The default gives the UTC date 2001-01-27.
  /// Then nights follow each other in runs of 14, one run a lunation.
  double first_noon = 980546400;
  int objects = 20;                         ///< object exposures a night, 1 .. 300; 10 calibration frames come on top
  int chip_width = 256, chip_height = 512;  ///< pixels that see light, 32 .. 16384
  int overscan = 16;                        ///< columns on each side, 4 .. 512
  double pixel_scale = 0.187;               ///< arcsec per pixel
  StarProfile profile = StarProfile::moffat;
  double fwhm = 0;  ///< of all stars, pixels, 1 .. 50; 0: what weather, focus and optics make of it
  double ellipticity =
      0;  ///< of all stars: 1 - b/a, the long axis along the rows; the FWHM is the geometric mean; 0 .. 0.95
  double density = 1;  ///< times as many stars as there are, 0 .. 1000
  bool stars = false;  ///< return the stars of every chip, and write them to DIR/stars.csv
};

/// One exposure as it is planned and as the weather makes it.
struct PlannedExposure {
  int number = 0;                      ///< odometer, unique over all nights
  char letter = 'o';                   ///< o object, b bias, d dark, f flat
  std::string name;                    ///< "600017o"
  std::string type;                    ///< object, bias, dark, flat
  std::string object;                  ///< "M67", "BIAS", ...
  std::string filter;                  ///< u g r i z
  double obstime = 0;                  ///< start, seconds since 1970 UTC
  double requested = 0;                ///< seconds
  double exptime = 0;                  ///< seconds, as the shutter measured it
  int dither = 1, dithers = 1;         ///< place in its sequence
  int field = -1;                      ///< number in the list of fields, -1 for calibrations
  double ra = 0, dec = 0;              ///< pointing = centre of the mosaic, degrees, J2000
  double field_ra = 0, field_dec = 0;  ///< the target without its dither
  double lst = 0;                      ///< local sidereal time, degrees
  double hour_angle = 0;               ///< degrees, -180 .. 180
  double altitude = 0, azimuth = 0;    ///< degrees, azimuth from north through east
  double airmass = 1;
  double moon_altitude = 0, moon_separation = 0;  ///< degrees
  double seeing = 0;                              ///< arcsec, FWHM at the centre of the mosaic
  double sky_rate = 0;                            ///< electrons per second and pixel, before vignetting
  double extinction = 1;                          ///< part of the star light that arrives
  double focus = 0;                               ///< micron
  double defocus = 0;                             ///< micron away from the best focus
  double rotation = 0;                            ///< degrees, mosaic y axis against north, towards east
  double temperature[5] = {0, 0, 0, 0, 0};  ///< mirror, dome top, air at 6 feet, air at 2 inches, outside; Celsius
  double detector_temperature = 0;          ///< Celsius
};

struct NightPlan {
  int night = 0;                           ///< from 0
  std::string run;                         ///< "00BS01"
  std::string folder;                      ///< "00BS01-Jan26": run and date of the evening in Hawaii
  double sunset = 0, sunrise = 0;          ///< seconds since 1970 UTC
  double moon_illumination = 0;            ///< 0 .. 1, at midnight
  double moon_phase = 0;                   ///< 0 new to 1 full; negative on the way back to new
  std::vector<PlannedExposure> exposures;  ///< in order of time
};

struct SimulatedStar {
  double x = 0, y = 0;     ///< raw frame, centre of the first pixel is (1, 1)
  double flux = 0;         ///< ADU in the whole profile
  double ra = 0, dec = 0;  ///< degrees, J2000
};

/// The truth about one chip of one exposure. Levels are ADU.
struct SimulatedImage {
  std::string path;   ///< below the output folder
  int extension = 0;  ///< HDU of the pixels, 0 the primary
  int ccd = 0;
  std::string type, object, filter;
  double obstime = 0;      ///< start, seconds since 1970 UTC
  double exptime = 0;      ///< seconds
  double ra = 0, dec = 0;  ///< pointing, degrees
  double airmass = 1;
  double fwhm = 0;     ///< pixels; 0 where no stars are
  double sky = 0;      ///< median of sky and dark current over the data pixels, above the bias, without the stars
  double bias = 0;     ///< mean of the overscan
  int star_count = 0;  ///< stars with their centre on the data pixels
  int bright_count =
      0;  ///< of these, 20 pixels or more from the edges, with a peak above 8 times the sky's noise and not saturated
  std::vector<SimulatedStar> stars;  ///< these stars, when the options ask for them
};

/// The plan of one night, without its pixels. Errors: invalid (an option out of its range; the message says which).
Result<NightPlan> plan_night(const SimulateOptions& options, int night);

/// Writes DIR/<night>/NNNNNNx.fits (MEF) or DIR/<night>/NNNNNNx/NNNNNNxMM.fits (SPLIT), and DIR/truth.csv: imsim(1).
/// `progress(done, all)` counts exposures. Files appear whole: they are renamed when they are complete.
/// Errors: invalid (options), io (cannot create or write, with the file).
Result<std::vector<SimulatedImage>> simulate_nights(const std::string& directory, const SimulateOptions& options,
                                                    const std::function<void(int, int)>& progress = {});

}  // namespace imreg

// The calibration finder: for each CCD of an image the bias, dark, flat or other frames that suit it, nearest in time.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"
#include "imreg/status.h"

namespace imreg {

/// What suits an image: the same instrument and CCD, a mode that goes with its own (CCDs of mosaics, MEF and SPLIT, with
/// each other; SINGLE, CUBE, SLICE with each other), the whole cube and not its slices; alive, and not judged bad
/// (quality below 0). Of a dark the exposure time, of biases neither time nor filter, of all others the filter, by any
/// of its names. A known start of the exposure. Not the file of the image itself.
struct CalibrationRequest {
  /// The image: a row by the number that an imsearch without filters prints in front (from 1), a FITS file (or header
  /// dump; it need not be registered), or the name or path of a registered file, which may be gone. Each CCD of it counts.
  std::string near_to;
  int type = 4;                                           ///< code of the field type: flat
  std::int64_t limit = 1;                                 ///< frames for each CCD
  double days = std::numeric_limits<double>::infinity();  ///< at most so far away
  double exposure_percent = 5, exposure_seconds = 1;      ///< of darks: may differ by the larger one
  Selection others;                                       ///< what frames must match besides
  ScanOptions scan;
  CameraSources cameras;
  std::string camera;  ///< table for the file; empty: by its header
  bool split = false;  ///< the file is one CCD of a mosaic, though it has a single HDU
};

struct CalibrationFrame {
  std::int64_t row = 0;       ///< of the database, from 0
  double days = 0;            ///< from the image to the frame: negative when the frame was taken before
  double exposure_ratio = 0;  ///< exposure time of the frame, by that of the image; NaN when one is not known or 0
};

/// What was found for one CCD of the image.
struct CalibrationFind {
  int ccd = 0;
  int extension = 0;
  std::vector<CalibrationFrame> frames;  ///< nearest first; equally near: by exposure time, then by row
  std::string why_none;  ///< when there are none: what was looked for, and of the nearest frame what does not suit
};

struct CalibrationReport {
  std::vector<CalibrationFind> ccds;  ///< in the order of the image's rows
  ScanReport scan;                    ///< of all that was read: rows, damage, the plan of the last search
};

/// Looks near the time of the image first and further away only for what was not found: with an index the work grows
/// with the answer. Errors: not_found (no such file, row or table; a database of another kind), invalid (options; a name
/// that several files have; a file without images), and what read_headers() says of a file.
Result<CalibrationReport> find_calibrations(const RecordFile& file, const CalibrationRequest& request);

}  // namespace imreg

// Inside the calibration finder: the image that frames are sought for, and what does not suit it. See imreg/calibration.h.
#pragma once

#include <string>
#include <vector>

#include "imreg/calibration.h"
#include "registry/path_roots.h"

namespace imreg {

/// What the finder knows of a row, or of an image that is in no database.
struct Exposure {
  std::string path;  ///< whole
  int ccd = 0, extension = 0, slice = 0;
  int mode = 0, quality = 0;
  double obstime = 0, exptime = 0;  ///< NaN: not known
  std::string filter, instrument;
};

/// Reads exposures from rows of any version.
class ExposureReader {
 public:
  /// Errors: not_found (not a registration database).
  static Result<ExposureReader> make(const Schema& schema, const PathRoots& roots);
  Exposure read(RecordView row) const;

 private:
  explicit ExposureReader(const PathRoots& roots) : roots_(&roots) {}
  const PathRoots* roots_;
  const FieldInfo *filename_, *pathname_, *filter_, *instrument_, *ccd_, *mode_, *obstime_, *exptime_;
  const FieldInfo *extension_, *slice_, *quality_;  ///< nullptr: this version has none
};

/// The images that `near_to` names, one for each CCD. Errors: those of find_calibrations().
Result<std::vector<Exposure>> find_reference(const RecordFile& file, const ExposureReader& reader,
                                             const CalibrationRequest& request);

}  // namespace imreg

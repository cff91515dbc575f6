// The header cards of the simulated camera, in CFITSIO's order.
#pragma once

#include "image/sim_camera.h"
#include "imreg/header.h"

namespace imreg {

/// The primary header of a MEF: no data, the exposure.
Header sim_primary_header(const CameraGeometry& camera, const NightPlan& night, const PlannedExposure& exposure);

/// The header above one chip's pixels: an extension of a MEF, or the primary of a SPLIT file.
Header sim_chip_header(const CameraGeometry& camera, const ChipGeometry& chip, const SimChip& defects,
                       const NightPlan& night, const PlannedExposure& exposure, bool split);

}  // namespace imreg

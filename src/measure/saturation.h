// From which value on a pixel is full.
#pragma once

#include "imreg/header.h"
#include "imreg/pixels.h"

namespace imreg::measure {

/// What the header of an image says, or else the primary one, and at most what the pixels can hold.
double saturation_of(const Header& header, const Header& primary, const PixelPlane& plane);

/// Whether values pile up at the maximum, far above the sky: the converter could not count further.
bool is_top(const PixelStatistics& sky);

}  // namespace imreg::measure

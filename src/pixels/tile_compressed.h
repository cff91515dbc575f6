// Tile-compressed images (FITS 4.0, section 10.1), decompressed by CFITSIO.
#pragma once

#include "imreg/fits_file.h"
#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

/// Writes one plane as FITS stores it: big-endian, of the HDU's bitpix, floats with NaN where there is no value.
/// Errors: corrupt, io.
Status decompress(const File& from, const Hdu& hdu, std::int64_t plane, File& to);

}  // namespace imreg

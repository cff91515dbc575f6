// Tile-compressed images (FITS 4.0, section 10.1), decompressed by CFITSIO.
#pragma once

#include "imreg/fits_file.h"
#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

/// Writes some rows (those of all planes count on) as FITS stores them: big-endian, of the HDU's bitpix, floats with NaN where there is no value.
/// Errors: corrupt, io.
Status decompress(const File& from, const Hdu& hdu, std::int64_t row, std::int64_t rows, File& to);

}  // namespace imreg

// Images of one row or column: spectra, as plots.
#pragma once

#include <string>
#include <vector>

#include "look/pieces.h"
#include "raster/raster.h"

namespace imreg::look {

/// Whether the picture would be a line of pixels.
bool is_line(const std::vector<Piece>& pieces);

/// Its values over the coordinate of its first axis that is longer than 1 (CRVAL, CDELT or CD, CRPIX: FITS 4.0 section 8; else pixels), steps in
/// black on white. Errors: invalid (no value).
Result<raster::Raster> line_plot(const Piece& piece, const std::string& title, int width, int height);

}  // namespace imreg::look

// What stands below a picture: object, filter, exposure and time, a bar of a known length, and where north and east are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "imreg/look.h"
#include "look/layout.h"
#include "raster/raster.h"

namespace imreg::look {

/// How the sky lies in a picture.
struct SkyScale {
  double arcsec = 0;                ///< of a pixel of the mosaic
  double north_x = 0, north_y = 0;  ///< of length 1, y upward
  double east_x = 0, east_y = 0;
};
/// At the middle of the piece that is nearest to the middle of the mosaic. Nothing: it has no WCS.
std::optional<SkyScale> sky_scale(const std::vector<Piece>& pieces, const Mosaic& mosaic);

/// "0.4 s", "12.5 s", "1235 s".
std::string seconds_text(double seconds);

/// The picture with a band below it. `shrink`: pixels of the mosaic in one of the picture.
raster::Raster annotated(const raster::Raster& picture, const LookCaption& caption, const std::optional<SkyScale>& sky,
                         double shrink);

}  // namespace imreg::look

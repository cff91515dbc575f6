// Where on the sky a pixel lies, from the WCS cards of a header (Greisen & Calabretta 2002, FITS 4.0 section 8). By
// wcslib.
#pragma once

#include <string>
#include <string_view>

#include "imreg/status.h"
#include "sky/angle.h"

namespace imreg {

/// ICRS position of pixel (x, y); the centre of the first pixel is (1, 1), so that of an image is at (NAXIS1 + 1) / 2,
/// (NAXIS2 + 1) / 2.
/// `cards80` is header text, 80 characters a card (Header::text()); only the primary description is read (no CTYPE1A).
/// Understood: every projection of paper II, SIP, TPV (also SCAMP's, called TAN), axes RA/DEC, GLON/GLAT and
/// ELON/ELAT, RADESYS and EQUINOX.
/// Axes beyond the first two are at pixel 1. TNX counts as TAN (some arcsec off); lookup-table distortions (CPDIS) are
/// left out
/// (a fraction of a pixel).
/// Error: not_found when the header describes no celestial axes (also -TAB, ZPX, solar frames); invalid when it does
/// and is wrong, or gives no scale.
/// Safe on hostile headers and from several threads.
Result<SkyPosition> pixel_position(std::string_view cards80, double x, double y);

/// The cards of an alternate description (CTYPE1A, ...; `version` A to Z) as those of the primary one.
std::string alternate_wcs(std::string_view cards80, char version);

/// The side of a pixel in arcsec: the square root of its area at the reference point, before projection and distortions.
/// Errors as pixel_position().
Result<double> pixel_scale(std::string_view cards80);

}  // namespace imreg

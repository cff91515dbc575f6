// Directions from the frames of old catalogues and headers to ICRS, the frame of the database. Degrees everywhere.
#pragma once

#include <optional>
#include <string_view>

#include "imreg/status.h"
#include "sky/angle.h"

namespace imreg {

enum class Frame {
  icrs,
  fk5,       ///< mean equator and equinox of a Julian equinox
  fk4,       ///< the same of a Besselian equinox, with the E-terms of aberration
  galactic,  ///< l and b, IAU 1958 as ERFA has them
  ecliptic,  ///< mean ecliptic of J2000
  of_date,   ///< mean equator and equinox of the epoch
  apparent   ///< geocentric apparent place: true equator and equinox of the epoch, with aberration
};

/// RADESYS and EQUINOX as WCS paper II (Calabretta & Greisen 2002, section 3.1) reads them: without RADESYS an equinox
/// before 1984 is FK4,
/// a later one FK5, none is ICRS. GAPPT (CFHT wrote it for years) is taken as FK5. Error: invalid for other words.
Result<Frame> frame_named(std::string_view radesys, std::optional<double> equinox);

/// 1950 for FK4, 2000 otherwise.
double default_equinox(Frame frame);

/// A position without proper motion in ICRS. `equinox` matters to fk5 and fk4; `epoch` (years; the equinox if not
/// given) is when an FK4
/// position was observed, for FK4 turns slowly; of_date and apparent need it. ERFA: eraFk45z, eraPmat76, eraFk5hz, eraG2icrs, eraEceq06, eraAtic13. FK4 of
/// other equinoxes than
/// B1950 is precessed by Kinoshita (1975) with the E-terms left in (0.01 arcsec over a century).
/// Error: invalid for a position that is none and for equinoxes not within 1500..2500.
Result<SkyPosition> to_icrs(const SkyPosition& position, Frame frame, double equinox, std::optional<double> epoch = {});

}  // namespace imreg

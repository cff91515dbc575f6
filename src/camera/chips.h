// Which HDUs of a file are science CCDs, and so become rows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "camera/memory.h"
#include "camera/plan.h"
#include "imreg/camera.h"

namespace imreg::camera {

struct Chip {
  std::size_t hdu = 0;               ///< index into FitsHeaders::hdus; of the first amplifier
  std::vector<int> amplifiers = {};  ///< numbers of the HDUs, when they are several
  std::int64_t planes = 1;           ///< of a cube
  Fact<int> ccd;                     ///< when the rule for amplifiers tells it
  bool in_extension = false;         ///< in an extension that is more than the compressed form of a primary array
};

struct Chips {
  std::vector<Chip> chips;
  std::string mask_keyword;  ///< set when the file holds masks and weights only, and by which keyword
  int mask_hdu = -1;
  std::string why_none;
};

/// The first of these rules that holds for an HDU; null: none.
const HduRule* first_rule(const std::vector<const HduRule*>& rules, const Place& place);

/// Images with two axes or more; those that the table skips are none, masks and weights count when there is
/// nothing else,
/// amplifiers of one CCD are one.
/// `judge`: tells whether an HDU is skipped or a mask.
using Judge = std::function<const RememberedHdu&(const Place&)>;
Chips find_chips(const FileCards& cards, const Chain& chain, const Judge& judge);

}  // namespace imreg::camera

// Temperatures into rows of images.
#pragma once

#include "imreg/record.h"
#include "imreg/temps.h"

namespace imreg {

/// What became of the temperatures of a row: `none` wants some and nothing is known, `untimed` has no time to look for.
enum class Filled { complete, filled, none, untimed };
/// Puts what is known into those of its temperatures that are not.
Filled fill_row(Record& row, Temperatures& temperatures);

}  // namespace imreg

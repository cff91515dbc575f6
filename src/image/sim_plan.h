// What one night does: which exposure when, where, through which filter, in which weather.
#pragma once

#include "imreg/simulate.h"

namespace imreg {

/// invalid, naming the option and its range.
Status check_simulate_options(const SimulateOptions& options);

}  // namespace imreg

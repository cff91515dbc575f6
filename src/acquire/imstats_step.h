// The step that is built into imelixir.
#pragma once

#include <string>

#include "imreg/elixir.h"

namespace imreg {

/// imstats on the image of a line, and the statistics into its row. Gives what is to be said of it in a line. Errors: the image
/// cannot be measured, those of register_statistics(). The file stays open for the next line of it.
ElixirOptions::LineStep imstats_step(const ElixirOptions& options);

}  // namespace imreg

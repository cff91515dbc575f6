// The step that is built into imelixir.
#pragma once

#include <memory>

#include "imreg/elixir.h"

namespace imreg {

/// imstats on the images of lines, and the statistics into their rows. Errors of a line: the image cannot be measured, those of
/// register_statistics(). A file stays open for the next line of it.
std::unique_ptr<LineStep> imstats_step(const ElixirOptions& options);

}  // namespace imreg

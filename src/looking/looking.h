// What people say to imlook, and what it does.
#pragma once

#include <string_view>

#include "cli/options.h"

namespace imreg::cli {

/// Does what the words ask for; returns the exit code.
int look(std::string_view program, const Parsed& args);

}  // namespace imreg::cli

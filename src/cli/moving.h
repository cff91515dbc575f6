// What immv and imrm share: their options, questions, progress, report.
#pragma once

#include <functional>
#include <string>

#include "cli/options.h"
#include "imreg/move_files.h"

namespace imreg::cli {

using MoveWork = std::function<MoveReport(const MoveOptions& options)>;
/// Reads the options that both have, asks (-i), does the work and tells about it. Returns the exit code.
int move_with(const Program& program, const Parsed& args, const MoveWork& work);
/// imcheck -finish.
int finish_with(const Program& program, const std::string& database, bool json, const Parsed& args);

}  // namespace imreg::cli

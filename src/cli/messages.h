// Exit codes, and what a program says about trouble.
#pragma once

#include <string>
#include <string_view>

#include "imreg/status.h"

namespace imreg::cli {

/// Exit codes of every program.
enum Exit : int {
  kOk = 0,
  kNothing = 1,  ///< nothing matched
  kUsage = 2,    ///< the command line makes no sense
  kTrouble = 3,  ///< the database or the machine failed
  kInputs = 4    ///< some or all input files failed; the others are done
};

/// Prints "program: FILE: what is wrong" to standard error: always one line.
void complain(std::string_view program, const Status& status);
/// The same for a text that is no failure.
void warn(std::string_view program, std::string_view text);

/// The text with control characters as \n, \t, \x1b: a file name cannot forge lines or drive the terminal.
std::string printable(std::string_view text);

}  // namespace imreg::cli

// Programs whose first word says what is to be done: options that are for some of these words only.
#pragma once

#include <span>
#include <string_view>

#include "cli/options.h"
#include "imreg/status.h"

namespace imreg::cli {

struct VerbOption {
  std::string_view option;
  std::string_view verbs;  ///< "take, clear": those for which it does something
};
/// Error: invalid, an option that does nothing for `verb`: who gave it expects something else than what would be done.
Status check_verb_options(const Parsed& args, std::string_view verb, std::span<const VerbOption> options);

}  // namespace imreg::cli

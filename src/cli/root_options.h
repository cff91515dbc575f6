// The options of imrelocate that are about path roots.
#pragma once

#include <optional>
#include <string_view>

#include "cli/options.h"
#include "imreg/bulk_edit.h"

namespace imreg::cli {

inline constexpr Option kRootOptions[] = {
    {"", "roots", "short names for the upper part of paths (man 5 imreg-roots)"},
    {"root", "NAME=PREFIX", "define or change one, at once; NAME= removes it", kRepeat},
    {"", "", ""},  // kSeldom
    {"make-root", "NAME=PREFIX", "with -go: define it and shorten all paths below PREFIX"},
    {"roots", "", "list them"},
    {"n", "", "-root: say what would change"},
};

/// Does what these options ask for; the exit code, or nothing when none of them stands there. `options`: database, go, wait ...
std::optional<int> work_on_roots(const Program& program, const Parsed& args, const BulkEditOptions& options);

}  // namespace imreg::cli

// imcheck -files: options, progress, and what is told of files that are not what their rows say.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"

namespace imreg::cli {

inline constexpr Option kFilesOption = {"files", "",
                                        "look at the files: missing, changed, registered twice, not registered"};
inline constexpr Option kSearchOption = {"search", "DIR",
                                         "-files: look for missing ones there, print rules for imrelocate", kRepeat};
inline constexpr Option kFullOption = {"full", "", "-files: read the headers of every file"};
inline constexpr Option kAllOption = {"v", "", "-files: name all of them, notes too"};

/// Error: two of imcheck's verbs; -search, -full, -v or folders without -files.
Status check_verbs(const Parsed& args);
/// The exit code. Reads -j, -q and -format too, which have been checked.
int check_files(const Program& program, const Parsed& args, const std::string& database, Output& output);

}  // namespace imreg::cli

// Which pictures are meant: rows of a database, exposure by exposure, or files and folders.
#pragma once

#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/options.h"
#include "imreg/look.h"

namespace imreg::cli {

inline constexpr const char* kNothingSelected = "nothing is selected";

/// Whether words of the command line choose rows of a database.
bool selects_rows(const Parsed& args);

/// Exposures in the order of their time: a file with all its CCDs, or the files of one exposure of which each CCD is a file. Errors: those of
/// the filters and of the database; not_found, nothing is selected.
Result<std::vector<SheetEntry>> selected_exposures(const Parsed& args, Settings& settings);

/// Each file of the trees (folders or files), with faults of folders that cannot be read. Error: not_found, no such tree.
Result<std::vector<SheetEntry>> files_of_trees(const std::vector<std::string>& trees, std::vector<Status>& faults);

}  // namespace imreg::cli

// Where missing files have gone: folders are walked, and what could be one of them is verified by its headers.
#pragma once

#include <string>
#include <vector>

#include "archive/look_at_files.h"

namespace imreg::archive {

/// Of each missing file.
struct Traces {
  std::vector<std::string> places;  ///< verified, in order
  std::string registered;           ///< a place that has it and has rows of its own
  bool by_name = false;             ///< its rows have no fingerprint: the name alone
};

/// First by name and size, then, of those that were not found, by size alone. Folders that cannot be read are findings.
/// Errors: not_found, io, invalid (a folder to search is none).
Result<std::vector<Traces>> find_moved(const std::vector<MissingFile>& missing, const FolderRows& rows,
                                       const FindFilesOptions& options, FilesReport& report);

}  // namespace imreg::archive

// Every registered file beside its rows, folder by folder.
#pragma once

#include <vector>

#include "archive/judge_file.h"

namespace imreg::archive {

struct Looked {
  std::vector<MissingFile> missing;  ///< when they are asked for: in the order of folders and names
  std::vector<char> holds_files;     ///< of each folder: something of it is there, or cannot be known
};

/// Fills the counts and findings of `report`. `want_missing`: also the files of folders that are not there.
Result<Looked> look_at_files(const FolderRows& rows, const PathRoots& roots, const FindFilesOptions& options,
                             bool want_missing, FilesReport& report);

}  // namespace imreg::archive

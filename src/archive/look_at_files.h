// Every registered file beside its rows, folder by folder.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "archive/folder_rows.h"
#include "imreg/find_files.h"
#include "registry/path_roots.h"

namespace imreg::archive {

/// A file that is not where its rows say.
struct MissingFile {
  std::int64_t folder = 0;  ///< in FolderRows::folders()
  RowsOfFile rows;
};

struct Looked {
  std::vector<MissingFile> missing;  ///< when they are asked for: in the order of folders and names
  std::vector<char> holds_files;     ///< of each folder: something of it is there, or cannot be known
};

/// Fills the counts and findings of `report`. `want_missing`: also the files of folders that are not there.
Result<Looked> look_at_files(const FolderRows& rows, const PathRoots& roots, const FindFilesOptions& options,
                             bool want_missing, FilesReport& report);

/// The fingerprint of a file's headers; nothing is waited for. Errors: those of read_fits_headers; corrupt (cut).
Result<std::int64_t> fingerprint_of(const std::string& path);
std::string joined(const std::string& folder, const std::string& name);

}  // namespace imreg::archive

// Images that stand in the database under two paths.
#pragma once

#include <functional>
#include <vector>

#include "archive/judge_file.h"

namespace imreg::archive {

/// Tells of files that are there and have the headers and the size of one before them; `tell` gets the folder's number.
void find_registered_twice(std::vector<FileSeen> files, const FolderRows& rows,
                           const std::function<void(std::int64_t folder, FileFinding)>& tell);

}  // namespace imreg::archive

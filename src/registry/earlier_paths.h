// Where the files of rows were before immv or imrelocate moved them: what X.db.history tells.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "imreg/record_file.h"
#include "registry/path_roots.h"

namespace imreg {

/// Whole paths with the rows that had them once, for files that were called one of `names` then. None without a history; a root
/// counts as it is defined now. Errors: those of History::load and History::each.
Result<std::unordered_map<std::string, std::vector<std::int64_t>>> earlier_paths(
    const RecordFile& file, const PathRoots& roots, const std::unordered_set<std::string>& names);

}  // namespace imreg

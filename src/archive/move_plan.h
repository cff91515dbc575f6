// From names that people type to the items of a move or a removal, and all reasons why one cannot be.
#pragma once

#include <string>
#include <vector>

#include "archive/moving_file.h"
#include "imreg/move_files.h"
#include "imreg/record_file.h"
#include "registry/path_roots.h"

namespace imreg::archive {

struct MovePlan {
  Moving moving;
  std::vector<MovedName> names;  ///< one for each item
  std::vector<Status> refused;
  std::vector<std::string> notes;
  std::int64_t bytes = 0;  ///< to be copied
};

/// What the disk says.
MovePlan plan_move(const MoveOptions& options, const std::vector<std::string>& sources, const std::string& target);
MovePlan plan_removal(const MoveOptions& options, const std::vector<std::string>& files);
/// What the rows say. Errors: corrupt (a row is damaged), and those of searches.
Status plan_rows(const MoveOptions& options, const RecordFile& file, const PathRoots& roots, MovePlan& plan);

}  // namespace imreg::archive

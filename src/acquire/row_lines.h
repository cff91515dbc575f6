// What the database knows about lines of a queue.
#pragma once

#include <string>
#include <vector>

#include "imreg/queue.h"

namespace imreg::acquire {

/// For each line, the file that its image is registered with now, when it was the same file then; empty: with none. When its
/// own path is not there any more, it may be another one. Error: the database cannot be read.
Result<std::vector<std::string>> current_paths(const std::string& database, const std::vector<QueueLine>& lines);

}  // namespace imreg::acquire

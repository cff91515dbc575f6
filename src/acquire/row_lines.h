// What the database knows about lines of a queue.
#pragma once

#include <string>
#include <vector>

#include "imreg/queue.h"

namespace imreg::acquire {

/// For each line, whether its image is registered now, from the same file. Error: the database cannot be read.
Result<std::vector<bool>> are_registered(const std::string& database, const std::vector<QueueLine>& lines);

}  // namespace imreg::acquire

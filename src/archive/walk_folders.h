// Every regular file below some folders, by several threads.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg::archive {

/// A file that a walk comes by.
struct Passed {
  const std::string& folder;
  int fd;  ///< of the folder
  const char* name;
};

struct Walked {
  std::int64_t files = 0;
  std::vector<Status> faults;  ///< folders that cannot be read, in order of their names
};

/// Calls visit(file), from several threads, for regular files and links to such. Hidden names are left out. A folder is
/// entered once, however many links lead to it, and under its own name if that is in the walk: so links are followed last.
/// `going`: now and then, with the files by now; by one thread at a time.
Walked walk_folders(const std::vector<std::string>& folders, int jobs, const std::function<void(const Passed&)>& visit,
                    const std::function<void(std::int64_t)>& going);

}  // namespace imreg::archive

// A database of Elixir, or a table of somebody else, that was cut off: its rows have no checks, and those in front of the end
// are what it holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "os/file.h"
#include "record/container.h"

namespace imreg::upkeep {

struct CutFile {
  File file;
  Container container;    ///< count: rows that are there from end to end
  std::int64_t said = 0;  ///< rows that its header counts
  std::string header;     ///< with the rows that there are

  /// Errors: not_found, io; invalid: it is none, or holds all the rows that it counts.
  static Result<CutFile> open(const std::string& path);
  /// Header and rows, filled up to a whole block, in a file that has no name yet.
  Status copy_to(File& out, const std::function<void(std::int64_t done, std::int64_t all)>& progress) const;
};

}  // namespace imreg::upkeep

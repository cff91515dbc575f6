// Which rows belong to the files of a batch: the index tells those with the same names, a hash table their full keys.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imreg/record_file.h"
#include "registry/path_roots.h"

namespace imreg {

class KeyTable {
 public:
  /// Takes in the rows of files with these names, and no others. By the index; without one every row is looked at.
  Status take(const RecordFile& file, const PathRoots& roots, const std::vector<std::string>& names);
  /// The rows of a file (see file_key_of), the first one first.
  std::vector<std::int64_t> rows_of(const std::string& file_key, const RecordFile& file, const PathRoots& roots) const;
  /// All that were taken in.
  std::vector<std::int64_t> rows() const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::int64_t last = -1;  ///< in entries_
  };
  struct Entry {
    std::int64_t row;
    std::int64_t before;  ///< the one before it of this file, or -1
  };
  std::size_t place_of(std::uint64_t hash) const;
  void insert(std::uint64_t hash, std::int64_t row);
  void grow(std::size_t slots);

  std::vector<Slot> slots_;  ///< one for each file; open addressing, a power of two, at most half full
  std::vector<Entry> entries_;
  std::size_t used_ = 0;
};

}  // namespace imreg

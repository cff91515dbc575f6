// Which row holds a key: a hash table over all rows of the database, made by a scan (until there is an index).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imreg/record_file.h"
#include "registry/path_roots.h"

namespace imreg {

class KeyTable {
 public:
  /// Takes in rows that it has not seen; starts anew when the file is another one or somebody else changed rows.
  void follow(const RecordFile& file, const PathRoots& roots);
  /// Enough for find() of keys with these file names, and no more: one pass over one cache line a row, for the one file of a
  /// telescope. `names` are few.
  void follow_names(const RecordFile& file, const PathRoots& roots, const std::vector<std::string>& names);
  /// The last change was made by us and touched no key.
  void own_change(const RecordFile& file) { change_number_ = file.change_number(); }
  /// The row with this key, or -1.
  std::int64_t find(const std::string& key, const RecordFile& file, const PathRoots& roots) const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::int64_t row = -1;
  };
  void insert(std::uint64_t hash, std::int64_t row);
  void grow(std::size_t slots);
  void clear();

  std::vector<Slot> slots_;  ///< open addressing, a power of two, at most half full
  std::size_t used_ = 0;
  std::int64_t rows_ = 0;  ///< taken in; 0 behind follow_names()
  std::int64_t change_number_ = -1;
  std::string uuid_;
};

}  // namespace imreg

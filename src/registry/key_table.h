// Which rows belong to a file: a hash table over all rows of the database, made by a scan (until there is an index); and whether
// other path roots would make keys the same.
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
  /// Enough for rows_of() files with these names, and no more: one pass over one cache line a row, for the one file of a
  /// telescope. `names` are few.
  void follow_names(const RecordFile& file, const PathRoots& roots, const std::vector<std::string>& names);
  /// The last change was made by us and touched no key.
  void own_change(const RecordFile& file) { change_number_ = file.change_number(); }
  /// The rows of a file (see file_key_of), the first one first.
  std::vector<std::int64_t> rows_of(const std::string& file_key, const RecordFile& file, const PathRoots& roots) const;

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
  void clear();

  std::vector<Slot> slots_;  ///< one for each file; open addressing, a power of two, at most half full
  std::vector<Entry> entries_;
  std::size_t used_ = 0;
  std::int64_t rows_ = 0;  ///< taken in; 0 behind follow_names()
  std::int64_t change_number_ = -1;
  std::string uuid_;
};

/// Whether all rows with different keys still have different keys with other roots. Error: invalid, with two rows' key.
Status check_keys_stay_apart(const RecordFile& file, const PathRoots& before, const PathRoots& after);

}  // namespace imreg

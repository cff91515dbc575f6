// Sorting of any number of byte strings in a bounded amount of memory: what does not fit goes, sorted, into a
// temporary file without a name, and the sorted runs are merged at the end.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "os/file.h"

namespace imreg {

/// Items are compared byte by byte (memcmp), so equal ones are the same: the caller makes them differ (by a row number)
/// where it matters. What stands behind the part that differs is carried along.
class Sorter {
 public:
  struct Settings {
    std::size_t memory = std::size_t{32} << 20;
    std::string folder = temporary_folder();
    std::int64_t keep = std::numeric_limits<std::int64_t>::max();  ///< only the first ones are wanted
  };
  explicit Sorter(Settings settings);

  /// Error: io (no room for the temporary file; the message names the remedy).
  Status add(std::string_view item);
  /// Takes over all that another one holds, and its memory.
  Status absorb(Sorter&& other);
  /// Behind the last add(), before the first next().
  Status finish();
  /// The next item in order, alive until the next call; nullptr at the end.
  Result<const std::string_view*> next();
  /// Whether something had to go to the disk.
  bool spilled() const { return !levels_.empty(); }

 private:
  struct Entry {
    std::uint64_t prefix;  ///< the first 8 bytes: most comparisons end there
    std::uint32_t at;
    std::uint32_t size;
  };
  // Entries grow from the front of one allocation, bytes from its back: it never moves, and takes what it was given.
  struct Buffer {
    std::unique_ptr<char[]> room;
    std::size_t size = 0, bytes_at = 0;  ///< of `room`; where the bytes begin
    std::size_t count = 0;
    bool sorted = false;  ///< then prefixes are no longer the first bytes

    Entry* begin() const { return reinterpret_cast<Entry*>(room.get()); }
    Entry* end() const { return begin() + count; }
    std::string_view item(const Entry& entry) const { return {room.get() + entry.at, entry.size}; }
    bool fits(std::size_t item) const { return count * sizeof(Entry) + sizeof(Entry) + item <= bytes_at; }
    /// Room for at least one item of this size; empty until then.
    void reserve(std::size_t memory, std::size_t item);
    void add(std::string_view item);
    void sort();
    void clear() { count = 0, bytes_at = size, sorted = false; }
  };
  struct Run {
    std::int64_t begin, end;
  };
  struct Level {
    File file;
    std::int64_t end = 0;
    std::vector<Run> runs;
  };
  class Cursor;
  class RunWriter;
  struct Merge;

  std::int64_t wanted(const Buffer& buffer) const;
  Status make_room(std::size_t item);
  void drop_unwanted();
  Status spill(Buffer& buffer);
  Status level_at(std::size_t level, Level*& out);
  Status merge_level(std::size_t level);
  Status no_room(Status status) const;

  Settings settings_;
  Buffer buffer_;
  std::string threshold_;                        ///< items from here on are not wanted; empty: none is known
  std::vector<std::unique_ptr<Buffer>> others_;  ///< sorted, of absorbed ones
  std::vector<std::unique_ptr<Level>> levels_;
  std::vector<std::unique_ptr<Level>> foreign_;  ///< files of absorbed ones
  std::shared_ptr<Merge> merge_;
  std::int64_t given_ = 0;
};

}  // namespace imreg

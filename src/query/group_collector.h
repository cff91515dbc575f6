// One thread's part of grouping: the rows of a block into a table of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/candidates.h"
#include "query/group_table.h"

namespace imreg {

/// Of a block, what is in few groups stays in `table`, to be merged with that of other blocks. When it has many groups they
/// go into the sorters at once, by the thread itself: to look for each in a table of all would be slower, and one after the
/// other. How it is done depends on the block only, so sums are the same for any number of threads.
class Collector {
 public:
  static constexpr std::size_t kManyGroups = 256;
  /// Bytes, at most, beside the sorters.
  static std::size_t memory_for(const Grouping& grouping);

  Collector(const Grouping& grouping, const Candidates& candidates, std::size_t most_inside);
  Status add_block(std::int64_t from, std::int64_t end);
  /// Whether the last block had many groups; then the table is empty.
  bool many() const { return many_; }

  GroupTable table;
  GroupSorters sorters;
  std::vector<int> widths;  ///< the longest text of each key and each operand
  DamagedRows damaged;      ///< since the last look at it

 private:
  static constexpr std::size_t kKnown = 1024;
  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Known {
    std::string bytes;
    std::size_t group = kNone;
  };
  void forget_known();
  void add(RecordView record);
  std::size_t group_of(RecordView record);
  std::size_t new_group_of(RecordView record);
  Status put_away(std::int64_t next_row);

  const Grouping* grouping_;
  const Candidates* candidates_;
  std::size_t most_inside_;
  Record copy_;
  Looker looker_;
  bool raw_ = true;  ///< bytes of the record decide all keys
  std::string raw_now_;
  std::vector<Known> known_;  ///< groups of some of these bytes
  const Known* last_ = nullptr;
  std::vector<bool> stddev_;
  std::vector<ValueLog> logs_;  ///< of the block
  std::size_t groups_ = 0;      ///< of the rows since part_
  std::int64_t part_ = 0;       ///< the row with which the table begins
  bool many_ = false;
  std::string key_, scratch_;
};

}  // namespace imreg

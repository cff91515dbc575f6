// Groups in memory, and as byte strings in the order of their keys when they are many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/aggregate.h"
#include "query/grouping.h"
#include "query/sorter.h"
#include "scan/segment.h"

namespace imreg {

/// Keys are exact: all bytes of them are compared.
class GroupTable {
 public:
  explicit GroupTable(const Grouping& grouping);

  std::size_t size() const { return rows.size(); }
  std::size_t memory() const;
  std::size_t find(std::string_view key);
  std::string_view key(std::size_t group) const { return keys_.text(static_cast<std::uint32_t>(group)); }
  Numbers* numbers_of(std::size_t group) { return numbers_.data() + group * operands_; }
  Texts* texts_of(std::size_t group) { return texts_.data() + group * operands_; }
  /// `part` stands behind this in the file.
  void merge_in(GroupTable& part);
  void clear();
  /// No rows, but the keys stay.
  void forget_rows();

  std::vector<std::int64_t> rows;  ///< of each group; 0: it is a key only

 private:
  const Grouping* grouping_;
  std::size_t operands_;
  bool has_texts_;
  index::TextPool keys_;
  std::vector<Numbers> numbers_;  ///< of all operands of a group, one behind the other
  std::vector<Texts> texts_;
  std::size_t text_memory_ = 0;
};

/// Values of one operand, as they came, of which medians are wanted.
struct ValueLog {
  std::vector<std::uint32_t> groups;
  std::vector<std::uint64_t> keys;
  void clear() { groups.clear(), keys.clear(); }
};

/// All that is known about one group.
struct GroupState {
  std::int64_t rows = 0;
  std::vector<Numbers> numbers;  ///< of each operand
  std::vector<Texts> texts;
  std::vector<std::vector<std::uint64_t>> values;  ///< those that stood in the items
  void clear(std::size_t operands);
};

/// What becomes of groups that do not stay in memory. Items of `states`: key, number of the part, state, size of the key;
/// so parts of one group are neighbours, in file order. Items of `values`, for each operand that has a median: key, value.
struct GroupSorters {
  explicit GroupSorters(const Grouping& of) : grouping(&of), values(of.operands.size()) {}
  /// The table is then empty.
  Status add(GroupTable& table, std::uint64_t part);
  /// With the values: up to `most_inside` of a group stand in its item, else all of them in `values`.
  Status add(GroupTable& table, std::uint64_t part, std::vector<ValueLog>& logs, std::size_t most_inside);
  /// Only the values.
  Status add(const GroupTable& table, std::vector<ValueLog>& logs);
  Status absorb(GroupSorters&& other);
  Status finish();

  const Grouping* grouping;
  std::unique_ptr<Sorter> states;
  std::vector<std::unique_ptr<Sorter>> values;

 private:
  Status add_value(std::size_t operand, std::string_view key, std::uint64_t value);
  std::string item_;
};

/// The key of an item of `states`.
std::string_view key_of(std::string_view item);
/// Its state, merged into those of the parts before it.
void take_state(std::string_view item, const Grouping& grouping, GroupState& state);

}  // namespace imreg

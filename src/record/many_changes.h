// Changes of any number of rows as they stand in the journal: groups of neighbouring rows that change alike, in rising order.
// A million pathnames that move are some megabytes; nobody holds them in memory, and one row is found without reading the rest.
//
//   row (8), change number (8), rows (4), bytes of the edit (4)
//   the edit: offset in the record (4), length (4), new bytes; and so on
//   the check (4) of each row as it is then
//
// The change number and the check are not in the edit: they make it differ where all else is alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"
#include "imreg/status.h"

namespace imreg {

/// A number as it stands in a journal: big-endian.
template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  store_big(bytes, value);
  out.append(bytes, sizeof bytes);
}

/// The two fields of a record that a writer fills in.
struct SealFields {
  const FieldInfo* changeno = nullptr;  ///< nullptr: it keeps no change number
  const FieldInfo* crc = nullptr;
};

/// How one row changes. The texts point into the journal, whose bytes may go while they are looked at: see JournalView.
struct RowEdit {
  std::int64_t row = 0;
  std::int64_t number = 0;  ///< of the change; above that of the row as it was
  std::string_view edit;
  std::string_view check;
};

/// The changes of one transaction, for reading.
class ManyChanges {
 public:
  /// Nothing, when they do not fit together: rows not in order or not below `rows`, an edit that leaves the record.
  static std::optional<ManyChanges> parse(std::string_view bytes, std::int64_t rows, std::int64_t record_size);

  /// The first changed row from `from` on; a very large number when there is none.
  std::int64_t next(std::int64_t from) const;
  std::optional<RowEdit> find(std::int64_t row) const;
  /// A row, as it was before this, becomes what it is then.
  void lay(const RowEdit& edit, const SealFields& seal, char* record) const;
  /// All rows in order, until `visit(edit)` returns an error. Error of its own: io.
  template <class Visit>
  Status each(const Visit& visit) const {
    std::size_t place = 0;
    while (const auto group = group_at(place)) {
      for (std::int64_t i = 0; i < group->rows; ++i) IMREG_TRY(visit(group->edit_of(i)));
      place = group->end;
    }
    return place == bytes_.size() ? Status() : Status(Code::io, "the journal can no longer be read");
  }

 private:
  struct Group {
    std::int64_t row = 0, number = 0, rows = 0;
    std::string_view edit, checks;
    std::size_t end = 0;  ///< where the next group begins
    RowEdit edit_of(std::int64_t i) const {
      return {row + i, number, edit, checks.substr(static_cast<std::size_t>(i) * 4, 4)};
    }
  };
  /// Where to begin looking for a row.
  struct Mark {
    std::int64_t row;
    std::size_t place;
  };
  std::optional<Group> group_at(std::size_t place) const;
  /// The group that holds `row`, or else the first behind it.
  std::optional<Group> group_from(std::int64_t row) const;

  std::string_view bytes_;
  std::int64_t record_size_ = 0;
  std::vector<Mark> marks_;  ///< a group each some KiB
};

/// Makes the bytes of such changes.
class ManyChangesBuilder {
 public:
  explicit ManyChangesBuilder(std::int64_t record_size) : record_size_(static_cast<std::size_t>(record_size)) {}
  /// The difference between a row and what it becomes, both with the same change number and check. To be called before
  /// add(), which is told these; once for rows that differ alike.
  void compare(const char* old, const char* fresh) { compare_part(old, fresh, 0, record_size_); }
  /// The same where only `size` bytes from `offset` on can differ.
  void compare_part(const char* old, const char* fresh, std::size_t offset, std::size_t size);
  void add(std::int64_t row, std::int64_t number, std::string_view check);
  /// What is whole; to be taken away now and then.
  std::string& bytes() { return bytes_; }
  /// The last group.
  void finish();
  /// Behind the last add(): the row that has the highest number of all.
  std::int64_t last_row() const { return last_row_; }

 private:
  std::size_t record_size_;
  std::string bytes_;
  std::string edit_;                   ///< of the rows that are added next
  std::int64_t row_ = 0, number_ = 0;  ///< of the group that grows
  std::int64_t last_row_ = -1;
  std::string group_edit_, checks_;
};

}  // namespace imreg

// Whether an index says of every row what the row says itself. Checks of pages find what rotted; this finds what is wrong
// behind a check that holds: a row that is missing, stands twice, or under another value, columns out of order, counts that
// are not those of the rows.
//
// Every column of an index is a list of (row, value) in an order of its own. Nothing is looked up: each pair becomes a hash,
// the hashes are added up, once over the rows as they stand in the file and once over the column as it stands in the index,
// and the sums must be the same. Both sides are read from end to end, and no memory grows with the rows. Only where sums
// differ it is found out which rows they are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record_file.h"
#include "scan/index_file.h"

namespace imreg::index {

/// What is wrong: with a row of the index, or with a part of it.
struct IndexFault {
  std::int64_t row = -1;   ///< -1: no single one
  std::int64_t byte = -1;  ///< in the index file
  std::string what;
};

class IndexCheck {
 public:
  /// The index as it is now. A writer may go on meanwhile: what it changes or adds from now on is left out.
  /// Errors: not_found (there is none), mismatch (no reader believes it; the message says why), corrupt, io.
  static Result<IndexCheck> open(const RecordFile& file);

  /// What some rows say: of one thread.
  class Sums {
   public:
    /// A row that is whole. `same_texts`: they are those of the row in front of it.
    void add(std::int64_t row, const char* record, bool same_texts = false);
    /// A row of which nothing is known: the index may say of it what it likes.
    void leave_out(std::int64_t row);
    void add(const Sums& others);

   private:
    friend class IndexCheck;
    explicit Sums(const IndexCheck& check);
    const IndexCheck* check_;
    /// Of a field of texts, whose values usually are those of the row before.
    struct Text {
      std::size_t column;
      const FieldInfo* field;
      std::string last;
      std::uint64_t hash = 0;
    };
    std::vector<Text> texts_;
    std::int64_t last_row_ = -2;
    std::vector<std::uint64_t> of_column_;
    std::vector<std::int64_t> left_out_;
    std::int64_t odd_ra_ = 0;  ///< rows that the bounds of ra in their segment leave out
    std::int64_t first_odd_ra_ = -1;
  };
  Sums sums() const { return Sums(*this); }

  /// Everything that is wrong, at most about `most` faults of each kind; `rows` are all rows of the file.
  std::vector<IndexFault> compare(const Sums& rows, const RecordFile& file, int jobs, std::size_t most) const;
  /// Rows that it covers, and bytes that compare() reads.
  std::int64_t covered() const;
  std::int64_t bytes() const;
  std::int64_t segments() const;

  IndexCheck(IndexCheck&&) noexcept;
  IndexCheck& operator=(IndexCheck&&) noexcept;
  ~IndexCheck();

 private:
  struct State;
  template <class Visit>
  friend struct ColumnWalk;
  explicit IndexCheck(std::unique_ptr<State> state);
  /// Which rows make the sums of a column differ.
  void locate(std::size_t column, const RecordFile& file, std::size_t most, std::vector<IndexFault>& out) const;
  std::unique_ptr<State> state_;
};

/// check_index() of a file whose rows are whole: all of the above by one thread.
Result<std::vector<IndexFault>> check_index(const RecordFile& file, std::size_t most = 1000);

}  // namespace imreg::index

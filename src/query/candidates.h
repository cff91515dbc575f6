// Rows that match as they stand in the file, unchecked: the first half of every query, by several threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "imreg/record_file.h"
#include "imreg/scan.h"

namespace imreg {

/// The same for any number of threads: sums depend on it.
constexpr std::int64_t kRowsOfBlock = 8192;

/// Which rows: those that an index or an earlier step found, or else all that the selection matches.
struct Candidates {
  const RecordFile* file;
  Selection selection;  ///< remembers answers: threads ask copies of it, such as a Looker has
  std::optional<RowSet> chosen;
};

/// One thread's way through the candidates.
class Looker {
 public:
  /// `fetched`: where in a record the bytes stand that `visit` will look at, beside those of the selection.
  explicit Looker(const Candidates& candidates, std::vector<int> fetched = {})
      : file_(candidates.file),
        chosen_(candidates.chosen ? &*candidates.chosen : nullptr),
        selection_(candidates.selection),
        size_(static_cast<std::size_t>(file_->schema().record_size)),
        fetched_(std::move(fetched)),
        scratch_(file_->make_record()) {
    // Most often nothing else is asked than that a row is not deleted: no call for each row.
    const auto& conditions = selection_.conditions();
    if (conditions.size() == 1 && conditions[0].kind == Condition::Kind::deleted)
      deleted_at_ = conditions[0].field.offset;
  }
  /// Calls visit(row, record) for the candidates among rows from..end-1, in file order, until it returns false.
  template <class Visit>
  void between(std::int64_t from, std::int64_t end, const Visit& visit) {
    if (chosen_) {
      chosen_->each(from, [&](std::int64_t row) { return row < end && visit(row, look(row)); });
    } else {
      for (std::int64_t row = from; row < end; ++row) {
        const RecordView record = look(row);
        if (matches(record) && !visit(row, record)) return;
      }
    }
  }

  /// Calls visit(records) with the places of the same records, as they stand, up to 256 at once.
  template <class Visit>
  void some_between(std::int64_t from, std::int64_t end, const Visit& visit) {
    std::array<const char*, 256> places;
    std::size_t n = 0;
    const auto give = [&] { visit(std::span<const char* const>(places.data(), std::exchange(n, 0))); };
    const auto take = [&](RecordView record) {
      places[n++] = record.bytes();
      if (n == places.size() || record.bytes() == scratch_.view().bytes()) give();  // the next one overwrites a copy
    };
    if (chosen_) {
      chosen_->each(from, [&](std::int64_t row) { return row < end && (take(look(row)), true); });
    } else {
      for (std::int64_t row = from; row < end; ++row) {
        const RecordView record = look(row);
        if (matches(record)) take(record);
      }
    }
    give();
  }

  /// Whether a checked copy of one of them is a candidate, too: a writer may have changed it between the two looks.
  bool still_matches(RecordView copy) const { return matches(copy); }

 private:
  bool matches(RecordView record) const {
    return deleted_at_ >= 0 ? record.bytes()[deleted_at_] != 'T' : selection_.matches(record);
  }
  // The record as it stands, from the map where it can be had there.
  RecordView look(std::int64_t row) {
    constexpr std::size_t kAhead = 48;  // rows between the one that is looked at and the one that is fetched
    if (row < begin_ || row >= run_.end) {
      run_ = file_->run_in_place(row);
      begin_ = row;
      if (!run_.bytes || row >= run_.end) return run_.end = row, file_->peek(row, scratch_);
    }
    const char* const bytes = run_.bytes + static_cast<std::size_t>(row - begin_) * size_;
    __builtin_prefetch(bytes + kAhead * size_);  // never faults, so it may point behind the end
    for (const int offset : fetched_) __builtin_prefetch(bytes + kAhead * size_ + offset);
    return RecordView(bytes);
  }

  const RecordFile* file_;
  const RowSet* chosen_;
  Selection selection_;  // remembers answers: each thread has its own
  int deleted_at_ = -1;  ///< where a deleted row is marked, when that is the only condition
  std::size_t size_;
  std::vector<int> fetched_;
  Record scratch_;
  RecordFile::Run run_;
  std::int64_t begin_ = 0;
};

/// Calls work(worker, from, end) for blocks of rows below `count` by up to `jobs` threads, until one fails.
/// `in_order(worker, from)`, when given, is called behind the work of each block, one at a time, in the order of the blocks.
/// Error also: no memory.
Status each_block(std::int64_t count, int jobs,
                  const std::function<Status(int worker, std::int64_t from, std::int64_t end)>& work,
                  const std::function<Status(int worker, std::int64_t from)>& in_order = {});
/// How many threads that will be.
int workers_for(std::int64_t count, int jobs);

Status no_memory();

}  // namespace imreg

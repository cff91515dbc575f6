// Rows that match as they stand in the file, unchecked: the first half of every query, by several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "imreg/record_file.h"
#include "imreg/scan.h"

namespace imreg {

/// A bit for each row of a file.
class RowBits {
 public:
  explicit RowBits(std::int64_t count) : words_(static_cast<std::size_t>(count / 64 + 1)) {}
  void set(std::int64_t row) { words_[static_cast<std::size_t>(row / 64)] |= std::uint64_t{1} << (row % 64); }
  bool test(std::int64_t row) const { return words_[static_cast<std::size_t>(row / 64)] >> (row % 64) & 1; }
  std::int64_t size() const;

 private:
  std::vector<std::uint64_t> words_;
};

/// Which rows: those that a selection matches, or those that an earlier step chose among them.
struct Candidates {
  const RecordFile* file;
  Selection selection;
  std::optional<RowBits> chosen;
};

/// One thread's way through the candidates.
class Looker {
 public:
  explicit Looker(const Candidates& candidates)
      : candidates_(&candidates), selection_(candidates.selection), scratch_(candidates.file->make_record()) {}
  /// Calls visit(row, record) for the candidates among rows from..end-1, in file order, until it returns false.
  template <class Visit>
  void between(std::int64_t from, std::int64_t end, const Visit& visit) {
    constexpr std::size_t kAhead = 16;  // rows between the one that is looked at and the one that is fetched
    const RecordFile& file = *candidates_->file;
    const auto size = static_cast<std::size_t>(file.schema().record_size);
    for (std::int64_t row = from; row < end; ++row) {
      const RecordFile::Run run = file.run_in_place(row);
      for (const char* bytes = run.bytes; row < std::min(run.end, end); ++row, bytes += size) {
        __builtin_prefetch(bytes + kAhead * size);  // never faults, so it may point behind the end
        if (wanted(row, RecordView(bytes)) && !visit(row, RecordView(bytes))) return;
      }
      if (row >= end) return;
      const RecordView record = file.peek(row, scratch_);
      if (wanted(row, record) && !visit(row, record)) return;
    }
  }
  bool wanted(std::int64_t row, RecordView record) const {
    return candidates_->chosen ? candidates_->chosen->test(row) : selection_.matches(record);
  }

 private:
  const Candidates* candidates_;
  Selection selection_;  // remembers answers: each thread has its own
  Record scratch_;
};

/// Calls work(worker, from, end) for blocks of rows below `count` by up to `jobs` threads, until one fails. `in_order(worker)`,
/// when given, is called behind the work of each block, one at a time, in the order of the blocks. Error also: no memory.
Status each_block(std::int64_t count, int jobs,
                  const std::function<Status(int worker, std::int64_t from, std::int64_t end)>& work,
                  const std::function<Status(int worker)>& in_order = {});
/// How many threads that will be.
int workers_for(std::int64_t count, int jobs);

Status no_memory();

}  // namespace imreg

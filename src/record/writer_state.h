// The inside of RecordWriter: what its steps share. The order of the steps is the protocol of man 5 imreg-record; each was
// found by taking it away and losing rows (src/record/README.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/lock.h"
#include "record/record_state.h"

namespace imreg {

/// A longer journal is emptied after the commit that made it so: readers look through it when they open.
constexpr std::int64_t kLongJournal = 4 << 20;

/// Without a commit nothing of what was added to a journal stays.
struct DropAdded {
  Journal& journal;
  ~DropAdded() { journal.drop_added(); }
};

struct RecordWriter::State {
  Options options;
  WriterLock lock;
  File file;
  RecordFile view;
  std::optional<Journal> journal;
  std::vector<std::string> notes;
  bool index_dropped = false;
  bool appended = false;         ///< this writer has appended before
  std::int64_t written_end = 0;  ///< up to here its blocks have been written
  Status failure;                ///< of a write or sync: what the disk holds is not known, so nothing more is written

  explicit State(RecordFile opened) : view(std::move(opened)) {}
  RecordFile::State& seen() { return *view.state_; }

  Status refuse_if_broken() const;
  Status refuse_part_of_record(std::string_view rows);
  /// What the lock says after a clean end.
  std::string clean_state();

  /// Room for so many rows in all.
  Status make_room(std::int64_t rows);
  Status open_journal();
  /// An index that nobody keeps up would be wrong; it can be made again.
  void drop_unkept_index();

  /// Change number and CRC of a record at its final row.
  void seal(char* bytes, std::int64_t row, std::int64_t change_number);
  void seal_all(std::string& rows, std::int64_t first, std::int64_t change_number);

  Status write_counts();
  Status write_state();
  /// What stands in the journal, in place.
  Status write_transaction(const Transaction& transaction);
  /// The same of many rows. `doubtful`: some of them may hold it, or something newer, already. Whether a row did not.
  Result<bool> write_many(const ManyChanges& changes, bool doubtful);

  /// Changes of many rows go to the journal when they are so many that a write is worth it, or `all`.
  Status add_to_journal(ManyChangesBuilder& builder, bool all = false);
  /// The last of them, their commit, and the rows in place.
  Status commit_added(ManyChangesBuilder& builder, std::int64_t number, const CommitSteps& steps);

  /// What stands in the journal only is read from there: it could not be written in place.
  void show_journal();
  /// A new generation of the journal, when it holds something.
  Status checkpoint();

  /// The last writer died: replay, extend, sync, set aside, zero, sync, count. In this order.
  Status recover();
  /// What is not in place yet. Whether there was something.
  Result<bool> replay(const Transaction& transaction);
  /// Good rows behind row `from`, up to this byte of the file.
  Status set_aside(std::int64_t from, std::int64_t end);
  /// Error: corrupt, when whole transactions behind a damaged one would be lost.
  Status keep_behind_damage(const JournalView& pending);
  Result<bool> is_in_place(const Transaction& transaction);
};

}  // namespace imreg

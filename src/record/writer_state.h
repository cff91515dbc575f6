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

  /// The last writer died: replay, extend, sync, set aside, zero, sync, count. In this order.
  Status recover();
  Status set_aside(std::int64_t from);
};

}  // namespace imreg

// The inside of RecordFile, which RecordWriter shares: one view of the records, the journal laid over it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "imreg/record_file.h"
#include "os/file.h"
#include "os/map.h"
#include "record/container.h"
#include "record/journal.h"

namespace imreg {

/// The check of one record: CRC-32C over UUID, row number (64 bits, big-endian), and the record with its CRC field 0.
std::uint32_t record_crc(const Uuid& uuid, std::int64_t row, const char* bytes, std::int64_t size, int crc_offset);

/// The same where the record is the caller's: its CRC field becomes 0. One run of bytes is checked in half the time of the
/// two beside it.
std::uint32_t record_crc_of_copy(const Uuid& uuid, std::int64_t row, char* bytes, std::size_t size, int crc_offset);

/// When the file and its journal were last written, and how large they were.
struct RecordFile::Written {
  std::vector<std::int64_t> what;
  std::int64_t when = 0;  ///< nanoseconds since 1970
  bool operator==(const Written&) const = default;
};

/// A later look at the file, of which rows are taken that are not whole in the first one.
struct RecordFile::Later {
  Written written;
  bool sure;                     ///< while `written` stays as it is, a row that is not whole in it is damaged
  std::unique_ptr<State> state;  ///< nothing: it cannot be opened, or is another file
};

struct RecordFile::State {
  enum class Who {
    reader,   ///< looks past NAXIS2 only while nobody holds the lock
    owner,    ///< holds the lock
    recovery  ///< holds the lock, and does not believe the journal's hint
  };

  Who who = Who::reader;
  std::string path;
  std::string base;  ///< the path without symbolic links: lock and journal stand beside it
  File file;
  Container container;
  const FieldInfo* crc = nullptr;       ///< nullptr: records without a check (files of others)
  const FieldInfo* changeno = nullptr;  ///< where a record keeps the number of its last change; nullptr: nowhere
  Map map;
  std::int64_t count = 0;
  bool counted_by_rows = false;  ///< the cards that say it are torn
  std::int64_t generation = 0;   ///< of the journal; -1 when its cards are torn
  std::int64_t change_number = 0;
  JournalView journal;                    ///< what is committed and not yet in the file
  std::vector<Change> pieces;             ///< of `journal`, by row, older first; added rows are pieces too
  std::vector<const Transaction*> large;  ///< of `journal`, those of many rows

  mutable std::mutex mutex;
  mutable std::shared_ptr<const Later> later;

  static Result<std::unique_ptr<State>> open(const std::string& path, Who who);

  SealFields seal() const { return {changeno, crc}; }
  std::int64_t record_size() const { return container.schema->record_size; }
  std::int64_t place_of(std::int64_t row) const { return container.data_offset + row * record_size(); }
  /// Rows for which the file has room.
  std::int64_t capacity() const { return (map.size() - container.data_offset) / record_size(); }
  Status remap();

  RecordView peek(std::int64_t row, Record& scratch) const;
  /// The first row from `from` on, below count, that the journal changes; else count.
  std::int64_t next_pending(std::int64_t from) const;
  /// A copy of the row, and whether it is good.
  bool copy_row(std::int64_t row, Record& copy) const;
  bool crc_holds(std::int64_t row, const char* bytes) const;
  /// The same of a copy that is ours.
  bool copy_holds(std::int64_t row, Record& copy) const;
  /// The last change that a row holds by its own word; -1 when it is not whole. A row may be newer than the journal's
  /// transactions when one of these has rotted: then nothing older is laid over it.
  std::int64_t change_of(std::int64_t row, const char* bytes) const;
  /// After a few looks at something that is not whole: no other process is changing it right now. Asked before a look and
  /// after it: a writer that was at work then may have gone by now.
  bool nobody_writes(int look) const;
  Written last_written() const;
  /// The file as it is now: opened again only when it was written since the last time.
  std::shared_ptr<const Later> look_anew() const;
  /// The number of rows, from `from` on, whose CRC holds without a gap.
  std::int64_t valid_until(std::int64_t from) const;

 private:
  Status read_counts();
  Status count_without_cards(std::int64_t said);
  bool no_row_is_whole() const;
  Status lay_over_journal();
  Status map_rows();
  std::vector<Change>::const_iterator first_piece(std::int64_t from) const;
  std::vector<Change>::const_iterator pieces_of(std::int64_t row) const;
  void lay_pieces(std::int64_t row, char* bytes) const;
};

}  // namespace imreg

// Record files: fixed-length records behind a FITS header, memory-mapped for reading, written with one sync per durable
// operation. man 5 imreg-record tells the layout and the protocol; src/record/README.md the reasons.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"
#include "imreg/status.h"

namespace imreg {

class IoObserver;

/// A record file as it is at one moment; any number of readers, beside one writer. Never writes, needs no permission to.
///
/// Opens native files (also while they are written), Elixir databases (v1, v2, v3), and any FITS file whose first binary
/// table has rows of fixed length.
class RecordFile {
 public:
  /// Errors: not_found, io, invalid (not a table of fixed records), corrupt (damaged or truncated: the message says where),
  /// mismatch (a version or layout that this library does not know; a journal of a newer life of the file).
  static Result<RecordFile> open(const std::string& path);
  /// The same as its next writer will find it: where a writer was killed, with the rows that it had written and not yet counted.
  static Result<RecordFile> open_as_left(const std::string& path);

  const std::string& path() const;
  const Schema& schema() const;
  /// Rows that are committed, deleted ones included.
  std::int64_t count() const;
  /// True for files in our own format, the only ones that can be written.
  bool is_native() const;
  /// What the file says about itself: together they tell whether what somebody learnt from its rows is still true.
  std::string uuid() const;
  std::int64_t change_number() const;

  /// Rows may be read by several threads. What peek() and run_in_place() give lives as long as this object and, of a
  /// writer's file(), until the next append, commit or trim.
  /// A row for predicates: not copied, not checked; a writer may be changing it. Row numbers are from 0, below count().
  /// `scratch` holds the row when it does not stand in the file as it is (a change that is only in the journal).
  RecordView peek(std::int64_t row, Record& scratch) const;
  /// Rows from..end-1 as they stand in the file, one behind the other; empty when peek() must be asked for row `from`.
  struct Run {
    const char* bytes = nullptr;
    std::int64_t end = 0;
  };
  Run run_in_place(std::int64_t from) const;
  /// A row to be returned: copied, its CRC checked, old or new but never mixed. Error: corrupt, with file and record.
  Status read(std::int64_t row, Record& copy) const;
  /// The same for a row far away from those that were looked at last: a read costs less than the fault of a page.
  Status read_far(std::int64_t row, Record& copy) const;
  /// The rows that were changed after change number `since`, in order, if the journal goes back so far. It may name some too
  /// many. Error: io.
  Result<std::optional<std::vector<std::int64_t>>> changed_rows(std::int64_t since) const;
  /// An empty record of the right size for read() and peek().
  Record make_record() const { return Record(static_cast<std::size_t>(schema().record_size)); }

  RecordFile(RecordFile&&) noexcept;
  RecordFile& operator=(RecordFile&&) noexcept;
  ~RecordFile();

 private:
  static Result<RecordFile> open(const std::string& path, bool as_left);
  friend class RecordWriter;
  struct State;
  struct Written;
  struct Later;
  explicit RecordFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// New content of one existing row.
struct RowChange {
  std::int64_t row;
  std::string bytes;  ///< the whole record; CRC and change number are filled in
};

/// The first row from `from` on that is to be looked at; the file's count, or more, when there is none.
using NextRow = std::function<std::int64_t(std::int64_t from)>;

/// What a field of the rows first..first+rows-1, which all have the value `old` (the field's bytes), becomes: as many bytes,
/// that live until the next call; none: it stays. May lower `rows` when those behind become something else.
using FieldEdit = std::function<Result<std::string_view>(std::int64_t first, std::int64_t& rows, std::string_view old)>;

/// What else happens at the steps of a change.
struct CommitSteps {
  /// All changes have come, and with the commit the file's change number becomes this one: what must be durable before it (a
  /// history). Its error ends the step, and nothing has changed.
  std::function<Status(std::int64_t change_number)> ready;
  /// Durable: what follows is only that the rows are written in place.
  std::function<void()> committed;
  /// Of change_field, before that: the field of these rows, which has been `old` in all, will be `fresh`.
  std::function<void(std::int64_t first, std::int64_t rows, std::string_view old, std::string_view fresh)> change = {};
};

/// Rows of another copy of the same file, for a copy that follows it.
struct SealedRows {
  std::int64_t changed = 0;        ///< of rows that are there
  std::int64_t added = 0;          ///< behind the last one
  std::int64_t change_number = 0;  ///< that the copy reaches with them
  /// Calls visit(row, bytes) for each of these rows in order; every time the same.
  using Visit = std::function<Status(std::int64_t row, std::string_view bytes)>;
  std::function<Status(const Visit& visit)> each;
};

/// Somebody who keeps what follows from the rows (an index) while they are written; calls come from the writer's thread.
class RowFollower {
 public:
  virtual ~RowFollower() = default;
  /// Before a commit: these rows will change, and the file's change number becomes `change_number`; or nothing happens.
  /// Before an append, too: without changes, and the number stays.
  virtual void before(const RecordFile& file, const std::vector<RowChange>& changes, std::int64_t change_number) = 0;
  /// Before the before() of a commit of many rows, whose changes it does not have: each of them. It may be that no commit
  /// follows.
  virtual void collect(const RecordFile& file, const RowChange& change) = 0;
  /// The same of the rows from..end-1, of which nothing changes but this field.
  virtual void collect(const RecordFile& file, const FieldInfo& field, std::int64_t from, std::int64_t end) = 0;
  /// Behind an append or a commit that returned ok.
  virtual void after(const RecordFile& file) = 0;
};

/// The one writer of a native file. Holds the lock from open() to close().
class RecordWriter {
 public:
  struct Options {
    std::string program = "imreg";    ///< named to others who wait for the lock
    double wait_seconds = 10;         ///< how long to wait for the lock
    bool on_network = false;          ///< write on a network file system too, where other hosts may not see the lock
    IoObserver* observer = nullptr;   ///< tests: sees and fails file operations
    RowFollower* follower = nullptr;  ///< keeps the index (IndexKeeper); without one the first change removes X.db.idx
    std::string like = {};  ///< of a new file: one whose permissions, and owner if that may be, the new one gets
  };

  /// Makes a new, empty file in one step; an existing one is left alone (error: invalid). The schema needs the field crc (u32).
  static Status create(const std::string& path, const Schema& schema, const Options& options);

  /// Takes the lock and brings the file in order if its last writer died.
  /// Errors: those of RecordFile::open, busy, io, invalid (not a native file: convert it first).
  static Result<RecordWriter> open(const std::string& path, const Options& options);
  /// open(), of a new file where there is none; others may make it at the same moment. Errors: those of both; not_found: its folder.
  static Result<RecordWriter> open_or_create(const std::string& path, const Schema& schema, const Options& options);

  /// The file with everything that was written so far.
  const RecordFile& file() const;
  /// What recovery found and did when the lock was taken: one sentence each, usually none.
  const std::vector<std::string>& notes() const;

  /// Adds rows (a whole number of records); on ok they survive power loss. All of them, or a prefix after a crash.
  Status append(std::string rows);
  /// Changes rows and adds rows as one step, all or nothing; on ok it survives power loss.
  Status commit(const std::vector<RowChange>& changes, std::string added = {}, const CommitSteps& steps = {});
  /// Changes any number of rows as one step, all or nothing, in memory that does not grow with their number. `next` gives
  /// one after the other, in the order of rows, each row once, and false behind the last; its error ends the step, and
  /// nothing has changed. The RowChange is the one of the last call, so that its memory is used again.
  /// The journal, which may be large then, is emptied by checkpoint(), or by a later commit.
  Status commit_many(const std::function<Result<bool>(RowChange&)>& next, const CommitSteps& steps = {});
  /// The same where one field of the rows that `next` gives (none: of all) changes, and nothing else: some times faster. `edit`
  /// is called in the order of rows, for neighbours with the same value at once. A row that is damaged is changed, too, and
  /// stays damaged: reading it fails as before.
  Status change_field(const FieldInfo& field, const NextRow& next, const FieldEdit& edit,
                      const CommitSteps& steps = {});
  /// Takes over rows as they are, checks and change numbers too, as one step, all or nothing. The caller has checked that
  /// they are sealed for this file's UUID and their row.
  Status replicate(const SealedRows& rows);
  /// Gives the preallocated room back: the file is then strict FITS without dead bytes.
  Status trim();
  /// Makes every change part of the file itself and empties the journal.
  Status checkpoint();
  /// Leaves the lock. Destruction does the same.
  void close();

  RecordWriter(RecordWriter&&) noexcept;
  RecordWriter& operator=(RecordWriter&&) noexcept;
  ~RecordWriter();

 private:
  struct State;
  explicit RecordWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace imreg

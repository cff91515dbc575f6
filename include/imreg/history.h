// What bulk changes did to a database, kept beside it in X.db.history so that they can be read about and undone.
// man 5 imreg-history.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/record_file.h"
#include "imreg/status.h"

namespace imreg {

/// One bulk change, as X.db.history tells of it.
struct BulkChange {
  /// The words of field `kind` (formats/history.fmt).
  enum class Kind : std::uint8_t { part, relocate, modify, remove, register_, root, undo, compact, move, unlink };
  std::int64_t id = 0;  ///< from 1, in the order in which they were done
  Kind kind = Kind::relocate;
  double time = 0;          ///< seconds since 1970-01-01 UTC
  std::int64_t number = 0;  ///< change number that the rows got
  std::int64_t rows = 0;    ///< that changed; of `compact`: that went
  std::int64_t undoes = 0;  ///< the change that this one takes back
  std::string uuid;         ///< of the database
  std::string program, user, host;
  std::string command;         ///< what was asked for; as printable ASCII, and cut, when it was read from the file
  bool done = true;            ///< false: the machine stopped before the rows were changed
  std::int64_t undone_by = 0;  ///< a later change took it back

  std::int64_t record = 0, parts = 0;  ///< where it stands in X.db.history
  bool in_force() const { return done && undone_by == 0; }
};
/// Its word in the file and in reports.
std::string_view word_of(BulkChange::Kind kind);

/// A field of a row before and behind a change: its bytes in the record, without the NULs at their end.
struct FieldChange {
  std::string field;  ///< or "$NAME", of a path root
  std::string before, after;
  bool operator==(const FieldChange&) const = default;
};
using Difference = std::vector<FieldChange>;

/// Writes about one bulk change while it is made. The caller holds the writer's lock of the database.
class HistoryWriter {
 public:
  struct Options {
    double wait_seconds = 10;
    bool on_network = false;
    IoObserver* observer = nullptr;
  };
  /// `about`: kind, program, command, undoes. Errors: those of RecordWriter::open of X.db.history.
  static Result<HistoryWriter> begin(const RecordFile& file, BulkChange about, const Options& options);

  /// Row `row` becomes `fresh`: rows in rising order. Trouble is told by ready().
  void row(std::int64_t row, RecordView old, RecordView fresh);
  /// Rows row..row+count-1 change alike.
  void rows(std::int64_t row, std::int64_t count, const Difference& difference);
  /// Something that is in no row.
  void other(const Difference& difference);
  /// All of it is durable when it returns ok, before anything changed. Errors: io, and what was wrong before.
  Status ready(std::int64_t change_number);
  /// Known behind ready().
  const BulkChange& about() const;

  HistoryWriter(HistoryWriter&&) noexcept;
  HistoryWriter& operator=(HistoryWriter&&) noexcept;
  ~HistoryWriter();

 private:
  struct State;
  explicit HistoryWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The history of a database. Reading needs no permission to write and no lock.
class History {
 public:
  /// None when there is no X.db.history. Errors: those of RecordFile::open, corrupt.
  static Result<History> load(const RecordFile& file);

  /// Oldest first; compactions too.
  const std::vector<BulkChange>& changes() const;
  /// Records of it that are damaged: changes may be missing.
  std::int64_t damaged() const;
  /// What was asked for, whole: `command` of a change has its first 77 bytes. Error: corrupt.
  Result<std::string> command_of(const BulkChange& change) const;
  /// The n-th of those that are in force and can be undone, the newest is 1. Error: not_found, with how many there are.
  Result<BulkChange> newest(std::int64_t n) const;

  /// Where the rows of a change are now: visit(row, difference), row in rising order. Rows that a compaction took away are
  /// counted in `gone`. Row -1: something that is in no row. Errors: corrupt (a record of the history is damaged), mismatch
  /// (the database was restored or repaired since: row numbers mean nothing), what `visit` gives.
  using Visit = std::function<Status(std::int64_t row, const Difference& difference)>;
  Status each(const BulkChange& change, std::int64_t& gone, const Visit& visit) const;

  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

 private:
  struct State;
  explicit History(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Looks at what an X.db.history holds beyond its records' own checks: each head has its parts behind it, and these are the details
/// of as many rows as it says. wrong(record, what). Error: io.
Status check_history(const RecordFile& file,
                     const std::function<void(std::int64_t record, const std::string& what)>& wrong);

/// A file that takes the place of another: its rows are those of the old one, in order, but for some that went.
struct Succession {
  std::string old_uuid, new_uuid;
  std::int64_t change_number = 0;                           ///< of the old one
  std::vector<std::pair<std::int64_t, std::int64_t>> went;  ///< first row and how many, in the old file
};
/// Tells X.db.history beside `file`, so that changes made before can still be undone; to be called before the new file takes the
/// name. Nothing is written when there is no history. Errors: those of HistoryWriter.
Status note_succession(const RecordFile& file, const Succession& succession, const std::string& program,
                       const HistoryWriter::Options& options);

}  // namespace imreg

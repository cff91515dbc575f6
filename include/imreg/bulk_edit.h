// Many rows of a registration database changed as one step: planned first, with all that speaks against it; then done, logged in
// X.db.history, and the index kept. What imrelocate, imsearch -modify and -delete, and undo are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "imreg/history.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "imreg/scan.h"
#include "imreg/status.h"

namespace imreg {

class PathRoots;

/// What becomes of a row.
enum class Edited : std::uint8_t {
  unchanged,
  changed,
  kept  ///< it ought to change and must not: somebody else changed it meanwhile
};

/// A way to change rows. Called from one thread; each row up to three times, and it says the same each time.
class RowEditor {
 public:
  virtual ~RowEditor() = default;
  /// The rows that may change, perhaps more.
  virtual Result<RowSet> rows(const RecordFile& file) = 0;
  /// `record` is the row, and becomes what it shall be. Error invalid: that cannot be, with the reason.
  virtual Result<Edited> edit(std::int64_t row, Record& record) = 0;
  /// Once for each row that rows() gives, in order, directly behind its edit(): to count, to keep examples.
  virtual void planned(std::int64_t /*row*/, RecordView /*old*/, RecordView /*fresh*/, const Result<Edited>& /*what*/) {
  }
  /// True: to plan this row is to do again what was done with the last one, for the same reasons; planned() is not called for it,
  /// and its name, extension and slice stay. Spares a million rows in a few folders their copies.
  virtual bool repeats(RecordView /*row*/) { return false; }
  /// Behind the plan: the one field that changes, when what it becomes follows from what it was (and from the row, as far as
  /// alike_until() tells); rows are then changed without reading them whole, which is many times faster. nullptr: more
  /// changes, or it depends on more.
  virtual const FieldInfo* only_field(const Schema& /*schema*/) const { return nullptr; }
  /// With only_field(), behind edit() of `row`: rows up to this one become the same when they were the same.
  virtual std::int64_t alike_until(std::int64_t /*row*/) { return std::numeric_limits<std::int64_t>::max(); }
  /// The plan is complete. False: something else speaks against it, which the editor tells.
  virtual bool agrees() { return true; }
};

/// What became, or would become, of the rows.
struct BulkEditReport {
  static constexpr std::size_t kMostNamed = 10;
  std::int64_t rows = 0;                 ///< change
  std::int64_t kept = 0;                 ///< rows whose edit() says so
  std::vector<Status> first_kept;        ///< with file and record
  std::int64_t refused = 0;              ///< rows that cannot be what they shall be
  std::vector<Status> first_refused;     ///< with file and record
  std::int64_t collisions = 0;           ///< rows that would get the key of another one
  std::vector<Status> first_collisions;  ///< with file and record
  DamagedRows damaged;                   ///< still damaged
  std::vector<std::string> notes;        ///< what recovery did; why the index could not be kept
  bool vetoed = false;                   ///< RowEditor::agrees()
  bool done = false;                     ///< the rows are changed, durably
  BulkChange change;                     ///< when done: as it stands in the history
  bool index_wants_merge = false;        ///< IndexKeeper::wants_merge(): merge_index_of() beside other writers
  double plan_seconds = 0, seconds = 0;

  bool in_order() const { return refused == 0 && collisions == 0 && !vetoed; }
};

struct BulkEditOptions {
  std::string database;
  bool go = false;           ///< else a rehearsal, which needs no lock
  double wait_seconds = 10;  ///< for the lock
  bool on_network = false;
  IoObserver* observer = nullptr;                                 ///< tests: sees and fails file operations
  std::function<void(std::int64_t, std::int64_t)> progress = {};  ///< rows looked at and changed, and of how many
};

/// Makes the editor when the database is open (for writing, under its lock, when it goes).
using MakeEditor = std::function<Result<std::unique_ptr<RowEditor>>(const RecordFile& file, const PathRoots& roots)>;

/// Changes rows, or tells what it would do. Nothing is changed when the plan is not in order. `about`: kind, program, command,
/// undoes; read behind `make`, which may complete it. Errors: those of RecordWriter::open, commit_many, HistoryWriter, `make` and rows(); invalid (not a registration database).
Result<BulkEditReport> edit_rows(const BulkEditOptions& options, const BulkChange& about, const MakeEditor& make);

/// What speaks against it, and what was left out; a line each.
std::string edit_troubles(const BulkEditReport& report);
/// The last line: what was or would be done, and how to do it or take it back.
struct EditWords {
  const char *done = "changed", *would = "would change", *how = "-go does it";
};
std::string edit_outcome(const BulkEditReport& report, bool in_order, const EditWords& words = {});
/// "1000000 rows in 0.51 s (1.96 million rows/s), planned in 0.11 s"
std::string edit_rate(const BulkEditReport& report);
/// Members of a JSON object, without its braces.
std::string edit_json(const BulkEditReport& report, const BulkEditOptions& options);

/// The merge that BulkEditReport::index_wants_merge asks for: it may take seconds, rows can be registered meanwhile.
Status merge_index_of(const BulkEditOptions& options);

/// imsearch -modify and -delete: rows that its filters find. Fields: path, mode, type, filter, dist.
struct ModifyRequest {
  std::string field, value;  ///< words as the filters take them
  bool remove = false;       ///< instead: mark as deleted
  std::string command;       ///< for the history
};
/// Errors: those of edit_rows; invalid (a field or a value that makes no sense).
Result<BulkEditReport> modify_rows(const SearchOptions& search, const ModifyRequest& request,
                                   const BulkEditOptions& options);
std::string modify_text(const BulkEditReport& report, const ModifyRequest& request);

}  // namespace imreg

// One record file of a database and its copy: what differs is looked for beside the writers, held apart, and taken over in
// one step when it is a state that the file was in.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "imreg/backup.h"
#include "imreg/index.h"
#include "os/lock.h"
#include "record/journal.h"
#include "record/new_file.h"
#include "upkeep/steps.h"

namespace imreg {

/// Rows that wait until all of them are known: in a file without a name, each at its place, so that a row that changes again
/// takes the place of what it was.
class HeldRows {
 public:
  static Result<HeldRows> create(const std::string& folder, std::int64_t row_size, IoObserver* observer);
  Status put(std::int64_t row, std::string_view bytes);
  bool has(std::int64_t row) const { return row < std::ssize(held_) && held_[static_cast<std::size_t>(row)]; }
  std::int64_t count() const { return count_; }
  Status read(std::int64_t row, char* to);
  Status each(const SealedRows::Visit& visit);

 private:
  std::unique_ptr<File> file_;
  std::unique_ptr<WriteBehind> out_;
  std::int64_t row_size_ = 0, count_ = 0;
  std::vector<bool> held_;
};

class TableCopy {
 public:
  /// `from` is copied to `to`. Errors: those of opening both; mismatch (they are not the same file any more), invalid.
  static Result<std::unique_ptr<TableCopy>> open(const std::string& from, const std::string& to,
                                                 const BackupOptions& options, BackupReport& report, Steps& steps);

  /// The first look: every row, held against the copy. Errors: io; corrupt: records of `from` are damaged, and the caller
  /// has not said to go on.
  Status look_at_all();
  /// Looks at what has changed since the last look. True: what is known now is a state that the file was in, and that will
  /// not be taken back.
  Result<bool> look_again();
  /// The same while writers wait, for whom nothing is left to do but the last few rows.
  Status look_locked();
  /// Writes it all, in one step.
  Status write();

  std::int64_t rows() const { return rows_; }
  bool makes_anew() const { return make_anew_; }
  const std::string& path() const { return to_; }
  ~TableCopy();

 private:
  TableCopy(std::string from, std::string to, const BackupOptions& options, BackupReport& report, Steps& steps)
      : from_(std::move(from)), to_(std::move(to)), options_(options), report_(report), steps_(steps) {}
  Status open_copy();
  Status take(const RecordFile& now, std::int64_t row, bool first);
  Status look();
  Status take_changed(const RecordFile& now);
  Status hold(std::int64_t row, std::string_view bytes);
  Status write_anew();
  Status finish_copy();
  const RecordFile* copy() const;

  std::string from_, to_;
  const BackupOptions& options_;
  BackupReport& report_;
  Steps& steps_;
  std::optional<RecordFile> source_;
  std::optional<RecordFile> copy_;  ///< as it is; nothing: there is none, or it does not count
  std::unique_ptr<IndexKeeper> keeper_;
  std::optional<RecordWriter> writer_;
  std::optional<WriterLock> lock_;  ///< where there is no copy yet
  bool make_anew_ = false;
  std::optional<HeldRows> held_;
  std::optional<NewRecordFile> anew_;
  std::optional<Field<std::int64_t>> changeno_;
  std::int64_t rows_ = 0, change_number_ = 0;  ///< that are known
  Record row_ = Record(std::size_t{0}), other_ = row_;
};

}  // namespace imreg

// New files out of old ones: a database without its deleted rows, a copy of it that follows, and a database out of the copy.
// man 1 imbackup.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/record_file.h"
#include "imreg/status.h"

namespace imreg {

/// How far long work is: bytes or rows.
using OnProgress = std::function<void(std::int64_t done, std::int64_t all)>;

struct CompactOptions {
  std::string program = "imreg";  ///< named to others who wait for the lock
  double wait_seconds = 10;       ///< how long to wait for the lock
  bool on_network = false;        ///< as RecordWriter::Options
  IoObserver* observer = nullptr;
  /// For those who keep row numbers: rows from..from+count-1 of the old file are rows to..to+count-1 of the new one, told in
  /// order, under the lock, before the new file takes the place of the old one. Others are gone.
  std::function<void(std::int64_t from, std::int64_t to, std::int64_t count)> moved;
  OnProgress progress;  ///< bytes of rows that are looked at, copied and indexed
};

struct CompactReport {
  std::int64_t rows = 0;     ///< that stay
  std::int64_t removed = 0;  ///< that were marked as deleted; 0: the file is as it was
  std::int64_t bytes_before = 0, bytes_after = 0;
  std::string old_uuid, new_uuid;
  std::vector<std::string> notes;  ///< what recovery did, and what became of the index
};

/// Takes the rows that are marked as deleted out of a database: a new file, with another UUID, in one step. Readers that have
/// the old one open go on with it; writers wait. Errors: those of RecordWriter::open, io; corrupt: a row is damaged, and
/// nothing is done.
Result<CompactReport> compact_database(const std::string& path, const CompactOptions& options = {});

struct BackupOptions {
  std::string database;
  std::string destination;  ///< a folder, made when its own folder is there; the copy in it is called Imreg.db
  bool full = false;        ///< everything anew; needed where the copy is of another file (restored, compacted)
  bool damaged = false;     ///< copy although records are damaged: such a row stays as the copy has it
  bool dry_run = false;     ///< look, and write nothing
  std::string program = "imbackup";
  double wait_seconds = 10;  ///< for the lock of the copy, and of a database that does not come to rest
  bool on_network = false;
  IoObserver* observer = nullptr;
  OnProgress progress;  ///< rows
};

struct BackupReport {
  Status failure;    ///< ok: the copy is whole, and a state that the database was in
  std::string path;  ///< of the copy
  bool full = false;
  std::int64_t rows = 0, added = 0, changed = 0;  ///< of all tables
  std::int64_t mended = 0;                        ///< of these: rows of the copy that had rotted
  std::int64_t tables = 0, files_copied = 0, files_removed = 0;
  std::int64_t looks = 0;       ///< at what had changed meanwhile
  double locked_seconds = 0;    ///< for how long writers had to wait at most; 0: not at all
  std::vector<Status> damaged;  ///< records of the database, the first 1,000
  std::int64_t damaged_rows = 0;
  std::vector<std::string> notes;
};

/// Brings a copy of a database up to date: only what is new or changed is written, as one step for each of its files.
/// Whenever it stops, the copy is what it was or what it shall be. Writers go on meanwhile.
BackupReport back_up(const BackupOptions& options);

struct RestoreOptions {
  std::string backup;    ///< the folder, or its Imreg.db
  std::string database;  ///< the new one; it must not be there
  bool damaged = false;  ///< leave damaged records out
  std::string program = "imbackup";
  double wait_seconds = 10;
  bool on_network = false;
  IoObserver* observer = nullptr;
  OnProgress progress;
};

struct RestoreReport {
  Status failure;
  std::string path;
  std::int64_t rows = 0, tables = 0, files_copied = 0;
  std::vector<Status> damaged;
  std::int64_t damaged_rows = 0;
  std::vector<std::string> notes;
};

/// A new database out of a copy, with an identity of its own: journals and indexes of the old one do not fit it.
RestoreReport restore_database(const RestoreOptions& options);

/// Reports for people, and as one JSON object in a line.
std::string report_text(const BackupReport& report, bool dry_run);
std::string report_json(const BackupReport& report);
std::string report_text(const RestoreReport& report);
std::string report_json(const RestoreReport& report);

}  // namespace imreg

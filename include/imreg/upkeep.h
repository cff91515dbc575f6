// Upkeep of a database: whether it is whole, what it is, and new files made out of old ones. man 1 imcheck.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg {

/// One thing that was found, in one of the files of a database.
struct Finding {
  enum class Kind {
    damage,   ///< something is lost or wrong
    warning,  ///< it can be as it is, and somebody should look
    note      ///< good to know
  };
  Kind kind = Kind::damage;
  std::string file;
  std::int64_t record = -1;  ///< from 0; -1: not about one record
  std::int64_t byte = -1;    ///< in the file; -1: not about one place
  std::string what;          ///< what is wrong; what to do
};

struct CheckOptions {
  int jobs = 0;  ///< threads; 0: one for each processor
  /// Bytes that are looked at by now, and all of them. Called by the thread that called.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
  /// A folder as a row has it ($NAME/rest) to the whole one: two rows are the same image when these are the same. What it
  /// leaves with its $NAME is a warning.
  std::function<std::string(std::string_view folder)> expand;
  /// What is said to do about a damaged row.
  std::string remedy = "save the others with imcheck -repair, and register this image again";
};

struct CheckReport {
  static constexpr std::size_t kMostNamed = 1000;
  std::string path;
  std::vector<Finding> findings;  ///< damage first, in order of records; the first kMostNamed
  std::int64_t damages = 0;       ///< all, named or not
  std::int64_t warnings = 0;
  std::int64_t rows = 0;
  std::int64_t deleted = 0;
  std::int64_t indexed = 0;  ///< rows that the index was compared with
  std::int64_t bytes = 0;    ///< that were looked at
  double seconds = 0;
  bool whole() const { return damages == 0; }
  /// Damage or a warning about a file beside it that somebody else has read; ok: nothing.
  void add(Finding::Kind kind, const Status& status);
  /// Damage and warnings of a table beside it.
  void add(CheckReport beside);
};

/// Looks at every byte of a database and of the files beside it. Never writes, never waits for a writer and never holds one
/// up; what a writer changes meanwhile is no damage. Errors: not_found, io, invalid (not a database at all); damage is in
/// the report.
Result<CheckReport> check_database(const std::string& path, const CheckOptions& options = {});

struct RepairReport {
  std::string path, new_path;
  std::vector<Finding> lost;   ///< what could not be saved, the first CheckReport::kMostNamed; and notes
  std::int64_t rows_lost = 0;  ///< all
  std::int64_t rows_saved = 0;
  std::int64_t changes_applied = 0;  ///< rows that were newer in the journal
  std::int64_t changes_lost = 0;     ///< rows of which only an older state is whole, and changes that the journal lost
  /// Nothing says that anything is missing.
  bool complete() const {
    return std::ranges::all_of(lost, [](const Finding& f) { return f.kind == Finding::Kind::note; });
  }
};

/// Saves every row that is whole into a new database, also when the header or the journal is damaged, the file cut off, or
/// rows stand behind a hole. The old file is not touched, an existing new one neither. Errors: those of check_database(),
/// busy (somebody writes), corrupt (no row could be saved: nothing is made), invalid (the new one exists).
Result<RepairReport> repair_database(const std::string& path, const std::string& new_path,
                                     const CheckOptions& options = {});

/// What a database is.
struct Description {
  std::string path, format, uuid, creator, date;
  int version = 0;
  bool native = false;
  std::int64_t rows = 0, deleted = 0, bytes = 0, spare_bytes = 0, change_number = 0;
  std::string lock;  ///< "free", or who holds it and since when
  bool locked = false;
  std::int64_t journal_bytes = 0, journal_generation = 0, journal_transactions = 0, journal_pending = 0;
  std::string index;  ///< "none", "good", or why it is not used
  std::int64_t index_bytes = 0, index_rows = 0, index_segments = 0;
  std::int64_t lost_rows = 0;  ///< in X.db.lost
};
/// Errors: those of RecordFile::open.
Result<Description> describe_database(const std::string& path);

struct UpkeepOptions {
  std::string program = "imcheck";
  double wait_seconds = 10;
  bool on_network = false;
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  ///< of rebuild_index_of()
};
struct CureReport {
  std::int64_t bytes = 0;         ///< of trim, those that were given back; of a new index, its size
  std::int64_t damaged_rows = 0;  ///< which it does not mend
};
/// Makes X.db.idx anew, under the lock. Errors: those of RecordWriter::open, io.
Result<CureReport> rebuild_index_of(const std::string& path, const UpkeepOptions& options);
/// Gives preallocated room back and empties the journal. Errors: the same.
Result<CureReport> trim_database(const std::string& path, const UpkeepOptions& options);

/// A line for each finding, of damage alone when `quiet`; and one that counts those of `all` that are not named.
std::vector<std::string> lines_of(const std::vector<Finding>& findings, std::int64_t all, bool quiet);
/// "FILE: what (record R) (byte B)" of a finding: as Status::text() does.
std::string text_of(const Finding& finding);
/// Reports for people, one or some lines; and as one JSON object in a line.
std::string report_text(const CheckReport& report);
std::string report_json(const CheckReport& report);
std::string report_text(const RepairReport& report);
std::string report_json(const RepairReport& report);
std::string report_text(const Description& description);
std::string report_json(const Description& description);
struct CompactReport;
std::string report_text(const std::string& path, const CompactReport& report);
std::string report_json(const std::string& path, const CompactReport& report);
/// Nothing as text, unless rows are damaged.
std::string report_text(const std::string& path, const CureReport& report);
std::string report_json(const std::string& path, const CureReport& report);
/// Of what failed.
std::string report_json(const std::string& path, const Status& error);

}  // namespace imreg

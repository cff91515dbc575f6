// Rows of files, collected and written into the registration database as durable steps: known ones renewed, new ones added.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "imreg/history.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "registry/file_rows.h"
#include "registry/key_table.h"
#include "registry/path_roots.h"
#include "registry/pending_statistics.h"

namespace imreg {

inline constexpr std::size_t kGroupRows = 8192;  ///< rows of one durable step

/// Between two groups the rows that are outside the index are looked at one by one: few, then.
IndexKeeper::Limits register_index_limits();
RecordWriter::Options register_writer_options(const RegisterOptions& options);

/// The lock of the database is held while a group is written, and not while files are read.
class Registrar {
 public:
  /// The report is counted up: added, updated, unchanged, gone, notes, index_wants_merge.
  Registrar(const RegisterOptions& options, PathRoots roots, RegisterReport& report)
      : options_(options), roots_(std::move(roots)), report_(report) {}

  void take(FileRows file);
  /// A file that stood elsewhere until now, and stands there no more: its rows move with it.
  void take_moved(FileRows file, const std::string& from);
  /// A file that is gone: its rows, whichever it has, are marked as deleted.
  void take_out(const std::string& path);
  /// The same of a file that is there and has no image any more.
  void take_without_image(const std::string& path);
  std::size_t rows() const { return rows_.size(); }
  bool empty() const { return waiting_.empty(); }

  /// Writes what was taken; the files' reports are then final. `trim`: it was the last group. Errors: those of the database.
  Status write(bool trim);
  std::vector<RegisteredFile> done() { return std::exchange(waiting_, {}); }
  /// The images whose temperatures were looked for in vain, in one line; empty: there are none, or it was said before.
  std::string temperature_note() const;

 private:
  struct TakenRow {
    Record record;
    std::size_t reading;  // of which file of this group
  };
  struct Step {
    std::vector<RowChange> changes;
    std::string added;
    std::int64_t added_rows = 0, unchanged = 0, gone = 0;
    std::vector<Record> announced;  // for RegisterOptions::announce
    std::vector<std::string> notes;
  };

  void fill(Record& row);
  Status write_rows(bool trim);
  void drop_what_is_gone();
  std::vector<std::string> names() const;
  Status merge_rows(RecordWriter& writer);
  Status merge_file(const RecordFile& file, const std::string& file_key, std::span<TakenRow> given, Step& step);
  Status commit(RecordWriter& writer, Step& step) const;
  StatisticsOptions statistics_options() const {
    return {options_.database, options_.wait_seconds, options_.on_network, options_.program};
  }
  static int image_with_ccd(RecordView stored, std::span<const TakenRow> given);

  const RegisterOptions& options_;
  PathRoots roots_;
  RegisterReport& report_;
  KeyTable keys_;
  PendingStatistics pending_;
  bool temperatures_are_new_ = false;
  std::int64_t without_temperatures_ = 0;
  double first_without_ = 0;
  std::vector<TakenRow> rows_;
  std::vector<std::string> gone_;             // paths
  std::set<std::string> without_image_;       // of them: files that are there
  std::map<std::size_t, std::string> moved_;  // by reading: where the file was
  std::vector<RegisteredFile> waiting_;
};

}  // namespace imreg

// files.db: which files are known, as they were when they were read.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/files.h"
#include "imreg/record_file.h"

namespace imreg::ingest {

using FileState = files::State;
using FileClass = files::Class;

std::string path_of(RecordView row);
/// Whether rows of it are in the tables: it was read, and what was read is still held to be true.
bool has_headers(RecordView row);
/// The observation that a row is a file of: its rootname; of the ACS the first eight characters, which its products share.
std::string observation_of(RecordView row);

class FileTable {
 public:
  static std::string path_in(const std::string& folder);
  /// Whether there is one in this folder, of whatever release.
  static bool is_in(const std::string& folder);
  /// Makes it when it is missing. Errors: those of RecordWriter::open_or_create; mismatch (of another release).
  static Result<FileTable> open(const std::string& folder, const RecordWriter::Options& options);
  /// To look only, without knowing all of its files; nothing: it is not there. Errors as open() has them.
  static Result<std::optional<RecordFile>> look_at(const std::string& folder);
  /// To look only; one that is not there has no files.
  static Result<FileTable> look(const std::string& folder);

  struct Known {
    std::int64_t row = 0, number = 0, size = 0;
    double mtime = 0;
    std::int64_t fingerprint = 0;
    double release = 0;
    FileState state = FileState::none;
    FileClass what = FileClass::none;
    bool was_read = false;  ///< a run has ended what it does with it
  };
  /// By path.
  const std::unordered_map<std::string, Known>& known() const { return known_; }
  Record row(std::int64_t number_of_row) const;
  std::int64_t next_number() const { return next_; }
  /// How many there are in the tables, of the files that were known when it was opened.
  std::int64_t headers() const { return headers_; }

  std::set<std::string> observations() const;
  /// All rows of files of an observation, those that are gone too.
  std::vector<Record> of_observation(const std::string& name) const;

  /// New rows (number unknown so far) and changed ones as one durable step. `moved`: by their numbers, the paths where files were.
  Status write(const std::vector<Record>& rows, const std::map<std::int64_t, std::string>& moved = {});
  /// Gives back room and journal.
  Status trim() { return writer_->trim(); }

 private:
  FileTable() = default;
  Status load(const RecordFile& file);
  void learn(std::int64_t row, RecordView record);
  const RecordFile& file() const { return writer_ ? writer_->file() : *file_; }

  std::optional<RecordWriter> writer_;
  std::optional<RecordFile> file_;
  std::unordered_map<std::string, Known> known_;
  std::unordered_map<std::string, std::set<std::int64_t>> observations_;  // rows
  std::int64_t next_ = 1, headers_ = 0;
};

}  // namespace imreg::ingest

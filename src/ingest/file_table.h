// files.db: which files are known, as they were when they were read.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
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
  /// Whether there is one in this folder, of whatever release, damaged or not.
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
  /// The file that has this path; nothing: it is not known. Quick where it is asked for in the order of the rows.
  std::optional<Known> find(std::string_view path);
  /// All that are known and for whose rows skip(row) is false, in the order of their rows, with their paths.
  std::vector<std::pair<std::string, Known>> all_but(const std::function<bool(std::int64_t row)>& skip) const;
  std::int64_t rows() const { return writer_ || file_ ? file().count() : 0; }
  Record row(std::int64_t number_of_row) const;
  std::int64_t next_number() const { return next_; }
  /// How many there are in the tables, of the files that were known when it was opened.
  std::int64_t headers() const { return headers_; }

  std::set<std::string> observations();
  /// All rows of files of an observation, those that are gone too.
  std::vector<Record> of_observation(const std::string& name);

  /// New rows (number unknown so far) and changed ones as one durable step. `moved`: by their numbers, the paths where files were.
  Status write(const std::vector<Record>& rows, const std::map<std::int64_t, std::string>& moved = {});
  /// Gives back room and journal.
  Status trim() { return writer_->trim(); }

 private:
  FileTable() = default;
  void sum_up();
  void index_paths();
  void index_observations();
  const RecordFile& file() const { return writer_ ? writer_->file() : *file_; }

  std::optional<RecordWriter> writer_;
  std::optional<RecordFile> file_;
  Record scratch_{0};
  std::int64_t next_ = 1, headers_ = 0;
  std::int64_t asked_ = 0;  // the row behind the one that was found last
  // Made when they are needed for the first time, which a run that finds nothing new never does. By the hash of a path its rows; a
  // row whose file has moved stays there, and is passed over.
  std::optional<std::unordered_multimap<std::size_t, std::int64_t>> paths_;
  std::optional<std::unordered_map<std::string, std::set<std::int64_t>>> observations_;
};

}  // namespace imreg::ingest

// Loads files.db whole: a second run over an unchanged archive asks it for every file.
#include "ingest/file_table.h"

#include <algorithm>
#include <utility>

#include "os/walk.h"

namespace imreg::ingest {

namespace {

Status check(const RecordFile& file) {
  if (file.schema().format == files::kFormat && file.schema().version == files::kVersion) return {};
  const bool newer = file.schema().format == files::kFormat && file.schema().version > files::kVersion;
  return Status(Code::mismatch, newer ? "needs a newer imreg" : "is no table of files of this release")
      .in_file(file.path());
}

}  // namespace

std::string path_of(RecordView row) { return below(row[files::kPathname], row[files::kFilename]); }

bool has_headers(RecordView row) {
  const auto state = static_cast<FileState>(row[files::kState]);
  return row[files::kHdus] > 0 && (state == FileState::done || state == FileState::failed);
}

std::string observation_of(RecordView row) {
  std::string name(row[files::kRootname]);
  constexpr std::size_t kRootname = 9;  // "j8bt06nyq": its last character tells how it came down from the telescope
  const auto detector = row[files::kDetector];
  const bool of_acs = detector == "WFC" || detector == "HRC" || detector == "SBC";
  if (of_acs && name.size() == kRootname && name[0] == 'j') name.pop_back();
  return name;
}

std::string FileTable::path_in(const std::string& folder) { return below(folder, "files.db"); }

bool FileTable::is_in(const std::string& folder) {
  const auto file = RecordFile::open(path_in(folder));
  return file && file->schema().format == files::kFormat;
}

Result<FileTable> FileTable::open(const std::string& folder, const RecordWriter::Options& options) {
  FileTable out;
  IMREG_ASSIGN(out.writer_, RecordWriter::open_or_create(path_in(folder),
                                                         *builtin_format(files::kFormat, files::kVersion), options));
  IMREG_TRY(check(out.file()));
  IMREG_TRY(out.load(out.file()));
  return out;
}

Result<std::optional<RecordFile>> FileTable::look_at(const std::string& folder) {
  auto file = RecordFile::open(path_in(folder));
  if (!file && file.status().code() == Code::not_found) return std::optional<RecordFile>();
  if (!file) return file.status();
  IMREG_TRY(check(*file));
  return std::optional<RecordFile>(*std::move(file));
}

Result<FileTable> FileTable::look(const std::string& folder) {
  FileTable out;
  IMREG_ASSIGN(out.file_, look_at(folder));
  if (out.file_) IMREG_TRY(out.load(*out.file_));
  return out;
}

Status FileTable::load(const RecordFile& file) {
  known_.reserve(static_cast<std::size_t>(file.count()));
  Record scratch = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    const RecordView row = file.peek(i, scratch);
    next_ = std::max(next_, row[files::kNumber] + 1);
    if (row[files::kDeleted]) continue;
    learn(i, row);
    if (has_headers(row)) headers_ += row[files::kHdus];
  }
  return {};
}

void FileTable::learn(std::int64_t row, RecordView record) {
  known_[path_of(record)] = {row,
                             record[files::kNumber],
                             record[files::kFilesize],
                             record[files::kMtime],
                             record[files::kFingerprint],
                             record[files::kRelease],
                             static_cast<FileState>(record[files::kState]),
                             static_cast<FileClass>(record[files::kClass]),
                             record[files::kFirst] > 0};
  observations_[observation_of(record)].insert(row);
}

std::set<std::string> FileTable::observations() const {
  std::set<std::string> out;
  for (const auto& [name, rows] : observations_) out.insert(name);
  return out;
}

std::vector<Record> FileTable::of_observation(const std::string& name) const {
  std::vector<Record> out;
  const auto found = observations_.find(name);
  if (found == observations_.end()) return out;
  for (const auto number : found->second) {
    Record record = row(number);
    if (observation_of(record.view()) == name)
      out.push_back(std::move(record));  // a file may belong to another one now
  }
  return out;
}

Record FileTable::row(std::int64_t number_of_row) const {
  Record out = file().make_record();
  if (!file().read(number_of_row, out).ok()) out = file().make_record();
  return out;
}

Status FileTable::write(const std::vector<Record>& rows, const std::map<std::int64_t, std::string>& moved) {
  std::vector<RowChange> changes;
  std::string added;
  std::vector<std::int64_t> places;
  std::int64_t count = file().count();
  for (const auto& row : rows) {
    const auto from = moved.find(row[files::kNumber]);
    const auto known = known_.find(from == moved.end() ? path_of(row.view()) : from->second);
    places.push_back(known == known_.end() ? count++ : known->second.row);
    if (known == known_.end())
      added += row.bytes();
    else
      changes.push_back({places.back(), row.bytes()});
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  IMREG_TRY(writer_->commit(changes, std::move(added)));
  for (const auto& [number, path] : moved) known_.erase(path);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    learn(places[i], rows[i].view());
    next_ = std::max(next_, rows[i][files::kNumber] + 1);
  }
  return {};
}

}  // namespace imreg::ingest

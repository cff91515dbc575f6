// Looks files up where their rows are: a second run over an unchanged archive asks for every one, in the order in which they came.
#include "ingest/file_table.h"

#include <algorithm>
#include <utility>

#include "os/file.h"
#include "os/walk.h"

namespace imreg::ingest {

namespace {

Status check(const RecordFile& file) {
  if (file.schema().format == files::kFormat && file.schema().version == files::kVersion) return {};
  const bool newer = file.schema().format == files::kFormat && file.schema().version > files::kVersion;
  return Status(Code::mismatch, newer ? "needs a newer imreg" : "is no table of files of this release")
      .in_file(file.path());
}

std::size_t hash_of(std::string_view path) { return std::hash<std::string_view>{}(path); }

// Whether below(its folder, its name) is this path.
bool is_path_of(RecordView row, std::string_view path) {
  const std::string_view name = row[files::kFilename];
  std::string_view folder = row[files::kPathname];
  if (folder == "/") folder = {};
  return path.size() == folder.size() + 1 + name.size() && path.ends_with(name) && path.starts_with(folder) &&
         path[folder.size()] == '/';
}

FileTable::Known known_of(std::int64_t number_of_row, RecordView row) {
  return {number_of_row,
          row[files::kNumber],
          row[files::kFilesize],
          row[files::kMtime],
          row[files::kFingerprint],
          row[files::kRelease],
          static_cast<FileState>(row[files::kState]),
          static_cast<FileClass>(row[files::kClass]),
          row[files::kFirst] > 0};
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
  constexpr std::size_t kHead = 5760;  // as far as the EXTNAME of the table
  const auto file = File::open(path_in(folder), File::Mode::read);
  std::string head(kHead, ' ');
  const auto got = file ? file->read(0, head.data(), head.size()) : Result<std::size_t>(0);
  return got && head.find("EXTNAME = 'IMREG_FILES'") != std::string::npos;
}

Result<FileTable> FileTable::open(const std::string& folder, const RecordWriter::Options& options) {
  FileTable out;
  IMREG_ASSIGN(out.writer_, RecordWriter::open_or_create(path_in(folder),
                                                         *builtin_format(files::kFormat, files::kVersion), options));
  IMREG_TRY(check(out.file()));
  out.sum_up();
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
  if (out.file_) out.sum_up();
  return out;
}

void FileTable::sum_up() {
  scratch_ = file().make_record();
  for (std::int64_t i = 0; i < file().count(); ++i) {
    const RecordView row = file().peek(i, scratch_);
    next_ = std::max(next_, row[files::kNumber] + 1);
    if (!row[files::kDeleted] && has_headers(row)) headers_ += row[files::kHdus];
  }
}

void FileTable::index_paths() {
  if (paths_) return;
  paths_.emplace();
  paths_->reserve(static_cast<std::size_t>(rows()));
  for (std::int64_t i = 0; i < rows(); ++i) paths_->emplace(hash_of(path_of(file().peek(i, scratch_))), i);
}

void FileTable::index_observations() {
  if (observations_) return;
  observations_.emplace();
  for (std::int64_t i = 0; i < rows(); ++i) {
    const RecordView row = file().peek(i, scratch_);
    if (!row[files::kDeleted]) (*observations_)[observation_of(row)].insert(i);
  }
}

std::optional<FileTable::Known> FileTable::find(std::string_view path) {
  const auto at = [&](std::int64_t i) -> std::optional<Known> {
    const RecordView row = file().peek(i, scratch_);
    if (row[files::kDeleted] || !is_path_of(row, path)) return {};
    asked_ = i + 1;
    return known_of(i, row);
  };
  if (asked_ < rows()) {
    if (auto next = at(asked_)) return next;
  }
  index_paths();
  const auto [from, to] = paths_->equal_range(hash_of(path));
  for (auto one = from; one != to; ++one) {
    if (auto found = at(one->second)) return found;
  }
  return {};
}

std::vector<std::pair<std::string, FileTable::Known>> FileTable::all_but(
    const std::function<bool(std::int64_t row)>& skip) const {
  std::vector<std::pair<std::string, Known>> out;
  Record scratch = scratch_;
  for (std::int64_t i = 0; i < rows(); ++i) {
    if (skip(i)) continue;
    const RecordView row = file().peek(i, scratch);
    if (!row[files::kDeleted]) out.emplace_back(path_of(row), known_of(i, row));
  }
  return out;
}

std::set<std::string> FileTable::observations() {
  index_observations();
  std::set<std::string> out;
  for (const auto& [name, rows] : *observations_) out.insert(name);
  return out;
}

std::vector<Record> FileTable::of_observation(const std::string& name) {
  index_observations();
  std::vector<Record> out;
  const auto found = observations_->find(name);
  if (found == observations_->end()) return out;
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
  const std::int64_t before = file().count();
  std::int64_t count = before;
  for (const auto& row : rows) {
    const auto from = moved.find(row[files::kNumber]);
    const auto known = find(from == moved.end() ? path_of(row.view()) : from->second);
    places.push_back(known ? known->row : count++);
    if (from != moved.end()) {
      // Its new path may have a row of its own, of a file that is gone: a path has one row.
      if (const auto before_it = find(path_of(row.view())); before_it && before_it->row != places.back()) {
        Record gone = this->row(before_it->row);
        gone.set(files::kDeleted, true);
        changes.push_back({before_it->row, gone.bytes()});
      }
    }
    if (known)
      changes.push_back({places.back(), row.bytes()});
    else
      added += row.bytes();
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  IMREG_TRY(writer_->commit(changes, std::move(added)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const RecordView row = rows[i].view();
    const bool has_new_path = places[i] >= before || moved.contains(row[files::kNumber]);
    if (paths_ && has_new_path) paths_->emplace(hash_of(path_of(row)), places[i]);
    if (observations_) (*observations_)[observation_of(row)].insert(places[i]);
    next_ = std::max(next_, row[files::kNumber] + 1);
  }
  return {};
}

}  // namespace imreg::ingest

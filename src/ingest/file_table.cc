// Loads files.db whole: a second run over an unchanged archive asks it for every file.
#include "ingest/file_table.h"

#include <algorithm>
#include <utility>

#include "os/walk.h"

namespace imreg::ingest {

namespace {

std::string path_of(RecordView row) { return below(row[files::kPathname], row[files::kFilename]); }

Status check(const RecordFile& file) {
  if (file.schema().format == files::kFormat && file.schema().version == files::kVersion) return {};
  const bool newer = file.schema().format == files::kFormat && file.schema().version > files::kVersion;
  return Status(Code::mismatch, newer ? "needs a newer imreg" : "is no table of files of this release")
      .in_file(file.path());
}

}  // namespace

std::string FileTable::path_in(const std::string& folder) { return below(folder, "files.db"); }

Result<FileTable> FileTable::open(const std::string& folder, const RecordWriter::Options& options) {
  FileTable out;
  IMREG_ASSIGN(out.writer_, RecordWriter::open_or_create(path_in(folder),
                                                         *builtin_format(files::kFormat, files::kVersion), options));
  IMREG_TRY(out.load(out.file()));
  return out;
}

Result<FileTable> FileTable::look(const std::string& folder) {
  FileTable out;
  auto file = RecordFile::open(path_in(folder));
  if (!file && file.status().code() == Code::not_found) return out;
  if (!file) return file.status();
  out.file_ = *std::move(file);
  IMREG_TRY(out.load(*out.file_));
  return out;
}

Status FileTable::load(const RecordFile& file) {
  IMREG_TRY(check(file));
  known_.reserve(static_cast<std::size_t>(file.count()));
  Record scratch = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    const RecordView row = file.peek(i, scratch);
    next_ = std::max(next_, row[files::kNumber] + 1);
    if (row[files::kDeleted]) continue;
    known_[path_of(row)] = {i, row[files::kNumber], row[files::kFilesize], row[files::kMtime],
                            static_cast<FileState>(row[files::kState])};
  }
  return {};
}

Record FileTable::row(std::int64_t number_of_row) const {
  Record out = file().make_record();
  if (!file().read(number_of_row, out).ok()) out = file().make_record();
  return out;
}

Status FileTable::write(const std::vector<Record>& rows) {
  std::vector<RowChange> changes;
  std::string added;
  std::int64_t count = file().count();
  for (const auto& row : rows) {
    auto& known = known_.try_emplace(path_of(row.view()), Known{-1}).first->second;
    if (known.row >= 0) {
      changes.push_back({known.row, row.bytes()});
    } else {
      known.row = count++;
      added += row.bytes();
    }
    known = {known.row, row[files::kNumber], row[files::kFilesize], row[files::kMtime],
             static_cast<FileState>(row[files::kState])};
    next_ = std::max(next_, known.number + 1);
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  return writer_->commit(changes, std::move(added));
}

}  // namespace imreg::ingest

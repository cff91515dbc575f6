// Rows of a folder stand together but for a few: runs of rows need little memory, and a folder's files are made when it is
// their turn.
#include "archive/folder_rows.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "archive/tasks.h"

namespace imreg::archive {

namespace {

constexpr std::int64_t kPiece = 1 << 14;  // rows
constexpr std::int64_t kAhead = 12;       // rows between the one that is looked at and the one that is fetched

template <class T>
std::optional<Field<T>> field_of(const Schema& schema, std::string_view name) {
  const auto field = find_field<T>(schema, name);
  return field ? std::optional<Field<T>>(*field) : std::nullopt;
}

// NaN is the same as NaN.
bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

}  // namespace

// What one thread has found: by the text as it is stored.
struct FolderRows::Pass {
  struct Part {
    std::vector<FolderOfRows::Run> runs;
    std::int64_t rows = 0;
  };
  std::unordered_map<std::string, Part> parts;

  void take(const FolderRows& rows, std::int64_t from, std::int64_t end) {
    Record scratch = rows.file_->make_record();
    std::string last;
    Part* part = nullptr;
    const auto record_size = static_cast<std::size_t>(rows.file_->schema().record_size);
    RecordFile::Run run;
    const char* next = nullptr;
    std::int64_t run_end = from;
    for (std::int64_t row = from; row < end; ++row) {
      if (row >= run_end) {
        run = rows.file_->run_in_place(row);
        next = run.bytes;
        run_end = std::max(run.end, row);
      }
      const bool in_place = row < run_end;
      const RecordView record = in_place ? RecordView(next) : rows.file_->peek(row, scratch);
      if (in_place) {
        const char* ahead = next + static_cast<std::size_t>(kAhead) * record_size;
        __builtin_prefetch(ahead + rows.pathname_.offset);  // never faults
        if (rows.deleted_) __builtin_prefetch(ahead + rows.deleted_->offset);
        next += record_size;
      }
      if (rows.deleted(record)) continue;
      const std::string_view folder = record[rows.pathname_];
      if (!part || folder != last) {
        last = folder;
        part = &parts[last];
        part->runs.push_back({row, row});
      }
      part->runs.back().end = row + 1;
      ++part->rows;
    }
  }
};

Result<FolderRows> FolderRows::take(const RecordFile& file, const PathRoots& roots, int jobs) {
  FolderRows out(file);
  const Schema& schema = file.schema();
  const auto pathname = find_field<Text>(schema, "pathname"), filename = find_field<Text>(schema, "filename");
  if (!pathname || !filename)
    return Status(Code::invalid, "its rows have no fields pathname and filename: they tell of no files")
        .in_file(file.path());
  out.pathname_ = *pathname;
  out.filename_ = *filename;
  out.deleted_ = field_of<bool>(schema, "deleted");
  out.size_ = field_of<std::int64_t>(schema, "filesize");
  out.fingerprint_ = field_of<std::int64_t>(schema, "fingerprint");
  out.mtime_ = field_of<double>(schema, "mtime");

  std::vector<Pass> passes(static_cast<std::size_t>(std::clamp<std::int64_t>(file.count() / kPiece, 1, jobs)));
  std::atomic<std::int64_t> next{0};
  Tasks tasks;
  for (auto& pass : passes) {
    tasks.add([&] {
      for (std::int64_t from; (from = kPiece * next++) < file.count();)
        pass.take(out, from, std::min(from + kPiece, file.count()));
    });
  }
  tasks.run(static_cast<int>(passes.size()));

  for (auto& pass : passes) {
    for (auto& [stored, part] : pass.parts) {
      const std::string path = roots.expand(stored);
      const auto [at, is_new] = out.places_.try_emplace(path, std::ssize(out.folders_));
      if (is_new) out.folders_.emplace_back().path = path;
      auto& folder = out.folders_[static_cast<std::size_t>(at->second)];
      folder.root = std::max(folder.root, std::string(root_of(stored)));  // of several forms always the same one
      folder.runs.insert(folder.runs.end(), part.runs.begin(), part.runs.end());
      folder.rows += part.rows;
    }
    pass.parts.clear();
  }
  std::sort(out.folders_.begin(), out.folders_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (std::size_t i = 0; i < out.folders_.size(); ++i) {
    auto& folder = out.folders_[i];
    out.places_[folder.path] = static_cast<std::int64_t>(i);
    std::sort(folder.runs.begin(), folder.runs.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  }
  return out;
}

std::int64_t FolderRows::find(const std::string& path) const {
  const auto at = places_.find(path);
  return at == places_.end() ? -1 : at->second;
}

std::vector<RowsOfFile> FolderRows::files_of(const FolderOfRows& folder) const {
  std::vector<RowsOfFile> files;
  Record scratch = file_->make_record();
  bool sorted = true;
  for (const auto& run : folder.runs) {
    for (std::int64_t row = run.from; row < run.end; ++row) {
      const RecordView record = file_->peek(row, scratch);
      const char* ahead = record.bytes() + kAhead * file_->schema().record_size;
      __builtin_prefetch(ahead + filename_.offset);
      if (deleted_) __builtin_prefetch(ahead + deleted_->offset);
      if (fingerprint_) __builtin_prefetch(ahead + fingerprint_->offset);
      if (deleted(record)) continue;
      const std::string_view name = record[filename_];
      const std::int64_t size = size_ ? record[*size_] : 0, fingerprint = fingerprint_ ? record[*fingerprint_] : 0;
      const double mtime = mtime_ ? record[*mtime_] : std::numeric_limits<double>::quiet_NaN();
      if (files.empty() || files.back().name != name) {
        sorted = sorted && (files.empty() || files.back().name < name);
        files.push_back({std::string(name), row, 0, size, mtime, fingerprint, true});
      }
      auto& last = files.back();
      ++last.rows;
      last.agree = last.agree && last.size == size && last.fingerprint == fingerprint && same(last.mtime, mtime);
    }
  }
  if (sorted) return files;
  std::stable_sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < files.size(); ++i) {
    auto& to = files[kept];
    if (files[i].name != to.name) {
      if (++kept != i) files[kept] = std::move(files[i]);
      continue;
    }
    to.rows += files[i].rows;
    to.agree = to.agree && files[i].agree && to.size == files[i].size && to.fingerprint == files[i].fingerprint &&
               same(to.mtime, files[i].mtime);
  }
  if (!files.empty()) files.resize(kept + 1);
  return files;
}

bool FolderRows::whole(std::int64_t row) const {
  Record copy = file_->make_record();
  return file_->read(row, copy).ok();
}

std::string FolderRows::name_of(std::int64_t row) const {
  Record scratch = file_->make_record();
  return std::string(file_->peek(row, scratch)[filename_]);
}

}  // namespace imreg::archive

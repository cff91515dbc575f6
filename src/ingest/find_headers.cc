// Headers by file or observation: files.db tells the numbers, the tables have the rows, the heaps the cards.
#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "headers/header_table.h"
#include "imreg/ingest.h"
#include "ingest/file_table.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

using namespace headers;
using ingest::FileState;
using ingest::FileTable;

namespace {

// Whether a row is of a file of this name, path or rootname.
class Name {
 public:
  explicit Name(const std::string& name) : name_(name) {
    if (name.find('/') == name.npos) return;
    const std::string path = absolute_path(name);
    folder_ = folder_of(path);
    name_ = name_of(path);
  }
  bool is_of(RecordView row) const {
    if (!folder_.empty()) return row[files::kFilename] == name_ && row[files::kPathname] == folder_;
    return row[files::kFilename] == name_ || equal_nocase(row[files::kRootname], name_) ||
           (starts_nocase(row[files::kRootname], name_) && equal_nocase(ingest::observation_of(row), name_));
  }

 private:
  std::string folder_, name_;
};

Status not_found(const RecordFile& table, const std::string& folder, const std::string& name) {
  std::vector<std::string> names;
  Record scratch = table.make_record();
  for (std::int64_t i = 0; i < table.count(); ++i) {
    const RecordView row = table.peek(i, scratch);
    names.emplace_back(row[files::kFilename]);
    names.emplace_back(row[files::kRootname]);
  }
  if (names.empty()) return Status(Code::not_found, "nothing was ingested here; imingest does it").in_file(folder);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::string near = nearest_names(name, names);
  return Status(Code::not_found,
                "is no file and no observation that was ingested" + (near.empty() ? "" : "; near: " + near))
      .in_file(name);
}

// The numbers of the files, and their paths.
Result<std::unordered_map<std::int64_t, std::string>> find_numbers(const std::string& folder, const std::string& name) {
  IMREG_ASSIGN(const auto table, FileTable::look_at(folder));
  if (!table) return Status(Code::not_found, "nothing was ingested here; imingest does it").in_file(folder);
  const Name wanted(name);
  std::unordered_map<std::int64_t, std::string> out;
  std::string why;
  Record scratch = table->make_record();
  for (std::int64_t i = 0; i < table->count(); ++i) {
    const RecordView row = table->peek(i, scratch);
    if (row[files::kDeleted] || !wanted.is_of(row)) continue;
    const auto state = static_cast<FileState>(row[files::kState]);
    if (ingest::has_headers(row) || state == FileState::begun)  // then what was read before is still there, or nothing
      out.emplace(row[files::kNumber], ingest::path_of(row));
    else
      why = state == FileState::gone ? "the file is no longer there" : std::string(row[files::kReason]);
  }
  if (!out.empty()) return out;
  if (!why.empty()) return Status(Code::not_found, "has no header in the tables: " + why).in_file(name);
  return not_found(*table, folder, name);
}

// Adds the headers of these files that one table has.
Status find_in(const std::string& folder, const std::string& table,
               const std::unordered_map<std::int64_t, std::string>& wanted, std::vector<FileHeader>& out) {
  IMREG_ASSIGN(const std::string path, header_table_path(folder, table));
  IMREG_ASSIGN(const auto file, RecordFile::open(path));
  IMREG_TRY(check_own_fields(file.schema()).in_file(path));
  const OwnFields own(file.schema());
  std::optional<Heap> heap;
  Record scratch = file.make_record();
  Status first;
  for (std::int64_t i = 0; i < file.count(); ++i) {
    const RecordView row = file.peek(i, scratch);
    const auto found = wanted.find(row[own.file]);
    if (found == wanted.end() || row[own.deleted]) continue;
    const auto read = [&]() -> Status {
      Record whole = file.make_record();
      IMREG_TRY(file.read(i, whole));
      if (!heap) {
        IMREG_ASSIGN(heap, Heap::open(heap_of(path)));
      }
      IMREG_ASSIGN(auto cards, heap->read({whole[own.heap], whole[own.heapcrc]}));
      out.push_back({found->second, table, whole[own.hdu], std::move(cards)});
      return {};
    };
    if (Status status = read(); !status.ok() && first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace

Result<FoundHeaders> find_headers(const std::string& folder, const std::string& name) {
  IMREG_ASSIGN(const auto wanted, find_numbers(folder, name));
  FoundHeaders out;
  IMREG_ASSIGN(const auto tables, header_tables(folder));
  for (const auto& table : tables) {
    if (Status status = find_in(folder, table, wanted, out.headers); !status.ok())
      out.faults.push_back(std::move(status));
  }
  if (out.headers.empty() && !out.faults.empty()) return out.faults.front();
  if (out.headers.empty())
    return Status(Code::not_found,
                  "has no header in the tables: a run ended while it was read; the next imingest reads it")
        .in_file(name);
  std::sort(out.headers.begin(), out.headers.end(),
            [](const auto& a, const auto& b) { return std::tie(a.path, a.hdu) < std::tie(b.path, b.hdu); });
  return out;
}

}  // namespace imreg

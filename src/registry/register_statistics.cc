// imstatreg: statistics go to their rows, found by name through the index; what has no row yet waits beside the database.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "imreg/index.h"
#include "imreg/registry.h"
#include "imreg/statistics.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/key_table.h"
#include "registry/new_database.h"
#include "registry/pending_statistics.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

constexpr std::size_t kManyRows = 8192;  // for these the index is kept as thoroughly as for a batch

Status fault(Code code, const ImageStatistics& entry, const std::string& what) {
  return Status(code, (entry.place.empty() ? "" : entry.place + ": ") + what).in_file(entry.path);
}

// The rows that entries may mean.
class RowFinder {
 public:
  RowFinder(const RecordFile& file, const PathRoots& roots) : file_(file), roots_(roots) {}

  Status take(const std::vector<ImageStatistics>& entries) {
    std::set<std::string> names;
    bool without_folder = false;
    for (const auto& entry : entries) {
      names.insert(name_of(entry.path));
      names.insert(entry.other_names.begin(), entry.other_names.end());
      without_folder |= entry.path.find('/') == entry.path.npos;
    }
    IMREG_TRY(keys_.take(file_, roots_, {names.begin(), names.end()}));
    if (!without_folder) return {};
    Record scratch = file_.make_record();
    for (const std::int64_t row : keys_.rows())
      by_name_[std::string(file_.peek(row, scratch)[regimage::kFilename])].push_back(row);
    return {};
  }

  /// -1: not registered. Errors: invalid (several).
  Result<std::int64_t> row_of(const ImageStatistics& entry) const {
    std::vector<std::int64_t> rows;
    if (entry.path.find('/') != entry.path.npos) {
      rows = keys_.rows_of(file_key_of(entry.path), file_, roots_);
    } else {
      rows = rows_named(entry.path);
      for (const auto& name : entry.other_names) {
        if (!rows.empty()) break;
        rows = rows_named(name);
      }
    }
    Record scratch = file_.make_record();
    std::vector<std::int64_t> meant;
    for (const std::int64_t row : rows) {
      const RecordView record = file_.peek(row, scratch);
      if (!record[regimage::kDeleted] && is_meant(record, entry)) meant.push_back(row);
    }
    if (meant.size() > 1) {
      const auto place = [&](std::int64_t row) {
        const RecordView record = file_.peek(row, scratch);
        return roots_.expand(record[regimage::kPathname]) + "/" + std::string(record[regimage::kFilename]) + " CCD " +
               std::to_string(record[regimage::kCcd]);
      };
      return fault(Code::invalid, entry,
                   "may be one of " + counted(static_cast<long long>(meant.size()), "row") + " (" + place(meant[0]) +
                       ", " + place(meant[1]) + (meant.size() > 2 ? " ..." : "") +
                       "); say its whole path and its extension or ccd");
    }
    // The file is registered and has no such image: nobody will come for it.
    if (meant.empty() && !rows.empty())
      return fault(Code::invalid, entry,
                   "the file is registered, but no image of it has " +
                       (entry.extension >= 0 ? "extension " + std::to_string(entry.extension)
                                             : "CCD " + std::to_string(entry.ccd)) +
                       (entry.slice > 0 ? ", slice " + std::to_string(entry.slice) : ""));
    return meant.empty() ? -1 : meant[0];
  }

 private:
  std::vector<std::int64_t> rows_named(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::vector<std::int64_t>() : found->second;
  }

  const RecordFile& file_;
  const PathRoots& roots_;
  KeyTable keys_;
  std::unordered_map<std::string, std::vector<std::int64_t>> by_name_;
};

}  // namespace

Result<StatisticsReport> register_statistics(const StatisticsOptions& options,
                                             const std::vector<ImageStatistics>& entries) {
  StatisticsReport report;
  IMREG_TRY(open_database(options.database).status());
  IndexKeeper keeper(entries.size() < kManyRows ? IndexKeeper::Patience::none : IndexKeeper::Patience::full);
  RecordWriter::Options writing;
  writing.program = options.program;
  writing.wait_seconds = options.wait_seconds;
  writing.on_network = options.on_network;
  writing.follower = &keeper;
  IMREG_ASSIGN(auto writer, RecordWriter::open(options.database, writing));
  IMREG_TRY(check_format(writer.file()));
  report.notes = writer.notes();
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));

  RowFinder finder(writer.file(), roots);
  IMREG_TRY(finder.take(entries));
  std::vector<ImageStatistics> waiting;
  std::map<std::int64_t, Record> rows;  // that are named, in order, as they become
  Record old = writer.file().make_record();
  for (const auto& entry : entries) {
    const auto row = finder.row_of(entry);
    if (!row) {
      report.faults.push_back(row.status());
      continue;
    }
    if (*row < 0) {
      if (const Status room = may_wait(entry); room.ok())
        waiting.push_back(entry);
      else
        report.faults.push_back(fault(room.code(), entry, room.message()));
      continue;
    }
    auto at = rows.find(*row);
    if (at == rows.end()) {
      if (const Status whole = writer.file().read(*row, old); !whole.ok()) {
        report.faults.push_back(whole);
        continue;
      }
      at = rows.emplace(*row, old).first;
    }
    if (is_of_another_file(at->second.view(), entry))
      report.faults.push_back(fault(Code::mismatch, entry,
                                    "was measured when the file was another one than the registered one (size or "
                                    "time); register it and measure it again"));
    else
      put_statistics(at->second, entry);
  }
  if (!waiting.empty()) IMREG_TRY(add_pending(options, waiting));
  report.waiting = static_cast<std::int64_t>(waiting.size());
  std::erase_if(rows, [&](const auto& one) {
    const bool same = writer.file().read(one.first, old).ok() && old.bytes() == one.second.bytes();
    report.unchanged += same;
    return same;
  });
  if (rows.empty()) return report;
  auto at = rows.cbegin();
  IMREG_TRY(writer.commit_many([&](RowChange& change) -> Result<bool> {
    if (at == rows.cend()) return false;
    change.row = at->first;
    change.bytes = at->second.bytes();
    ++at;
    return true;
  }));
  report.updated = static_cast<std::int64_t>(rows.size());
  keeper.finish(writer.file());
  if (!keeper.note().empty()) report.notes.push_back(keeper.note());
  report.index_wants_merge = keeper.wants_merge();
  return report;
}

}  // namespace imreg

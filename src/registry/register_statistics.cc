// imstatreg: statistics go to their rows, found by name through the index; what has no row yet waits beside the database.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "imreg/index.h"
#include "imreg/registry.h"
#include "imreg/statistics.h"
#include "os/walk.h"
#include "registry/earlier_paths.h"
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

void refuse(StatisticsReport& report, std::size_t entry, Status why) {
  report.faults.push_back(std::move(why));
  report.faulty.push_back(entry);
}

// The rows that entries may mean.
class RowFinder {
 public:
  RowFinder(const RecordFile& file, const PathRoots& roots) : file_(file), roots_(roots) {}

  Status take(const std::vector<ImageStatistics>& entries) {
    std::set<std::string> names;
    for (const auto& entry : entries) {
      for (auto& name : image_names(entry)) names.insert(std::move(name));
    }
    names_.assign(names.begin(), names.end());
    return keys_.take(file_, roots_, names_);
  }
  /// Of the files, in order.
  const std::vector<std::string>& names() const { return names_; }

  /// The rows of a file (see file_key_of) that are not deleted.
  std::vector<std::int64_t> rows_of_file(const std::string& file_key) const {
    return without_deleted(keys_.rows_of(file_key, file_, roots_));
  }

  /// Why it is not known where files were before; ok when nobody asked.
  const Status& trouble() const { return trouble_; }

  /// -1: not registered. Errors: invalid (several).
  Result<std::int64_t> row_of(const ImageStatistics& entry) {
    std::vector<std::int64_t> rows;
    if (tells_folder(entry)) {
      const std::string path = roots_.expand(entry.path);
      rows = rows_of_file(file_key_of(path));
      if (rows.empty()) return row_where_it_is_now(entry, path);
    } else {
      for (const auto& name : image_names(entry)) {
        if (!rows.empty()) break;
        rows = rows_named(name);
      }
    }
    const std::vector<std::int64_t> meant = those_meant(rows, entry);
    if (meant.size() > 1) return several(meant, entry);
    // The file is registered and has no such image: nobody will come for it.
    if (meant.empty() && !rows.empty()) {
      std::string what = entry.extension >= 0 ? "extension " + std::to_string(entry.extension)
                         : entry.ccd >= 0     ? "CCD " + std::to_string(entry.ccd)
                                              : "";
      if (what.empty() || entry.slice > 0) what += (what.empty() ? "slice " : ", slice ") + std::to_string(entry.slice);
      return fault(Code::invalid, entry, "the file is registered, but no image of it has " + what);
    }
    return meant.empty() ? -1 : meant[0];
  }

 private:
  Result<std::int64_t> row_where_it_is_now(const ImageStatistics& entry, const std::string& path) {
    Record scratch = file_.make_record();
    std::vector<std::int64_t> rows = rows_named(name_of(path));
    std::erase_if(rows, [&](std::int64_t row) { return !has_moved_to(file_.peek(row, scratch), entry, path); });
    if (rows.empty() && is_missing(path)) {
      rows = without_deleted(rows_once_at(path));
      std::erase_if(rows, [&](std::int64_t row) { return is_of_another_file(file_.peek(row, scratch), entry); });
    }
    rows = those_meant(rows, entry);
    if (rows.size() > 1) return several(rows, entry);
    return rows.empty() ? -1 : rows[0];
  }

  // Before their files were moved.
  std::vector<std::int64_t> rows_once_at(const std::string& path) {
    if (!earlier_) {
      auto found = earlier_paths(file_, roots_, {names_.begin(), names_.end()});
      trouble_ = found.status();
      earlier_ = found ? *std::move(found) : std::unordered_map<std::string, std::vector<std::int64_t>>();
    }
    const auto at = earlier_->find(path);
    return at == earlier_->end() ? std::vector<std::int64_t>() : at->second;
  }

  std::vector<std::int64_t> those_meant(const std::vector<std::int64_t>& rows, const ImageStatistics& entry) const {
    Record scratch = file_.make_record();
    std::vector<std::int64_t> out;
    for (const std::int64_t row : rows) {
      if (is_meant(file_.peek(row, scratch), entry)) out.push_back(row);
    }
    return out;
  }

  Status several(const std::vector<std::int64_t>& rows, const ImageStatistics& entry) const {
    Record scratch = file_.make_record();
    const auto place = [&](std::int64_t row) {
      const RecordView record = file_.peek(row, scratch);
      return below(roots_.expand(record[regimage::kPathname]), record[regimage::kFilename]) + " CCD " +
             std::to_string(record[regimage::kCcd]);
    };
    return fault(Code::invalid, entry,
                 "may be one of " + counted(static_cast<long long>(rows.size()), "row") + " (" + place(rows[0]) + ", " +
                     place(rows[1]) + (rows.size() > 2 ? " ..." : "") +
                     "); say its whole path and its extension or ccd");
  }

  std::vector<std::int64_t> without_deleted(std::vector<std::int64_t> rows) const {
    Record scratch = file_.make_record();
    std::erase_if(rows, [&](std::int64_t row) { return file_.peek(row, scratch)[regimage::kDeleted]; });
    return rows;
  }

  std::vector<std::int64_t> rows_named(const std::string& name) {
    Record scratch = file_.make_record();
    if (by_name_.empty()) {
      for (const std::int64_t row : without_deleted(keys_.rows()))
        by_name_[std::string(file_.peek(row, scratch)[regimage::kFilename])].push_back(row);
    }
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::vector<std::int64_t>() : found->second;
  }

  const RecordFile& file_;
  const PathRoots& roots_;
  KeyTable keys_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::vector<std::int64_t>> by_name_;
  std::optional<std::unordered_map<std::string, std::vector<std::int64_t>>> earlier_;  // when it was asked for
  Status trouble_;
};

// Of which state of its file an entry is that does not tell, and whose file is there and not registered: of that one.
ImageStatistics with_state(ImageStatistics entry, const PathRoots& roots) {
  if (!tells_folder(entry) || entry.file_size > 0 || !std::isnan(entry.mtime)) return entry;
  const auto now = file_times(roots.expand(entry.path));
  if (!now) return entry;
  entry.file_size = now->size;
  entry.mtime = now->mtime;
  return entry;
}

// Before the first registration everything waits, with no database to lock: whoever makes it reads what waits behind that, so only
// one that appears meanwhile may have missed it.
Result<StatisticsReport> wait_for_database(const StatisticsOptions& options,
                                           const std::vector<ImageStatistics>& entries) {
  StatisticsReport report;
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
  std::vector<ImageStatistics> waiting;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (const Status room = may_wait(entries[i], roots); room.ok())
      waiting.push_back(with_state(entries[i], roots));
    else
      refuse(report, i, fault(room.code(), entries[i], room.message()));
  }
  if (waiting.empty()) return report;
  report.waiting = static_cast<std::int64_t>(waiting.size());
  IMREG_TRY(add_pending(options, roots, waiting, report.notes));
  if (!is_missing(options.database)) return register_statistics(options, entries);
  report.notes.push_back("there is no such database yet; imregister makes it, and takes the statistics that wait");
  return report;
}

}  // namespace

Result<StatisticsReport> register_statistics(const StatisticsOptions& options,
                                             const std::vector<ImageStatistics>& entries) {
  StatisticsReport report;
  if (options.may_wait && is_missing(options.database) && !is_link(options.database))
    return wait_for_database(options, entries);
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
  PendingStatistics pending;
  const auto load = [&] {
    const Status read = pending.load(options.database, roots, finder.names());
    if (!read.ok()) report.notes.push_back(read.text() + "; the statistics that wait in it are not used");
    return read.ok();
  };
  load();
  std::vector<ImageStatistics> waiting;
  std::set<std::string> behind_others;  // files of which something waits, although they are registered
  std::map<std::int64_t, Record> rows;  // that are named, in order, as they become
  Record old = writer.file().make_record();
  const auto row_at = [&](std::int64_t row) -> Result<Record*> {
    auto at = rows.find(row);
    if (at == rows.end()) {
      IMREG_TRY(writer.file().read(row, old));
      at = rows.emplace(row, old).first;
    }
    return &at->second;
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ImageStatistics& entry = entries[i];
    const auto row = finder.row_of(entry);
    if (!row) {
      refuse(report, i, row.status());
      continue;
    }
    if (*row < 0) {
      if (!options.may_wait) {
        refuse(report, i, fault(Code::not_found, entry, "is not registered with this name; was it moved?"));
      } else if (const Status room = may_wait(entry, roots); room.ok()) {
        waiting.push_back(with_state(entry, roots));
        ++report.waiting;
      } else {
        refuse(report, i, fault(room.code(), entry, room.message()));
      }
      continue;
    }
    const auto record = row_at(*row);
    if (!record) {
      refuse(report, i, record.status());
    } else if (is_of_another_file((*record)->view(), entry)) {
      refuse(report, i,
             fault(Code::mismatch, entry,
                   "was measured when the file was another one than the registered one (size or time); register it and "
                   "measure it again"));
    } else {
      // Where somebody died between the rows and what waited for them, this goes behind that: it waits, too.
      const RecordView image = (*record)->view();
      ImageStatistics behind = entry;
      behind.path = below(roots.expand(image[regimage::kPathname]), image[regimage::kFilename]);
      if (pending.any_of(image[regimage::kFilename]) && may_wait(behind, roots).ok()) {
        behind_others.insert(file_key_of(image, roots));
        waiting.push_back(std::move(behind));
      } else {
        put_statistics(**record, entry);
      }
    }
  }
  if (!finder.trouble().ok())
    report.notes.push_back(finder.trouble().text() + "; files that were moved are not found by their earlier paths");
  if (!waiting.empty()) IMREG_TRY(add_pending(options, roots, waiting, report.notes));
  if (!behind_others.empty() && load()) {
    for (const auto& file : behind_others) {
      std::vector<std::int64_t> numbers = finder.rows_of_file(file);
      std::vector<Record> records;
      std::erase_if(numbers, [&](std::int64_t row) {
        const bool whole = writer.file().read(row, old).ok();
        if (whole) records.push_back(old);
        return !whole;
      });
      std::vector<RecordView> images;
      for (const auto& record : records) images.push_back(record.view());
      for (const auto& [image, entry] : pending.of_file(images, roots, report.notes)) {
        IMREG_ASSIGN(Record* const record, row_at(numbers[image]));
        put_statistics(*record, *entry);
      }
    }
  }
  std::erase_if(rows, [&](const auto& one) {
    const bool same = writer.file().read(one.first, old).ok() && old.bytes() == one.second.bytes();
    report.unchanged += same;
    return same;
  });
  if (!rows.empty()) {
    auto at = rows.cbegin();
    IMREG_TRY(writer.commit_many([&](RowChange& change) -> Result<bool> {
      if (at == rows.cend()) return false;
      change.row = at->first;
      change.bytes = at->second.bytes();
      ++at;
      return true;
    }));
  }
  if (const Status forgot = pending.done(options, report.notes); !forgot.ok())
    report.notes.push_back("statistics that waited are in their rows, and still wait: " + forgot.text());
  if (rows.empty()) return report;
  report.updated = static_cast<std::int64_t>(rows.size());
  keeper.finish(writer.file());
  if (!keeper.note().empty()) report.notes.push_back(keeper.note());
  report.index_wants_merge = keeper.wants_merge();
  return report;
}

}  // namespace imreg

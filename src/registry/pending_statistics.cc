// Statistics that came before their image, in a record file of their own.
#include "registry/pending_statistics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "formats/pending.h"
#include "formats/regimage.h"
#include "imreg/backup.h"
#include "imreg/bulk_change.h"
#include "imreg/date.h"
#include "os/walk.h"
#include "registry/image_row.h"

namespace imreg {

namespace {

constexpr std::int64_t kManyGone = 4096;  // records that are marked as deleted before they are taken out

using Key = std::tuple<std::string, int, int, int>;
Key key_of_entry(const ImageStatistics& entry, const PathRoots& roots) {
  return {roots.expand(entry.path), entry.extension, entry.ccd, entry.slice};
}

// As rows have it: it follows when the folder of a root changes.
std::string stored_path(const std::string& path, const PathRoots& roots) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : below(roots.shorten(slash == 0 ? "/" : path.substr(0, slash)), name_of(path));
}

RecordWriter::Options writing(const StatisticsOptions& options) {
  RecordWriter::Options out;
  out.program = options.program;
  out.wait_seconds = options.wait_seconds;
  out.on_network = options.on_network;
  return out;
}

std::pair<Statistic, ImageStatistics::Value> values_of(const ImageStatistics& entry, int which) {
  const ImageStatistics::Value* const values[] = {&entry.bias, &entry.sky, &entry.fwhm};
  return {static_cast<Statistic>(which), *values[which]};
}

Record record_of(const ImageStatistics& entry, const PathRoots& roots, const Schema& schema) {
  Record record(static_cast<std::size_t>(schema.record_size));
  record.set(pending::kTime, current_time());
  record.set(pending::kMtime, entry.mtime);
  record.set(pending::kFilesize, entry.file_size);
  record.set(pending::kBias, entry.bias.value);
  record.set(pending::kSky, entry.sky.value);
  record.set(pending::kFwhm, entry.fwhm.value);
  record.set(pending::kSlice, entry.slice);
  record.set(pending::kCcd, entry.ccd);
  record.set(pending::kExtension, entry.extension);
  int states = 0;
  for (int i = 0; i < 3; ++i) {
    const auto [which, value] = values_of(entry, i);
    states |= static_cast<int>(value.state) << shift_of(which);
  }
  record.set(pending::kProcstate, states);
  (void)record.set(pending::kPath, stored_path(entry.path, roots));  // may_wait()
  return record;
}

ImageStatistics entry_of(RecordView record) {
  ImageStatistics entry;
  entry.mtime = record[pending::kMtime];
  entry.file_size = record[pending::kFilesize];
  entry.slice = record[pending::kSlice];
  entry.ccd = record[pending::kCcd];
  entry.extension = record[pending::kExtension];
  entry.path = record[pending::kPath];
  const auto value = [&](Statistic which, float number) {
    const int state = record[pending::kProcstate] >> shift_of(which) & 3;
    return ImageStatistics::Value{static_cast<ImageStatistics::State>(std::min(state, 2)), number};
  };
  entry.bias = value(Statistic::bias, record[pending::kBias]);
  entry.sky = value(Statistic::sky, record[pending::kSky]);
  entry.fwhm = value(Statistic::fwhm, record[pending::kFwhm]);
  return entry;
}

Status check_pending(const RecordFile& file) {
  if (file.is_native() && file.schema().format == pending::kFormat && file.schema().version == pending::kVersion)
    return {};
  return Status(Code::invalid, "holds no waiting statistics of this version; move it away").in_file(file.path());
}

// Calls visit(record, entry) for what waits and has a path that is wanted; tells how many were looked at that wait no more.
template <class Wanted, class Visit>
Result<std::int64_t> each_waiting(const RecordFile& file, const PathRoots& roots, const Wanted& wanted,
                                  const Visit& visit) {
  Record record = file.make_record();
  std::int64_t deleted = 0;
  for (std::int64_t i = 0; i < file.count(); ++i) {
    const RecordView seen = file.peek(i, record);
    deleted += seen[pending::kDeleted];
    if (seen[pending::kDeleted] || !wanted(std::string_view(seen[pending::kPath]))) continue;
    const Status whole = file.read(i, record);
    if (whole.code() == Code::corrupt) continue;  // imcheck -db X.db.pending tells
    IMREG_TRY(whole);
    if (record[pending::kDeleted]) continue;
    ImageStatistics entry = entry_of(record.view());
    entry.path = roots.expand(entry.path);
    visit(i, std::move(entry));
  }
  return deleted;
}

constexpr auto kAll = [](std::string_view) { return true; };

// None when there is no such file.
Result<std::optional<RecordFile>> open_pending(const std::string& database) {
  auto file = RecordFile::open(pending_path(database));
  if (!file && file.status().code() == Code::not_found) return std::optional<RecordFile>();
  IMREG_TRY(file.status());
  IMREG_TRY(check_pending(*file));
  return std::optional<RecordFile>(*std::move(file));
}

Result<RecordWriter> write_pending(const StatisticsOptions& options, bool make, std::vector<std::string>& notes) {
  const std::string path = pending_path(options.database);
  IMREG_TRY(open_pending(options.database).status());
  auto how = writing(options);
  how.like = options.database;
  auto writer = make ? RecordWriter::open_or_create(path, *builtin_format(pending::kFormat, pending::kVersion), how)
                     : RecordWriter::open(path, how);
  IMREG_TRY(writer.status());
  notes.insert(notes.end(), writer->notes().begin(), writer->notes().end());
  return writer;
}

// Whether nothing is lost without `old` where `fresh` comes behind it: it says all that `old` says of this state of the file,
// or the file has changed since.
bool replaces(const ImageStatistics& fresh, const ImageStatistics& old) {
  if (old.mtime < fresh.mtime) return true;
  const bool same_time = fresh.mtime == old.mtime || (std::isnan(fresh.mtime) && std::isnan(old.mtime));
  const bool same_state = same_time && fresh.file_size == old.file_size;
  if (!same_state && (fresh.file_size > 0 || !std::isnan(fresh.mtime))) return false;
  for (int i = 0; i < 3; ++i) {
    const auto none = ImageStatistics::State::none;
    if (values_of(fresh, i).second.state == none && values_of(old, i).second.state != none) return false;
  }
  return true;
}

}  // namespace

std::string pending_path(const std::string& database) { return database + ".pending"; }

Status may_wait(const ImageStatistics& entry, const PathRoots& roots) {
  const auto room = static_cast<std::size_t>(pending::kPath.count);
  const std::size_t size = stored_path(entry.path, roots).size();
  if (size <= room) return {};
  return {Code::invalid, "the path has " + std::to_string(size) + " bytes; what waits for its image has room for " +
                             std::to_string(room)};
}

Status add_pending(const StatisticsOptions& options, const PathRoots& roots,
                   const std::vector<ImageStatistics>& entries, std::vector<std::string>& notes) {
  const Schema& schema = *builtin_format(pending::kFormat, pending::kVersion);
  IMREG_ASSIGN(auto writer, write_pending(options, true, notes));
  std::map<Key, std::vector<const ImageStatistics*>> fresh;
  std::unordered_set<std::string> names;
  for (const auto& entry : entries) {
    auto& those = fresh[key_of_entry(entry, roots)];
    std::erase_if(those, [&](const auto* old) { return replaces(entry, *old); });
    those.push_back(&entry);
    names.insert(name_of(entry.path));
  }
  std::string added;
  for (const auto& entry : entries) {
    const auto& those = fresh[key_of_entry(entry, roots)];
    if (std::find(those.begin(), those.end(), &entry) != those.end()) added += record_of(entry, roots, schema).bytes();
  }
  std::vector<RowChange> changes;
  Record old = writer.file().make_record();
  IMREG_TRY(each_waiting(
                writer.file(), roots, [&](std::string_view path) { return names.contains(name_of(path)); },
                [&](std::int64_t row, const ImageStatistics& entry) {
                  const auto same = fresh.find(key_of_entry(entry, roots));
                  if (same == fresh.end() ||
                      std::none_of(same->second.begin(), same->second.end(),
                                   [&](const auto* one) { return replaces(*one, entry); }) ||
                      !writer.file().read(row, old).ok())
                    return;
                  old.set(pending::kDeleted, true);
                  changes.push_back({row, old.bytes()});
                })
                .status());
  return changes.empty() ? writer.append(std::move(added)) : writer.commit(changes, std::move(added));
}

Result<std::vector<ImageStatistics>> pending_statistics(const std::string& database) {
  std::vector<ImageStatistics> out;
  IMREG_ASSIGN(const auto file, open_pending(database));
  if (!file) return out;
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(database));
  IMREG_TRY(each_waiting(*file, roots, kAll, [&](std::int64_t, ImageStatistics entry) {
              out.push_back(std::move(entry));
            }).status());
  return out;
}

Result<std::vector<ImageStatistics>> forget_pending(const StatisticsOptions& options, const std::string& name,
                                                    std::vector<std::string>& notes) {
  std::vector<ImageStatistics> out;
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
  auto writer = write_pending(options, false, notes);
  if (!writer && writer.status().code() == Code::not_found) return out;
  IMREG_TRY(writer.status());
  const bool whole = name.find('/') != name.npos;
  const std::string path = whole ? roots.expand(name[0] == '$' ? name : absolute_path(name)) : name;
  std::vector<std::int64_t> gone;
  IMREG_TRY(each_waiting(writer->file(), roots, kAll, [&](std::int64_t row, ImageStatistics entry) {
              if ((whole ? entry.path : name_of(entry.path)) != path) return;
              gone.push_back(row);
              out.push_back(std::move(entry));
            }).status());
  IMREG_TRY(mark_deleted(*writer, std::move(gone)).status());
  return out;
}

Status PendingStatistics::load(const std::string& database, const PathRoots& roots,
                               const std::vector<std::string>& names) {
  waiting_.clear();
  by_name_.clear();
  given_.clear();
  if (is_missing(pending_path(database))) return {};
  IMREG_ASSIGN(const auto file, open_pending(database));
  if (!file) return {};
  uuid_ = file->uuid();
  const auto is_named = [&](std::string_view name) {
    return std::binary_search(names.begin(), names.end(), name, std::less<>());
  };
  const auto wanted = [&](std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (!name.ends_with(kElixirEnding)) return is_named(name);
    ImageStatistics entry;
    entry.path = roots.expand(path);
    entry.bias.state = ImageStatistics::State::measured;  // then it may have the most names
    const auto those = image_names(entry);
    return std::any_of(those.begin(), those.end(), is_named);
  };
  IMREG_ASSIGN(deleted_, each_waiting(*file, roots, wanted, [&](std::int64_t record, ImageStatistics entry) {
                 for (auto& name : image_names(entry)) by_name_.emplace(std::move(name), record);
                 waiting_.emplace(record, std::move(entry));
               }));
  return {};
}

std::vector<std::pair<std::size_t, const ImageStatistics*>> PendingStatistics::of_file(
    const std::vector<RecordView>& rows, const PathRoots& roots, std::vector<std::string>& notes) {
  std::vector<std::pair<std::size_t, const ImageStatistics*>> out;
  if (rows.empty()) return out;
  const RecordView file = rows[0];
  std::string key = file_key_of(file, roots);
  std::int64_t unclear = 0;
  const auto [from, to] = by_name_.equal_range(std::string(file[regimage::kFilename]));
  for (auto at = from; at != to; ++at) {
    const auto& [record, entry] = *waiting_.find(at->second);
    if (given_.contains(record)) continue;
    const bool here = tells_folder(entry) && file_key_of(entry.path) == key;
    if (tells_folder(entry) && !here && !has_moved_to(file, entry, entry.path)) continue;
    if (is_of_another_file(file, entry)) {
      if (here && entry.mtime < file[regimage::kMtime]) given_.insert(record);  // that file is no more
      continue;
    }
    std::vector<std::size_t> meant;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (is_meant(rows[i], entry)) meant.push_back(i);
    }
    if (meant.size() == 1) {
      out.emplace_back(meant[0], &entry);
      given_.insert(record);
    } else if (here || meant.size() > 1) {
      ++unclear;
    }
  }
  if (unclear > 0) {
    std::replace(key.begin(), key.end(), '\n', '/');
    notes.push_back(key + ": " + counted(unclear, "record") +
                    " of statistics wait for it and do not say which of its " +
                    counted(static_cast<long long>(rows.size()), "image") +
                    " they mean; imstatreg -pending lists them, and with -forget takes them out");
  }
  return out;
}

Status PendingStatistics::done(const StatisticsOptions& options, std::vector<std::string>& notes) {
  if (given_.empty()) return {};
  std::int64_t gone = 0, all = 0;
  {
    IMREG_ASSIGN(auto writer, write_pending(options, false, notes));
    if (writer.file().uuid() != uuid_) return {};  // imcheck compacts it: other records now
    IMREG_ASSIGN(gone, mark_deleted(writer, {given_.begin(), given_.end()}));
    gone += deleted_;
    all = writer.file().count();
  }
  if (gone < kManyGone || gone < all / 2) return {};
  CompactOptions compact;
  compact.program = options.program;
  compact.wait_seconds = options.wait_seconds;
  compact.on_network = options.on_network;
  // What stands in its way (a damaged record, which imcheck tells of; a full disk) is no trouble of these rows.
  (void)compact_database(pending_path(options.database), compact);
  return {};
}

bool put_statistics(Record& row, const ImageStatistics& entry) {
  const std::string before = row.bytes();
  static constexpr Field<float> kFields[] = {regimage::kBias, regimage::kSky, regimage::kFwhm};
  for (int i = 0; i < 3; ++i) {
    const auto [which, value] = values_of(entry, i);
    if (value.state == ImageStatistics::State::none) continue;
    row.set(kFields[i],
            value.state == ImageStatistics::State::measured ? value.value : std::numeric_limits<float>::quiet_NaN());
    set_statistic_state(row, which, static_cast<StatisticState>(value.state));
  }
  return row.bytes() != before;
}

bool is_of_another_file(RecordView row, const ImageStatistics& entry) {
  if (entry.file_size > 0 && row[regimage::kFilesize] > 0 && entry.file_size != row[regimage::kFilesize]) return true;
  // Nanoseconds in a double are good to some tenths of a microsecond.
  return std::abs(entry.mtime - row[regimage::kMtime]) > 1e-3;
}

bool has_moved_to(RecordView row, const ImageStatistics& entry, const std::string& path) {
  return entry.file_size > 0 && entry.file_size == row[regimage::kFilesize] &&
         std::abs(entry.mtime - row[regimage::kMtime]) <= 1e-3 && is_missing(path);
}

bool is_meant(RecordView row, const ImageStatistics& entry) {
  if (row[regimage::kSlice] != entry.slice) return false;
  if (entry.extension >= 0 && !is_unplaced(row)) return row[regimage::kExtension] == entry.extension;
  return entry.ccd < 0 || row[regimage::kCcd] == entry.ccd;
}

}  // namespace imreg

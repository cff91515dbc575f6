// Statistics that came before their image, in a record file of their own.
#include "registry/pending_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

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
Key key_of_entry(const ImageStatistics& entry) { return {entry.path, entry.extension, entry.ccd, entry.slice}; }

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

Record record_of(const ImageStatistics& entry, const Schema& schema) {
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
  (void)record.set(pending::kPath, entry.path);  // may_wait()
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

// Calls visit(record, entry) for all that wait.
template <class Visit>
Status each_waiting(const RecordFile& file, const Visit& visit) {
  Record record = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    const Status whole = file.read(i, record);
    if (whole.code() == Code::corrupt) continue;  // imcheck -db X.db.pending tells
    IMREG_TRY(whole);
    if (!record[pending::kDeleted]) visit(i, entry_of(record.view()));
  }
  return {};
}

// None when there is no such file.
Result<std::optional<RecordFile>> open_pending(const std::string& database) {
  auto file = RecordFile::open(pending_path(database));
  if (!file && file.status().code() == Code::not_found) return std::optional<RecordFile>();
  if (!file) return file.status();
  return std::optional<RecordFile>(*std::move(file));
}

}  // namespace

std::string pending_path(const std::string& database) { return database + ".pending"; }

Status may_wait(const ImageStatistics& entry) {
  const auto room = static_cast<std::size_t>(pending::kPath.count);
  if (entry.path.size() <= room) return {};
  return {Code::invalid, "the path has " + std::to_string(entry.path.size()) +
                             " bytes; what waits for its image has room for " + std::to_string(room)};
}

Status add_pending(const StatisticsOptions& options, const std::vector<ImageStatistics>& entries) {
  const std::string path = pending_path(options.database);
  const Schema& schema = *builtin_format(pending::kFormat, pending::kVersion);
  auto writer = RecordWriter::open(path, writing(options));
  if (!writer && writer.status().code() == Code::not_found) {
    auto made = writing(options);
    made.like = options.database;
    IMREG_TRY(RecordWriter::create(path, schema, made));
    writer = RecordWriter::open(path, writing(options));
  }
  IMREG_TRY(writer.status());
  std::map<Key, const ImageStatistics*> last;
  for (const auto& entry : entries) last[key_of_entry(entry)] = &entry;
  std::string added;
  for (const auto& [key, entry] : last) {
    added += record_of(*entry, schema).bytes();
  }
  std::vector<RowChange> changes;
  Record old = writer->file().make_record();
  IMREG_TRY(each_waiting(writer->file(), [&](std::int64_t row, const ImageStatistics& entry) {
    if (!last.contains(key_of_entry(entry)) || !writer->file().read(row, old).ok()) return;
    old.set(pending::kDeleted, true);
    changes.push_back({row, old.bytes()});
  }));
  return changes.empty() ? writer->append(std::move(added)) : writer->commit(changes, std::move(added));
}

Result<std::vector<ImageStatistics>> pending_statistics(const std::string& database) {
  std::vector<ImageStatistics> out;
  IMREG_ASSIGN(const auto file, open_pending(database));
  if (file) {
    IMREG_TRY(each_waiting(*file, [&](std::int64_t, ImageStatistics entry) { out.push_back(std::move(entry)); }));
  }
  return out;
}

Status PendingStatistics::load(const std::string& database) {
  by_name_.clear();
  given_.clear();
  if (is_missing(pending_path(database))) return {};
  IMREG_ASSIGN(const auto file, open_pending(database));
  if (!file) return {};
  return each_waiting(*file, [&](std::int64_t row, ImageStatistics entry) {
    const std::string name = name_of(entry.path);
    by_name_.emplace(name, Waiting{std::move(entry), row});
  });
}

bool PendingStatistics::fill(Record& row, const PathRoots& roots) {
  bool any = false;
  const auto [from, to] = by_name_.equal_range(std::string(row[regimage::kFilename]));
  for (auto at = from; at != to; ++at) {
    const auto& [entry, record] = at->second;
    if (entry.path.find('/') != entry.path.npos && file_key_of(entry.path) != file_key_of(row.view(), roots)) continue;
    if (!is_meant(row.view(), entry)) continue;
    if (!is_of_another_file(row.view(), entry)) {
      put_statistics(row, entry);
      any = true;
    }
    given_.push_back(record);  // or of a file that is no more: nobody shall have them
  }
  return any;
}

Status PendingStatistics::done(const StatisticsOptions& options) {
  if (given_.empty()) return {};
  std::sort(given_.begin(), given_.end());
  given_.erase(std::unique(given_.begin(), given_.end()), given_.end());
  const std::string path = pending_path(options.database);
  std::int64_t gone = 0;
  {
    IMREG_ASSIGN(auto writer, RecordWriter::open(path, writing(options)));
    IMREG_TRY(mark_deleted(writer, std::exchange(given_, {})).status());
    gone = writer.file().count();
  }
  by_name_.clear();
  if (gone < kManyGone) return {};
  CompactOptions compact;
  compact.program = options.program;
  compact.wait_seconds = options.wait_seconds;
  compact.on_network = options.on_network;
  return compact_database(path, compact).status();
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

bool is_meant(RecordView row, const ImageStatistics& entry) {
  if (row[regimage::kSlice] != entry.slice) return false;
  if (entry.extension >= 0 && !is_unplaced(row)) return row[regimage::kExtension] == entry.extension;
  return entry.ccd < 0 || row[regimage::kCcd] == entry.ccd;
}

}  // namespace imreg

// X.db.temps: records in runs, each in the order of time and probe (formats/temps.fmt).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/temps.h"
#include "imreg/record_file.h"
#include "temperature/temperature_log.h"

namespace imreg {

std::string temperature_path(const std::string& database);

/// A run of records: first..end-1.
struct TemperatureRun {
  std::int64_t first, end;
};
/// Records as they were when the file was opened: the order of a run that somebody merges meanwhile means nothing.
class TemperatureRecords {
 public:
  explicit TemperatureRecords(const RecordFile& file)
      : file_(file), scratch_(file.make_record()), copy_(file.make_record()) {}
  /// As it stands there, perhaps damaged. Until the next call.
  RecordView operator[](std::int64_t row) { return seen(file_.peek(row, scratch_)); }
  /// Its copy, until the next call of whole(); null: it is damaged.
  const Record* whole(std::int64_t row) {
    if (!file_.read(row, copy_).ok()) return nullptr;
    (void)seen(copy_.view());
    return &copy_;
  }
  /// One of those that were looked at has changed since: open the file again.
  bool changed() const { return changed_; }

 private:
  RecordView seen(RecordView record) {
    changed_ |= record[temps::kChangeno] > file_.change_number();
    return record;
  }
  const RecordFile& file_;
  Record scratch_, copy_;
  bool changed_ = false;
};

/// From the oldest on. What is damaged ends a run.
std::vector<TemperatureRun> runs_of(TemperatureRecords& records, const RecordFile& file);

/// The first whole record of from..end-1 that is at or behind (time, probe), or the end; quick when it is near `from`.
std::int64_t seek(TemperatureRecords& records, std::int64_t from, std::int64_t end, double time,
                  std::string_view probe);

/// None when there is no such file.
Result<std::optional<RecordFile>> open_temperatures(const std::string& database);

/// What stands around a time, not farther than `limit`. Damaged records say nothing. False: the file has changed since it was
/// opened, and must be opened again.
bool find_neighbours(const RecordFile& file, const std::vector<TemperatureRun>& runs, double time, double limit,
                     const std::vector<TemperatureOptions::Probe>& probes,
                     std::vector<TemperatureNeighbours>& of_probes);

}  // namespace imreg

// X.db.pending: statistics of images that are not registered yet.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "imreg/record.h"
#include "imreg/record_file.h"
#include "imreg/statistics.h"
#include "registry/path_roots.h"

namespace imreg {

std::string pending_path(const std::string& database);

/// Error: invalid, its path is too long.
Status may_wait(const ImageStatistics& entry);
/// Adds entries that may wait, durably; those that wait already are replaced. The caller holds the database's lock.
/// Errors: those of RecordWriter::open and append.
Status add_pending(const StatisticsOptions& options, const std::vector<ImageStatistics>& entries);

/// What waits, for a program that registers images: it holds the database's lock from load() to done().
class PendingStatistics {
 public:
  /// Cheap where nothing waits. Errors: those of RecordFile::open.
  Status load(const std::string& database);
  bool empty() const { return by_name_.empty(); }
  /// Gives a row that is to be written the statistics that wait for it. Whether there were any.
  bool fill(Record& row, const PathRoots& roots);
  /// Forgets what fill() has given, when the rows are durable. A crash before it is harmless: they are given again.
  Status done(const StatisticsOptions& options);

 private:
  struct Waiting {
    ImageStatistics entry;
    std::int64_t record;
  };
  std::multimap<std::string, Waiting> by_name_;  ///< of the file, without folder
  std::vector<std::int64_t> given_;              ///< records
};

/// Puts an entry into a row. False: it has these statistics.
bool put_statistics(Record& row, const ImageStatistics& entry);
/// Whether the entry is of another state of the file than the row.
bool is_of_another_file(RecordView row, const ImageStatistics& entry);
/// Whether a row of its file is the one that an entry means: by HDU when it is told, else by CCD, else any that is no slice.
bool is_meant(RecordView row, const ImageStatistics& entry);

}  // namespace imreg

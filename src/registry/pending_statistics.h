// X.db.pending: statistics of images that are not registered yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "imreg/record.h"
#include "imreg/record_file.h"
#include "imreg/statistics.h"
#include "registry/path_roots.h"

namespace imreg {

std::string pending_path(const std::string& database);

/// Error: invalid, its path is too long.
Status may_wait(const ImageStatistics& entry, const PathRoots& roots);
/// Adds entries that may wait, durably; those that wait already and say nothing more are replaced. The caller holds the
/// database's lock. `notes`: what recovery did. Errors: those of RecordWriter::open and append; invalid (another file).
Status add_pending(const StatisticsOptions& options, const PathRoots& roots,
                   const std::vector<ImageStatistics>& entries, std::vector<std::string>& notes);

/// What waits, for a program that writes rows: it holds the database's lock from load() to done().
class PendingStatistics {
 public:
  /// What waits for files with these names, which are in order. Errors: those of RecordFile::open; invalid (another file).
  Status load(const std::string& database, const PathRoots& roots, const std::vector<std::string>& names);
  bool empty() const { return by_name_.empty(); }
  /// Whether anything waits for a file of this name, in whatever folder.
  bool any_of(std::string_view name) const { return by_name_.contains(std::string(name)); }
  /// What the images of one file, as they are to be written, are to have with put_statistics(): number of the row, entry; in
  /// the order in which it came. Lives until the next load(). What may be of several of them goes on waiting, with a note.
  std::vector<std::pair<std::size_t, const ImageStatistics*>> of_file(const std::vector<RecordView>& rows,
                                                                      const PathRoots& roots,
                                                                      std::vector<std::string>& notes);
  /// Forgets what of_file() has given, when the rows are durable. A crash before it is harmless: it is given again, and what
  /// imstatreg has for such an image goes behind it. Errors: those of RecordWriter.
  Status done(const StatisticsOptions& options, std::vector<std::string>& notes);

 private:
  std::map<std::int64_t, ImageStatistics> waiting_;   ///< by record
  std::multimap<std::string, std::int64_t> by_name_;  ///< that the file may have, without folder; in order of records
  std::set<std::int64_t> given_;                      ///< records
  std::int64_t deleted_ = 0;                          ///< records that were so before
  std::string uuid_;                                  ///< of the file that has these records
};

/// Puts an entry into a row. False: it has these statistics.
bool put_statistics(Record& row, const ImageStatistics& entry);
/// Whether the entry is of another state of the file than the row.
bool is_of_another_file(RecordView row, const ImageStatistics& entry);
/// Whether the file of a row is the one that an entry was measured from, although it has its name in another folder: it is gone
/// there, and here is one with the size and the time that the entry tells. `path`: of the entry, whole.
bool has_moved_to(RecordView row, const ImageStatistics& entry, const std::string& path);
/// Whether a row of its file is the one that an entry means: by HDU when it is told, else by CCD, else any that is no slice.
bool is_meant(RecordView row, const ImageStatistics& entry);

}  // namespace imreg

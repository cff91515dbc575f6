// New files out of old ones: a database without its deleted rows, a copy of it that follows, and a database out of the copy.
// man 1 imbackup.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/record_file.h"
#include "imreg/status.h"

namespace imreg {

/// How far long work is: bytes or rows.
using OnProgress = std::function<void(std::int64_t done, std::int64_t all)>;

struct CompactOptions {
  std::string program = "imreg";  ///< named to others who wait for the lock
  double wait_seconds = 10;       ///< how long to wait for the lock
  bool on_network = false;        ///< as RecordWriter::Options
  IoObserver* observer = nullptr;
  /// For those who keep row numbers: rows from..from+count-1 of the old file are rows to..to+count-1 of the new one, told in
  /// order, under the lock, before the new file takes the place of the old one. Others are gone.
  std::function<void(std::int64_t from, std::int64_t to, std::int64_t count)> moved;
  OnProgress progress;  ///< rows
};

struct CompactReport {
  std::int64_t rows = 0;     ///< that stay
  std::int64_t removed = 0;  ///< that were marked as deleted; 0: the file is as it was
  std::int64_t bytes_before = 0, bytes_after = 0;
  std::string old_uuid, new_uuid;
  std::vector<std::string> notes;  ///< what recovery did, and what became of the index
};

/// Takes the rows that are marked as deleted out of a database: a new file, with another UUID, in one step. Readers that have
/// the old one open go on with it; writers wait. Errors: those of RecordWriter::open, io; corrupt: a row is damaged, and
/// nothing is done.
Result<CompactReport> compact_database(const std::string& path, const CompactOptions& options = {});

}  // namespace imreg

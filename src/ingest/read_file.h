// One file of the archive: as it was found, and what reading it gave.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "headers/header_table.h"
#include "imreg/camera.h"
#include "imreg/registry.h"
#include "ingest/file_table.h"
#include "ingest/layout.h"
#include "ingest/table_name.h"
#include "os/walk.h"
#include "registry/file_rows.h"

namespace imreg::ingest {

struct ArchiveFile {
  std::string path;
  FileTimes times{};
  LayoutNames said;        ///< by the archive's layout
  bool is_known = false;   ///< files.db has a row of it, and it has changed or was not done
  bool was_read = false;   ///< a run has ended what it does with it, well or not
  std::string moved_from;  ///< where it was until now

  FileClass what = FileClass::none;
  std::string reason;
  FileNames names;
  std::int64_t fingerprint = 0;
  double release = std::numeric_limits<double>::quiet_NaN();  ///< when it becomes public, seconds since 1970 UTC
  struct Row {
    std::string table;
    int hdu;
    headers::ParsedHeader parsed;
  };
  std::vector<Row> rows;
  FileRows images;  ///< for the registration database

  bool is_passed() const { return what == FileClass::foreign; }
  bool is_waiting() const { return what == FileClass::embargo; }
  bool is_failure() const { return rows.empty() && !is_passed() && !is_waiting(); }
  /// What was read of it before stays until it can be read: that it cannot be now says nothing about it.
  bool stays_as_it_was() const { return was_read && (what == FileClass::unreadable || what == FileClass::changing); }
};

struct ReadOptions {
  const Cameras& cameras;
  const RegisterOptions& registration;
  const PathRoots& roots;
  double public_at = std::numeric_limits<double>::infinity();  ///< what becomes public later waits
};

/// Everything that can be said of one file. Several threads may call it, each for another file and with its own reader.
void read_file(ArchiveFile& file, const ReadOptions& options, headers::HeaderReader& reader);

}  // namespace imreg::ingest

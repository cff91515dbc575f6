// Changing path roots: under the writer's lock, so that no two rows become the same image, and with a line in the history.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "imreg/history.h"
#include "imreg/record_file.h"
#include "registry/path_roots.h"

namespace imreg {

struct RootChangeOptions {
  std::string program, command;  ///< for the lock and the history
  bool dry_run = false;
  double wait_seconds = 10;
  bool on_network = false;
  IoObserver* observer = nullptr;
};

struct RootChangeReport {
  struct Root {
    std::string name, before, after;  ///< prefixes; empty: not defined
    std::int64_t rows = 0;            ///< that have it, in folders of its own
  };
  std::vector<Root> changed;
  std::vector<std::string> notes;  ///< what recovery did, and what is strange about a root
  PathRoots roots;                 ///< as they are then, or would be
  BulkChange change;               ///< as it stands in the history; id 0: nothing was logged
};

/// Defines or changes roots, NAME and PREFIX, at once and durably; with an empty PREFIX removes one. The database need not
/// exist yet. Errors: those of PathRoots and RecordWriter::open; invalid (rows would become the same image, rows use a root
/// that goes); nothing is changed then.
Result<RootChangeReport> change_roots(const std::string& database,
                                      const std::vector<std::pair<std::string, std::string>>& roots,
                                      const RootChangeOptions& options);

/// Takes back the n-th of the changes that are in force (History::newest), which is one of roots: each gets the prefix that it had.
/// Errors: those of change_roots() and History; mismatch (a root was changed again since).
struct RootUndo {
  BulkChange target;
  RootChangeReport report;
};
Result<RootUndo> undo_root_change(const std::string& database, std::int64_t n, const RootChangeOptions& options);

/// How many rows have a root; deleted ones, too.
std::int64_t rows_of_root(const RecordFile& file, const PathRoots& roots, const std::string& name);

/// Whether all rows with different keys still have different keys with other roots. Error: invalid, with two rows' key.
Status check_keys_stay_apart(const RecordFile& file, const PathRoots& before, const PathRoots& after);

}  // namespace imreg

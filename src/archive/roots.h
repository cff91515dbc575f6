// Path roots for people: defining them, turning a prefix of many rows into one, the list of them. man 5 imreg-roots.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "imreg/bulk_edit.h"
#include "imreg/status.h"
#include "registry/root_changes.h"

namespace imreg {

/// NAME and PREFIX of "NAME=PREFIX". Error: invalid.
Result<std::pair<std::string, std::string>> root_and_prefix(const std::string& option, const std::string& word);

std::string report_text(const RootChangeReport& report, bool dry_run);
std::string report_json(const RootChangeReport& report, bool dry_run);

/// A line for each root: $NAME, prefix, how many rows have it, and what this host has instead; or JSON lines. Errors: those of
/// PathRoots::load and RecordFile::open.
Result<std::string> list_of_roots(const std::string& database, bool json);

struct MakeRootReport {
  RootChangeReport root;
  BulkEditReport edit;
};
/// Defines a root, durably, and then turns PREFIX/rest of all rows into $NAME/rest, in one step. Between the two the database is
/// right, too: run again, it does what is left. Errors: those of change_roots() and edit_rows(); invalid (NAME is something
/// else already, another root stands for PREFIX).
Result<MakeRootReport> make_root(const std::string& name, const std::string& prefix, const std::string& command,
                                 const BulkEditOptions& options);
std::string report_text(const MakeRootReport& report);
std::string report_json(const MakeRootReport& report);

}  // namespace imreg

// Archives move: pathnames of many rows become others by rules; what was done, and undoing it. man 1 imrelocate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "imreg/bulk_edit.h"
#include "imreg/history.h"
#include "imreg/registry.h"
#include "imreg/status.h"

namespace imreg {

struct RelocateOptions {
  BulkEditOptions edit;                                         ///< database, go ...
  SearchOptions search;                                         ///< filters: only rows that imsearch would find
  std::vector<std::string> words;                               ///< rules: OLD NEW, or s|re|new|flags
  std::vector<std::pair<std::string, std::string>> rule_files;  ///< name and text of each, behind them
  std::optional<std::int64_t> look_for;  ///< -exists: so many files at their new places, 0 all of them
  std::string command;                   ///< for the history
};

struct RelocateReport {
  struct Rule {
    std::string text, place;
    std::string from, to;  ///< as the rule is understood; empty: a substitution
    std::int64_t matched = 0, changed = 0;
    std::vector<std::pair<std::string, std::string>> examples;  ///< path before, behind
  };
  std::vector<Rule> rules;
  BulkEditReport edit;
  bool looked = false;  ///< -exists
  std::int64_t files = 0, looked_for = 0, missing = 0;
  std::vector<std::string> first_missing;
  std::int64_t unknown = 0;              ///< files in folders that cannot be read
  std::vector<Status> first_unreadable;  ///< such folders

  bool in_order() const { return edit.in_order() && missing == 0 && unknown == 0; }
};

/// Changes pathnames (and names), or tells what it would do. Errors: those of edit_rows and of search(); invalid: a rule that
/// makes no sense.
Result<RelocateReport> relocate_paths(const RelocateOptions& options);
std::string report_text(const RelocateReport& report);
std::string report_json(const RelocateReport& report, const BulkEditOptions& options);
/// Rules that hit nothing, when others do, and those that exchange two folders; a line each.
std::vector<std::string> warnings_of(const RelocateReport& report);

struct UndoReport {
  BulkChange target;
  BulkEditReport edit;
  std::int64_t gone = 0;           ///< rows that a compaction took away
  std::vector<std::string> roots;  ///< of a change of path roots: what each is now, a line; its rows are in edit.rows
};
/// Takes back the n-th of the changes that are in force, the newest is 1: rows get back what they had where they still have what
/// the change gave them. Errors: those of edit_rows and History; not_found (there are not so many); invalid (files were moved
/// with it).
Result<UndoReport> undo_change(const BulkEditOptions& options, std::int64_t n);
std::string report_text(const UndoReport& report);
std::string report_json(const UndoReport& report, const BulkEditOptions& options);

enum class HistoryFormat : std::uint8_t { text, json };
/// What bulk changes did, a line each, the newest first, with the number that -undo takes. Errors: those of History::load.
Result<std::string> history_report(const std::string& database, HistoryFormat format);

}  // namespace imreg

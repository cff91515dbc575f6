// Rows that would get the same key: folder (expanded), name, extension, slice. Rows are compared only in folders that can hold such.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "imreg/bulk_edit.h"
#include "registry/path_roots.h"

namespace imreg {

class KeyCollisions {
 public:
  KeyCollisions(const RecordFile& file, const PathRoots& roots) : file_(file), roots_(roots) {}

  /// A row of the plan that changes.
  void take(RecordView old, RecordView fresh);
  /// Behind the last one. `changes`: a bit for each row. Errors: those of the editor.
  Status find(RowEditor& editor, const std::vector<bool>& changes, BulkEditReport& report);

 private:
  struct Target {
    std::string source;    ///< the folder that its rows come from, expanded
    bool suspect = false;  ///< rows in it may have the same key
  };
  struct Entry {
    std::uint64_t hash;
    std::int64_t row;
    bool operator<(const Entry& other) const { return hash != other.hash ? hash < other.hash : row < other.row; }
  };

  RowSet rows_in_targets() const;
  Status mark_folders_with_rows(RowEditor& editor, const std::vector<bool>& changes, const RowSet& there);
  Status compare(std::vector<Entry>& entries, RowEditor& editor, const std::vector<bool>& changes,
                 BulkEditReport& report);
  bool is_suspect(const std::string& folder) const;

  const RecordFile& file_;
  const PathRoots& roots_;
  std::unordered_map<std::string, Target> targets_;  ///< by folder, expanded
  bool any_ = false;
  std::string last_old_, last_fresh_, last_source_, last_folder_;  ///< neighbours usually agree; the last two expanded
  Target* last_ = nullptr;
  std::int64_t arriving_ = 0;
};

}  // namespace imreg

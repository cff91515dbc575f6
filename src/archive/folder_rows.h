// The rows of a database by the folder that their file is in, in one pass, and the files of one folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imreg/record_file.h"
#include "registry/path_roots.h"

namespace imreg::archive {

/// A file as its rows tell of it.
struct RowsOfFile {
  std::string name;
  std::int64_t row = -1;  ///< the first one
  std::int64_t rows = 0;
  std::int64_t size = 0;         ///< 0: not known
  double mtime = 0;              ///< NaN: not known
  std::int64_t fingerprint = 0;  ///< 0: not known
  bool agree = true;             ///< all rows say the same of it
};

struct FolderOfRows {
  struct Run {
    std::int64_t from, end;
  };
  std::string path;       ///< expanded
  std::string root;       ///< the name of the root that its rows begin with
  std::vector<Run> runs;  ///< rows, deleted ones between them
  std::int64_t rows = 0;  ///< without those
};

/// Deleted rows are no rows here. Fields that a format does not have are not known.
class FolderRows {
 public:
  /// Errors: invalid (no field pathname or filename).
  static Result<FolderRows> take(const RecordFile& file, const PathRoots& roots, int jobs);

  const std::vector<FolderOfRows>& folders() const { return folders_; }  ///< in the order of their paths
  /// The place of a folder in folders(), or -1.
  std::int64_t find(const std::string& path) const;
  /// In the order of their names. Damaged rows are counted, once in a run, and left out: those that are looked at because
  /// something is wrong with their file (see whole()).
  std::vector<RowsOfFile> files_of(const FolderOfRows& folder) const;
  /// Whether a row is what was written: rows are not checked before something is said of them.
  bool whole(std::int64_t row) const;
  std::string name_of(std::int64_t row) const;

 private:
  explicit FolderRows(const RecordFile& file) : file_(&file) {}
  struct Pass;
  bool deleted(RecordView row) const { return deleted_ && row[*deleted_]; }

  const RecordFile* file_;
  Field<Text> pathname_, filename_;
  std::optional<Field<bool>> deleted_;
  std::optional<Field<std::int64_t>> size_, fingerprint_;
  std::optional<Field<double>> mtime_;
  std::vector<FolderOfRows> folders_;
  std::unordered_map<std::string, std::int64_t> places_;
};

}  // namespace imreg::archive

// Which files of a folder are new to the database: a look at each file's size and time, and not into it.
#include <algorithm>
#include <cmath>

#include "imreg/registry.h"
#include "os/file.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/key_table.h"
#include "registry/own_files.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

constexpr std::size_t kAtOnce = 8192;  // files
constexpr double kSameTime = 1e-6;     // seconds: what a double of our time can tell apart

class Known {
 public:
  Known(const RecordFile& file, const PathRoots& roots) : file_(file), roots_(roots) {}
  Status take(const std::vector<std::string>& names) { return keys_.take(file_, roots_, names); }
  bool has(const std::string& path, const FileTimes& now) const {
    Record scratch = file_.make_record();
    const auto rows = keys_.rows_of(file_key_of(path), file_, roots_);
    return std::any_of(rows.begin(), rows.end(), [&](std::int64_t row) {
      const RecordView record = file_.peek(row, scratch);
      return !record[regimage::kDeleted] && record[regimage::kFilesize] == now.size &&
             std::abs(record[regimage::kMtime] - now.mtime) <= kSameTime;
    });
  }

 private:
  const RecordFile& file_;
  const PathRoots& roots_;
  KeyTable keys_;
};

}  // namespace

Result<std::vector<std::string>> files_to_register(const std::string& database, const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  const OwnFiles own(database);
  if (is_missing(database)) {
    std::copy_if(paths.begin(), paths.end(), std::back_inserter(out),
                 [&](const std::string& path) { return !own.have(path); });
    return out;
  }
  IMREG_ASSIGN(const RecordFile file, open_database(database));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(database));
  Known known(file, roots);
  for (std::size_t from = 0; from < paths.size(); from += kAtOnce) {
    const std::size_t end = std::min(paths.size(), from + kAtOnce);
    std::vector<std::string> names;
    for (std::size_t i = from; i < end; ++i) names.push_back(name_of(paths[i]));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    IMREG_TRY(known.take(names));
    for (std::size_t i = from; i < end; ++i) {
      const auto now = file_times(paths[i]);
      if (now && !own.have(paths[i]) && !known.has(absolute_path(paths[i]), *now)) out.push_back(paths[i]);
    }
  }
  return out;
}

}  // namespace imreg

// What an ingest has to do: the files of the trees beside those that files.db knows.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "imreg/ingest.h"
#include "ingest/file_table.h"
#include "ingest/layout.h"
#include "ingest/read_file.h"

namespace imreg::ingest {

struct FoundFiles {
  struct File {
    std::string path;
    LayoutNames said;
    FileTimes times;
  };
  std::vector<std::string> trees;  ///< absolute
  std::vector<File> files;         ///< in order of their paths
  std::int64_t outside = 0;        ///< files that the layout does not have
  std::vector<Status> faults;      ///< folders that cannot be read
};
/// Error: not_found (no such tree).
Status check_trees(const std::vector<std::string>& trees);
/// All files of the trees, but the record files of ingests, those of `folder` first, and what lies in folders of `pictures`. Errors: those of
/// check_trees().
Result<FoundFiles> find_files(const std::vector<std::string>& trees, const Layout& layout, const std::string& folder,
                              const std::vector<std::string>& pictures = {});

struct Work {
  std::vector<ArchiveFile> files;  ///< new or changed, those of an observation together
  std::vector<std::pair<std::string, FileTable::Known>> elsewhere;  ///< known, and not found: by path
  std::vector<std::string> gone;                                    ///< those of them that are gone
  std::vector<IngestedFile> impossible;                             ///< their paths are too long for files.db
  std::vector<Status>
      empty;  ///< trees that hold nothing, and did: perhaps they are not mounted, and nothing of them is gone
  std::int64_t held = 0;  ///< files that are not there and are not taken for gone: not everything could be looked at
  std::int64_t unchanged = 0;
  std::vector<std::int64_t> known;  ///< their rows in files.db
  std::int64_t failed_before = 0;   ///< of them: they failed when they were read
};
/// `again`: all of the trees, changed or not; `now`: what waited for its release until then is to be read.
Work sort_out(const FoundFiles& found, FileTable& table, bool again, double now);

/// Files that are known and stand no more where they stood, by what tells a file wherever it is.
class Moves {
 public:
  explicit Moves(const std::vector<std::pair<std::string, FileTable::Known>>& elsewhere);
  /// Whether one that is known has its size and time: whose fingerprint is worth knowing.
  bool may_have(const ArchiveFile& file) const;
  /// Where this new file was until now; empty: it is new. What was taken once is not taken again.
  std::string take(const ArchiveFile& file);

 private:
  using Identity = std::tuple<std::int64_t, double, std::int64_t>;  // size, time, fingerprint
  struct Place {
    std::string path;
    bool was_gone;  // before this run
  };
  std::multimap<Identity, Place> paths_;
};

}  // namespace imreg::ingest

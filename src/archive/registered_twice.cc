// Files with the same fingerprint and size stand together when they are sorted.
#include "archive/registered_twice.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "os/walk.h"

namespace imreg::archive {

void find_registered_twice(std::vector<FileSeen> files, const FolderRows& rows,
                           const std::function<void(std::int64_t, FileFinding)>& tell) {
  std::sort(files.begin(), files.end());
  std::optional<std::pair<std::string, struct statx>> first;  // of the files that are the same
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& file = files[i];
    const auto same_as = [&](const FileSeen& other) {
      return other.fingerprint == file.fingerprint && other.size == file.size;
    };
    const bool before = i > 0 && same_as(files[i - 1]), behind = i + 1 < files.size() && same_as(files[i + 1]);
    if (!before) first.reset();
    if (!before && !behind) continue;
    const std::string path = below(rows.folders()[static_cast<std::size_t>(file.folder)].path, rows.name_of(file.row));
    struct statx now {};
    if (!rows.whole(file.row) ||
        ::statx(AT_FDCWD, path.c_str(), AT_STATX_SYNC_AS_STAT, STATX_INO | STATX_NLINK, &now) != 0)
      continue;
    if (!first) {
      first.emplace(path, now);
      continue;
    }
    const auto& one = first->second;
    const bool same =
        one.stx_ino == now.stx_ino && one.stx_dev_major == now.stx_dev_major && one.stx_dev_minor == now.stx_dev_minor;
    tell(file.folder, {FileFinding::Kind::twice, path, first->first,
                       same ? "is the same file as" : "has the headers and the size of", file.row, 1, 0});
  }
}

}  // namespace imreg::archive

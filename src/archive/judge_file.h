// What a file is beside its rows, and what a file without rows is.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "archive/folder_rows.h"
#include "imreg/camera.h"
#include "imreg/find_files.h"
#include "registry/path_roots.h"

namespace imreg::archive {

/// A file that is not where its rows say.
struct MissingFile {
  std::int64_t folder = 0;  ///< in FolderRows::folders()
  RowsOfFile rows;
};

/// A file that is there, for finding images that are registered twice.
struct FileSeen {
  std::int64_t fingerprint, size, folder, row;
  bool operator<(const FileSeen& other) const {
    return std::tie(fingerprint, size, folder, row) < std::tie(other.fingerprint, other.size, other.folder, other.row);
  }
};

/// What was found out about some files of a folder.
struct Judged {
  FileCounts counts;
  bool some_there = false;
  std::vector<FileFinding> findings;
  std::vector<MissingFile> missing;
  std::vector<FileSeen> seen;
};

/// A folder that is being looked at.
struct OpenFolder {
  std::int64_t number;  ///< in FolderRows::folders()
  const FolderOfRows& folder;
  int fd;
};

class FileJudge {
 public:
  FileJudge(const FolderRows& rows, const PathRoots& roots, const FindFilesOptions& options, bool want_missing)
      : rows_(rows), roots_(roots), options_(options), want_missing_(want_missing) {}

  void registered(const OpenFolder& in, const RowsOfFile& file, Judged& out) const;
  /// By imregister's own judgement: what it would register, or say that it cannot.
  void unregistered(const OpenFolder& in, const std::string& name, Judged& out);
  /// Whether the camera tables could be read, if they were needed.
  Status cameras_read() const { return cameras_ ? cameras_->status() : Status(); }

 private:
  const Cameras* cameras();

  const FolderRows& rows_;
  const PathRoots& roots_;
  const FindFilesOptions& options_;
  bool want_missing_;
  std::once_flag cameras_once_;
  std::optional<Result<Cameras>> cameras_;
};

/// Whether an error of open() or stat() says that nothing is there.
bool is_gone(int error);
/// The fingerprint of a file's headers; nothing is waited for. Errors: those of read_fits_headers; corrupt (cut).
Result<std::int64_t> fingerprint_of(const std::string& path);

}  // namespace imreg::archive

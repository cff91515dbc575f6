// Quicklook pictures of the files of an archive, in step with files.db: acsql's of the ACS, of all others one of each file with an image.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/camera.h"
#include "imreg/ingest.h"
#include "imreg/look.h"
#include "ingest/file_table.h"
#include "ingest/log.h"

namespace imreg::ingest {

/// Error: invalid, a tree lies in a folder of pictures.
Status check_picture_folders(const IngestOptions& options);

class Pictures {
 public:
  /// All of them outlive it.
  Pictures(const IngestOptions& options, const Cameras& cameras, FileTable& table, Log& log, PictureReport& report);
  /// The folders, and in them nothing of killed runs.
  void begin();
  /// Before files.db says that a file has moved or changed: its pictures go to where they are looked for then, or go.
  void follow(const Record& old, const Record& fresh);
  /// Of files that files.db has as done. `again`: also those that are up to date.
  void make(const std::vector<Record>& rows, bool again);
  /// What other runs have left to do: pictures of `known` files (rows of files.db), which have not changed, that are missing or made in another
  /// way; pictures of files that are gone. `done` is called for some files at once. Error: io, the log.
  Status catch_up(const std::vector<std::int64_t>& known, const std::function<void(std::int64_t files)>& done);

 private:
  std::vector<KeptPicture> names(RecordView row) const;
  bool is_of_another(RecordView row);
  const std::string& folder_for(const KeptPicture& picture) const;
  void stop(const Status& why);
  void remove_of_gone();

  const IngestOptions& options_;
  const Cameras& cameras_;
  FileTable& table_;
  Log& log_;
  PictureReport& report_;
  KeepOptions acsql_, others_;
};

}  // namespace imreg::ingest

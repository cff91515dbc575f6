// Refuses to write to what is no registration database, and to make one over something, beside the journal of an earlier one, or in no folder.
#include "registry/new_database.h"

#include <sys/stat.h>

#include "formats/regimage.h"
#include "os/file.h"
#include "os/walk.h"
#include "record/journal.h"

namespace imreg {

Status check_format(const RecordFile& file) {
  const auto& schema = file.schema();
  if (schema.format == regimage::kFormat && schema.version == regimage::kVersion && file.is_native()) return {};
  if (schema.format == regimage::kFormat)
    return Status(Code::invalid, "is a database of Elixir, which is only read; convertimreg makes one of ours of it")
        .in_file(file.path());
  return Status(Code::invalid, "is a record file of format " + schema.format + ", not a registration database")
      .in_file(file.path());
}

Status no_folder(const std::string& path) {
  return Status(Code::not_found, "its folder does not exist; make the folder first").in_file(path);
}

bool is_link(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

Status check_new_database(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0)  // also a link to nowhere
    return Status(Code::invalid, "exists already; remove it or take another name").in_file(path);
  if (holds_changes(path + ".journal")) {
    return Status(Code::invalid, "holds changes of an earlier database of this name; move it away")
        .in_file(path + ".journal");
  }
  return is_folder(folder_of(path)) ? Status() : no_folder(path);
}

}  // namespace imreg

// A file that appears under its name only when it is whole.
#pragma once

#include <string>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg::cli {

/// Written beside its place under a temporary name, which is removed when it is not kept: also when Ctrl-C or kill ends
/// the program. One at a time.
class NewFile {
 public:
  /// Refuses a folder, and a database that programs write to (its lock or journal lies beside it). Errors: invalid, io.
  static Result<NewFile> create(const std::string& path);

  int descriptor() const { return file_.fd(); }
  /// Makes it durable and gives it its name; what had the name is gone.
  Status keep();

  NewFile() = default;
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

 private:
  File file_;
  std::string path_;
  std::string temporary_;  // empty: nothing to remove
};

}  // namespace imreg::cli

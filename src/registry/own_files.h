// The files of a database, among others in a folder.
#pragma once

#include <string>

namespace imreg {

/// The database and what lies beside it: a folder that is registered may hold them, and they are no input.
class OwnFiles {
 public:
  explicit OwnFiles(const std::string& database);
  bool have(const std::string& path) const;

 private:
  std::string name_;
  std::string base_;  // without symbolic links
};

}  // namespace imreg

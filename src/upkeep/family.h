// The files of a database: which of those beside a record file are data, and which can be made again.
#pragma once

#include <string>
#include <vector>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

struct Member {
  std::string path;
  std::string name;    ///< below the folder of the database, with Imreg for the name of the database itself
  bool table = false;  ///< a record file of ours: copied by rows
};

/// Everything that belongs to the database but its main file: tables, then plain files, each in the order of names.
///
/// Of X.db these are X.heap and all X.db.*, also in folders of that name, by rule, so that what later releases put there is
/// copied too; not what is of the moment or made again: lock, journal, idx, unfinished files. Imreg.db is the
/// database of its folder: the other record files of ours there and in headers/ belong to it, with their X.db.*.
/// Error: io.
Result<std::vector<Member>> family_of(const std::string& database);

/// Files and folders that are made where nothing was, so that work that fails leaves nothing behind.
class NewPlaces {
 public:
  /// Makes the folder of a file, and those above it. Error: io.
  Status make_folder_of(const std::string& path);
  /// Before a file is made.
  void will_make(const std::string& file);
  /// All of it goes, but for folders that somebody else uses.
  void clear_away(IoObserver* observer);

 private:
  std::vector<std::string> made_;  ///< in order
};

/// Something is called so, be it a link that leads nowhere.
bool is_there(const std::string& path);
/// Makes the folder of a path, and those above it. Error: io.
Status make_folder_of(const std::string& path);
/// The same content? False also when one of them is not there.
bool same_content(const std::string& a, const std::string& b);
/// Copies a plain file in one step, with its folder when that is missing. Error: io.
Status copy_plain(const std::string& from, const std::string& to, IoObserver* observer);
/// Which file it is, and when and to which size it was last written; empty: there is none.
std::string stamp_of(const std::string& path);

}  // namespace imreg

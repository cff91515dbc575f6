// A file, or a folder with all that is in it, as the disk has it: listed, copied, compared, removed. Links are never followed.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"

namespace imreg::archive {

/// Of what is at a path itself. Error: not_found, io.
Result<struct stat> look_at(const std::string& path);
/// The same, but what is not there is no error.
Status unless_missing(const Status& status);
/// True also when nobody can tell: what may be there is not overwritten and not forgotten.
bool exists(const std::string& path);
/// Two paths with the same one can be renamed into each other.
std::pair<std::uint64_t, std::uint64_t> file_system_of(const std::string& path);

struct TreeEntry {
  std::string rest;  ///< behind the top: "", "/x.fits"
  struct stat info;
};
/// A folder stands before what is in it. Errors: io; invalid (another file system is mounted in it).
Result<std::vector<TreeEntry>> tree_of(const std::string& top);

/// Takes a name that must be free.
Status rename_to_free(const std::string& from, const std::string& to, IoObserver* observer);
/// Content, mode, owner where that is allowed, and times; durable but for its name,
/// and compared by reading both. `to` must not exist.
Status copy_tree(const std::string& from, const std::string& to, IoObserver* observer,
                 const std::function<void(std::int64_t bytes)>& copied);
/// The same names, kinds, sizes and times of files, and targets of links. Error: mismatch, with the first that differs.
Status compare_trees(const std::string& from, const std::string& copy);
/// Ok when there is none. As with what follows, the folder of `path` is the caller's to sync.
Status remove_tree(const std::string& path, IoObserver* observer);
/// What the copy has too, of the same size and time. What was changed or added meanwhile stays, and is named.
Status remove_copied(const std::string& from, const std::string& copy, IoObserver* observer,
                     std::vector<std::string>& left);

}  // namespace imreg::archive

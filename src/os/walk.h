// Files below a folder, in a fixed order; a folder that two links reach is entered by each, a loop only once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/status.h"

namespace imreg {

/// Size and modification time (seconds since 1970), through links.
struct FileTimes {
  std::int64_t size;
  double mtime;
};

struct Walk {
  std::vector<std::string> files;  ///< regular files, sorted folder by folder
  std::vector<FileTimes> times{};  ///< of each
  /// Pipes, sockets, devices: path, and what it is. Only named: opening one can wake a writer or move a tape.
  std::vector<std::pair<std::string, std::string>> special;
  std::vector<Status> faults;  ///< folders that cannot be read, loops of links
};

/// The names in a folder in their order, hidden ones too, without . and .. Error: io.
Result<std::vector<std::string>> names_in(const std::string& folder);

/// Hidden names (.git) are left out; links are followed, a folder that contains itself is a fault, named once.
Walk walk_folder(const std::string& folder);

bool is_folder(const std::string& path);
/// Device and inode, through links; zeros when there is nothing.
using Inode = std::pair<std::uint64_t, std::uint64_t>;
Inode inode_of(const std::string& path);
/// None when there is no such regular file.
std::optional<FileTimes> file_times(const std::string& path);
/// Not through a link.
bool is_folder_itself(const std::string& path);
/// "/a/b": a name in a folder; "/" has no slash too many.
std::string below(std::string_view folder, std::string_view name);
/// What is behind the last slash.
std::string name_of(std::string_view path);
/// Nothing has this name; false when that cannot be known.
bool is_missing(const std::string& path);
/// Absolute, without `.` and `..`, symbolic links kept, no trailing slash.
std::string absolute_path(const std::string& path);

}  // namespace imreg

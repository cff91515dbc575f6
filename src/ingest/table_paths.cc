// Where the tables of a folder stand. Apart from what writes them: imsearch needs no more.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "imreg/ingest.h"
#include "ingest/tables.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace {

constexpr char kFolder[] = "headers";
constexpr std::string_view kEnding = ".db";

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0 || (errno == EEXIST && is_folder(path))) return {};
  if (errno == EEXIST) return Status(Code::io, "is a file, and -db names the folder of the tables").in_file(path);
  return os_error(path, "the folder cannot be made", errno);
}

}  // namespace

namespace ingest {

Status make_ingest_folder(const std::string& folder) {
  IMREG_TRY(make_folder(folder));
  return make_folder(below(folder, kFolder));
}

std::string table_path(const std::string& folder, const std::string& name) {
  return below(below(folder, kFolder), name) + std::string(kEnding);
}

}  // namespace ingest

Result<std::vector<std::string>> header_tables(const std::string& folder) {
  const std::string place = below(folder, kFolder);
  if (is_missing(place)) return std::vector<std::string>{};
  IMREG_ASSIGN(auto names, names_in(place));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(kEnding); });
  for (auto& name : names) name.resize(name.size() - kEnding.size());
  return names;
}

Result<std::string> header_table_path(const std::string& folder, const std::string& table) {
  for (const char* const own : {"files", "master", "datasets"}) {
    if (equal_nocase(table, own)) return below(folder, std::string(own) + std::string(kEnding));
  }
  IMREG_ASSIGN(const auto names, header_tables(folder));
  if (std::find(names.begin(), names.end(), to_lower(table)) != names.end())
    return ingest::table_path(folder, to_lower(table));
  const std::string near = nearest_names(table, names);
  return Status(Code::not_found, "there is no header table \"" + visible(table) + "\" in " + folder +
                                     (names.empty()  ? ": imingest makes them"
                                      : near.empty() ? "; imkeys lists them"
                                                     : "; near: " + near));
}

}  // namespace imreg

// Opens tables, and keeps a few open: an archive has hundreds.
#include "ingest/tables.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "imreg/ingest.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace {

constexpr std::size_t kMostOpen = 64;
constexpr char kFolder[] = "headers";
constexpr std::string_view kEnding = ".db";

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0 || (errno == EEXIST && is_folder(path))) return {};
  return os_error(path, "the folder cannot be made", errno);
}

}  // namespace

namespace ingest {

Status make_ingest_folder(const std::string& folder) {
  IMREG_TRY(make_folder(folder));
  return make_folder(below(folder, kFolder));
}

Result<headers::HeaderTable*> Tables::open(const std::string& name) {
  order_.remove(name);
  order_.push_front(name);
  if (const auto found = open_.find(name); found != open_.end()) return &found->second;
  if (order_.size() > kMostOpen) {
    open_.erase(order_.back());
    order_.pop_back();
  }
  const std::string path = below(below(folder_, kFolder), name) + std::string(kEnding);
  IMREG_ASSIGN(auto table, headers::HeaderTable::open(path, headers::empty_schema(name), options_));
  return &open_.emplace(name, std::move(table)).first->second;
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
  IMREG_ASSIGN(const auto names, header_tables(folder));
  if (std::find(names.begin(), names.end(), to_lower(table)) != names.end())
    return below(below(folder, kFolder), to_lower(table)) + std::string(kEnding);
  const std::string near = nearest_names(table, names);
  return Status(Code::not_found, "there is no header table \"" + visible(table) + "\" in " + folder +
                                     (names.empty()  ? ": imingest makes them"
                                      : near.empty() ? "; imkeys lists them"
                                                     : "; near: " + near));
}

}  // namespace imreg

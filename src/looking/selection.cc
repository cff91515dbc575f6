// Rows to pictures.
#include "looking/selection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

#include "base/text.h"
#include "cli/filter_options.h"
#include "imreg/query.h"
#include "imreg/registry.h"
#include "os/file.h"
#include "os/walk.h"
#include "registry/path_roots.h"

namespace imreg::cli {

bool selects_rows(const Parsed& args) {
  return args.has("db") || args.has("i") || std::any_of(args.uses.begin(), args.uses.end(), [](const Use& use) {
           return is_search_filter(use.name) || use.name == "where";
         });
}

Result<std::vector<SheetEntry>> selected_exposures(const Parsed& args, Settings& settings) {
  if (args.has("i") && args.has("db"))
    return Status(Code::invalid, "-i RESULT, or -db F: rows of one of them; leave one out");
  SearchOptions search;
  IMREG_TRY(read_filters(args, settings, search));
  if (args.has("i")) search.database = args.word("i");
  IMREG_ASSIGN(const RecordFile file, open_database(search.database));
  IMREG_ASSIGN(const auto roots, PathRoots::load(search.database));
  // The result of a search may have some of them only.
  constexpr std::array<const char*, 8> kFields = {"pathname", "filename", "mode",    "object",
                                                  "filter",   "type",     "obstime", "exptime"};
  std::vector<std::string> names;
  std::array<std::optional<std::size_t>, kFields.size()> column_of;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (!file.schema().find(kFields[i])) continue;
    column_of[i] = names.size();
    names.emplace_back(kFields[i]);
  }
  if (!column_of[0] || !column_of[1])
    return Status(Code::invalid,
                  "has no fields pathname and filename, which say where the images are: give them to imsearch -fields")
        .in_file(search.database);
  if (column_of[6]) search.sort = "obstime";
  IMREG_ASSIGN(const auto found, read_columns(file, search, names));
  const auto text = [&](std::size_t field, std::size_t row) -> std::string {
    if (!column_of[field]) return {};
    const Column& of = found.columns[*column_of[field]];
    return of.texts[of.codes[row]];
  };
  const auto number = [&](std::size_t field, std::size_t row) -> std::optional<double> {
    if (!column_of[field]) return {};
    const double value = found.columns[*column_of[field]].numbers[row];
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
  };
  std::vector<SheetEntry> out;
  // By file; of a split exposure by folder, time and filter.
  std::map<std::tuple<std::string, double, std::string>, std::size_t> known;
  for (std::size_t row = 0; row < static_cast<std::size_t>(found.rows); ++row) {
    const std::string folder = roots.expand(text(0, row)), path = below(folder, text(1, row));
    const auto obstime = number(6, row);
    const bool split = text(2, row) == "SPLIT" && obstime;
    const auto key = split ? std::tuple(folder, *obstime, text(4, row)) : std::tuple(path, 0.0, std::string());
    const auto [at, is_new] = known.try_emplace(key, out.size());
    if (is_new) {
      SheetEntry& entry = out.emplace_back();
      entry.name = split ? name_of(folder) : text(1, row);
      entry.caption.object = text(3, row), entry.caption.filter = text(4, row), entry.caption.type = text(5, row);
      entry.caption.obstime = obstime, entry.caption.exptime = number(7, row);
    }
    auto& paths = out[at->second].paths;
    if (paths.empty() || paths.back() != path) paths.push_back(path);
  }
  if (out.empty()) return Status(Code::not_found, kNothingSelected).in_file(search.database);
  return out;
}

Result<std::vector<SheetEntry>> files_of_trees(const std::vector<std::string>& trees, std::vector<Status>& faults) {
  std::vector<SheetEntry> out;
  for (const auto& tree : trees) {
    const std::string path = absolute_path(tree);
    if (!is_folder(path)) {
      if (!file_times(path)) return Status(Code::not_found, visible(tree) + ": there is no such file or folder");
      out.push_back({{tree}, name_of(path), {}});
      continue;
    }
    Walk walk = walk_folder(path);
    for (const auto& file : walk.files) out.push_back({{file}, file.substr(path == "/" ? 1 : path.size() + 1), {}});
    std::move(walk.faults.begin(), walk.faults.end(), std::back_inserter(faults));
  }
  return out;
}

}  // namespace imreg::cli

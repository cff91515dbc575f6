// What the rows of the database say to a move or a removal: keys, lengths, exposures, files without a row.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "archive/file_tree.h"
#include "archive/move_plan.h"
#include "archive/move_rows.h"
#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/scan.h"
#include "os/walk.h"

namespace imreg::archive {

namespace {

constexpr int kSplit = 2;

// What the files of the CCDs of one exposure have in common: "w/w" of w/w03.fits, and the moment (as bytes: it may be NaN).
using Exposure = std::tuple<std::string, std::string, std::int64_t>;
Exposure exposure_of(const std::string& path, RecordView row) {
  std::string stem = name_of(path);
  stem.resize(std::min(stem.find('.'), stem.size()));
  while (!stem.empty() && stem.back() >= '0' && stem.back() <= '9') stem.pop_back();
  return {folder_of(path), stem, load(row.bytes(), Field<std::int64_t>{regimage::kObstime.offset})};
}

class RowsOfPlan {
 public:
  RowsOfPlan(const MoveOptions& options, const RecordFile& file, const PathRoots& roots, MovePlan& plan)
      : options_(options),
        file_(file),
        roots_(roots),
        plan_(plan),
        removes_(plan.moving.action == Moving::Action::remove),
        rows_(file, roots, ways_of(plan.moving.items)) {}

  Status run() {
    registered_.resize(plan_.names.size());
    refused_.resize(plan_.names.size());
    IMREG_TRY(rows_.find());
    IMREG_TRY(look_at_rows());
    if (!removes_) IMREG_TRY(look_at_new_places());
    if (!removes_) note_registered_twice();
    if (!options_.part) IMREG_TRY(look_for_other_ccds());
    for (std::size_t i = 0; i < plan_.names.size(); ++i) IMREG_TRY(look_at_name(i));
    if (!removes_) look_at_roots();
    return {};
  }

 private:
  // One line for each name.
  void refuse(std::size_t item, const std::string& path, const std::string& why) {
    if (refused_[item]) return;
    refused_[item] = true;
    plan_.refused.push_back(Status(Code::invalid, why).in_file(path));
  }

  Status look_at_rows() {
    Record row = file_.make_record();
    for (const auto& at : rows_.rows()) {
      IMREG_TRY(file_.read(at.row, row));
      const Way& way = rows_.ways()[at.way];
      const std::string path = rows_.path_of(row.view());
      if (!row[regimage::kDeleted]) {
        ++plan_.names[way.item].rows;
        if (removes_) registered_[way.item].insert(path.substr(way.from.size()));
        if (!way.folder && row[regimage::kMode] == kSplit) exposures_.emplace(exposure_of(path, row.view()), way.item);
      }
      if (removes_) continue;
      if (const Status placed = rows_.place(row, rows_.moved(path, way)); !placed.ok())
        refuse(way.item, path, placed.message());
    }
    return {};
  }

  Status look_at_new_places() {
    IMREG_ASSIGN(const auto in_the_way, rows_.in_the_way());
    Record scratch = file_.make_record();
    for (const auto& at : rows_.rows()) {
      const auto found = in_the_way.find(at.row);
      if (found == in_the_way.end()) continue;
      const RecordView other = file_.peek(found->second, scratch);
      if (other[regimage::kDeleted]) continue;
      refuse(rows_.ways()[at.way].item, rows_.path_of(other),
             "is registered, although there is no such file (row " + std::to_string(found->second + 1) +
                 "): imsearch -delete takes the row out, then it can be a target");
    }
    return {};
  }

  // One line for each name.
  void note_registered_twice() {
    std::map<std::size_t, std::pair<std::string, std::set<std::string>>> twice;  // an example, and files, of each name
    Record scratch = file_.make_record();
    for (const auto& group : rows_.of_one_image()) {
      std::vector<std::string> paths;
      for (const auto& at : group) {
        const RecordView row = file_.peek(at.row, scratch);
        if (!row[regimage::kDeleted]) paths.push_back(rows_.path_of(row));
      }
      if (paths.size() < 2) continue;
      auto& [example, files] = twice[rows_.ways()[group[0].way].item];
      if (files.empty()) example = paths[0] + " and " + paths[1];
      files.insert(rows_.moved(paths[0], rows_.ways()[group[0].way]));
    }
    for (const auto& [item, of] : twice)
      plan_.notes.push_back(plan_.names[item].from + ": " + counted(std::ssize(of.second), "file") +
                            " registered twice, by way of a link (" + of.first +
                            "): one row of each image stays, the other is marked as deleted");
  }

  Status look_for_other_ccds() {
    if (exposures_.empty()) return {};
    std::set<std::string> folders, named;
    for (const auto& [exposure, item] : exposures_) folders.insert(std::get<0>(exposure));
    for (const auto& way : rows_.ways()) named.insert(way.from);
    Selection selection;
    IMREG_TRY(selection.text(file_.schema(), "pathname",
                             [&](std::string_view text) { return folders.contains(roots_.expand(text)); }));
    selection.without_deleted(file_.schema());
    std::map<std::size_t, std::set<std::string>> others;
    Record scratch = file_.make_record();
    find_rows(file_, selection, {}).each(0, [&](std::int64_t number) {
      const RecordView row = file_.peek(number, scratch);
      if (row[regimage::kMode] != kSplit) return true;
      const std::string path = rows_.path_of(row);
      const auto found = exposures_.find(exposure_of(path, row));
      if (found != exposures_.end() && !named.contains(path) && exists(path)) others[found->second].insert(path);
      return true;
    });
    for (const auto& [item, paths] : others) {
      const std::string& path = plan_.names[item].from;
      const std::string folder = folder_of(path);
      const bool own_folder = name_of(path).starts_with(name_of(folder));
      refuse(item, path,
             "is one CCD of a SPLIT exposure, and " + counted(std::ssize(paths), "other file") + " of it " +
                 (paths.size() == 1 ? "is" : "are") + " not named (" + name_of(*paths.begin()) + "): name " +
                 (own_folder ? "its folder " + folder + " or " : "") + "all its files, or take it apart with -part");
    }
    return {};
  }

  Status look_at_name(std::size_t i) {
    MovedName& name = plan_.names[i];
    if (!removes_) {
      if (name.rows == 0)
        plan_.notes.push_back(name.from + (name.folder ? ": nothing in it is registered" : ": is not registered") +
                              "; only the name changes");
      return {};
    }
    if (!name.folder) {
      if (name.rows == 0) refuse(i, name.from, "is not registered; rm removes it");
      return {};
    }
    IMREG_ASSIGN(const auto tree, tree_of(name.from));
    std::string first;
    for (const auto& [rest, info] : tree) {
      if (S_ISDIR(info.st_mode) || registered_[i].contains(rest)) continue;
      if (name.unregistered++ == 0) first = name.from + rest;
    }
    if (options_.force) return {};
    if (name.unregistered > 0) {
      refuse(i, name.from,
             "holds " + counted(name.unregistered, "file") + " that " + (name.unregistered == 1 ? "is" : "are") +
                 " not registered (" + first + "); -f removes them too");
    } else if (name.rows == 0) {
      refuse(i, name.from, "nothing in it is registered; rm -r removes it, or -f here");
    }
    return {};
  }

  void look_at_roots() {
    for (const auto& root : roots_.roots()) {
      for (const auto& item : plan_.moving.items) {
        if (item.folder && is_in_folder(root.folder, item.from))
          plan_.notes.push_back("root " + root.name + " still stands for " + root.folder +
                                ", which moves; its rows get whole paths (imrelocate -root gives it another)");
      }
    }
  }

  const MoveOptions& options_;
  const RecordFile& file_;
  const PathRoots& roots_;
  MovePlan& plan_;
  bool removes_;
  MoveRows rows_;
  std::vector<bool> refused_;
  std::vector<std::set<std::string>> registered_;  // of each folder to be removed, behind its path
  std::map<Exposure, std::size_t> exposures_;      // of files that are named themselves
};

}  // namespace

Status plan_rows(const MoveOptions& options, const RecordFile& file, const PathRoots& roots, MovePlan& plan) {
  return RowsOfPlan(options, file, roots, plan).run();
}

}  // namespace imreg::archive

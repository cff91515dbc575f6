// Finds rows by their whole paths and gives them new ones.
#include "archive/move_rows.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "archive/file_tree.h"
#include "formats/regimage.h"
#include "imreg/history.h"
#include "imreg/scan.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/key_table.h"

namespace imreg::archive {

namespace {

std::string without_links(const std::string& path) { return below(resolved_path(folder_of(path)), name_of(path)); }

std::string place_key(const std::string& path, RecordView row) {
  return path + '\n' + std::to_string(row[regimage::kExtension]) + ' ' + std::to_string(row[regimage::kSlice]);
}

}  // namespace

std::vector<Way> ways_of(const std::vector<MovingItem>& items) {
  std::vector<Way> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& item = items[i];
    out.push_back({item.from, item.to, item.folder, i});
    if (std::string real = without_links(item.from); real != item.from)
      out.push_back({std::move(real), without_links(item.to), item.folder, i});
  }
  return out;
}

std::string MoveRows::path_of(RecordView row) const {
  return below(roots_.expand(row[regimage::kPathname]), std::string(row[regimage::kFilename]));
}

Result<std::vector<RowPlace>> MoveRows::rows_at(std::string Way::*side) const {
  std::vector<RowPlace> out;
  std::unordered_map<std::string, std::size_t> folders;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    if (ways_[i].folder)
      folders.emplace(ways_[i].*side, i);
    else
      names.push_back(name_of(ways_[i].*side));
  }
  if (!names.empty()) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    KeyTable keys;
    IMREG_TRY(keys.take(file_, roots_, names));
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (ways_[i].folder) continue;
      const std::string& path = ways_[i].*side;
      for (const std::int64_t row : keys.rows_of(folder_of(path) + '\n' + name_of(path), file_, roots_))
        out.push_back({row, i});
    }
  }
  if (!folders.empty()) {
    // The way of the folder that a stored pathname is at or below.
    const auto way_of = [&](std::string_view stored) -> std::optional<std::size_t> {
      for (std::string path = roots_.expand(stored); path.starts_with('/') && path != "/"; path = folder_of(path)) {
        if (const auto found = folders.find(path); found != folders.end()) return found->second;
      }
      return std::nullopt;
    };
    Selection selection;
    IMREG_TRY(selection.text(file_.schema(), "pathname", [&](std::string_view text) { return !!way_of(text); }));
    Record scratch = file_.make_record();
    std::string last;
    std::optional<std::size_t> way;
    find_rows(file_, selection, {}).each(0, [&](std::int64_t row) {
      const std::string_view stored = file_.peek(row, scratch)[regimage::kPathname];
      if (stored != last || !way) way = way_of(last = stored);
      if (way) out.push_back({row, *way});
      return true;
    });
  }
  std::stable_sort(out.begin(), out.end(), [](const RowPlace& a, const RowPlace& b) { return a.row < b.row; });
  const auto same = [](const RowPlace& a, const RowPlace& b) { return a.row == b.row; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

Status MoveRows::find() {
  IMREG_ASSIGN(rows_, rows_at(&Way::from));
  return {};
}

Status MoveRows::place(Record& row, const std::string& path) const {
  const std::string folder = folder_of(path), name = name_of(path);
  for (const std::string& text : {folder, name}) {
    if (text.ends_with(' '))
      return Status(Code::invalid, "\"" + text + "\" ends in a blank, which a record cannot hold; take another name");
  }
  const auto too_long = [&](const char* what, const std::string& text, int room, const char* remedy) {
    return Status(Code::invalid, std::string(what) + " " + text + " has " + std::to_string(text.size()) +
                                     " bytes, its field " + std::to_string(room) + ": " + remedy);
  };
  if (!row.set(regimage::kFilename, name))
    return too_long("the file name", name, regimage::kFilename.count, "take a shorter name");
  const std::string stored = roots_.shorten(folder);
  if (!row.set(regimage::kPathname, stored)) {
    return too_long("the path", stored, regimage::kPathname.count,
                    "define a path root for its upper part (imregister -root NAME=PREFIX)");
  }
  return {};
}

std::vector<std::vector<RowPlace>> MoveRows::of_one_image() const {
  std::vector<bool> two_ways(ways_.size(), false);  // to one place
  for (std::size_t i = 1; i < ways_.size(); ++i) {
    if (ways_[i].item == ways_[i - 1].item && ways_[i].to == ways_[i - 1].to) two_ways[i - 1] = two_ways[i] = true;
  }
  std::vector<std::vector<RowPlace>> out;
  if (std::find(two_ways.begin(), two_ways.end(), true) == two_ways.end()) return out;
  std::unordered_map<std::string, std::vector<RowPlace>> places;
  Record scratch = file_.make_record();
  for (const auto& at : rows_) {
    if (!two_ways[at.way]) continue;
    const RecordView seen = file_.peek(at.row, scratch);
    places[place_key(moved(path_of(seen), ways_[at.way]), seen)].push_back(at);
  }
  for (auto& [key, some] : places) {
    if (some.size() > 1) out.push_back(std::move(some));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a[0].row < b[0].row; });
  return out;
}

Result<std::unordered_map<std::int64_t, std::int64_t>> MoveRows::in_the_way() const {
  std::unordered_map<std::int64_t, std::int64_t> out;
  IMREG_ASSIGN(const auto there, rows_at(&Way::to));
  if (there.empty()) return out;
  std::unordered_map<std::string, std::int64_t> keys;
  Record scratch = file_.make_record();
  for (const auto& [row, way] : there) {
    const RecordView seen = file_.peek(row, scratch);
    // Of several, which is an old fault, the one that counts.
    const auto [at, fresh] = keys.try_emplace(place_key(path_of(seen), seen), row);
    if (!fresh && !seen[regimage::kDeleted]) at->second = row;
  }
  for (const auto& [row, way] : rows_) {
    const RecordView seen = file_.peek(row, scratch);
    const auto found = keys.find(place_key(moved(path_of(seen), ways_[way]), seen));
    if (found != keys.end() && found->second != row) out.emplace(row, found->second);
  }
  return out;
}

namespace {

// What is known before the rows are read: which of them stay as they are.
class Change {
 public:
  Change(const RecordFile& file, const PathRoots& roots, const MoveStep& step)
      : file_(file),
        step_(step),
        removes_(step.moving.action == Moving::Action::remove),
        rows_(file, roots, ways_of(step.items)) {}

  Status prepare() {
    IMREG_TRY(rows_.find());
    for (const auto& way : rows_.ways()) still_there_.push_back(exists(way.from));
    if (removes_) return {};
    for (auto& group : rows_.of_one_image()) IMREG_TRY(unite(group));
    IMREG_ASSIGN(const auto in_the_way, rows_.in_the_way());
    Record other = file_.make_record();
    for (const auto& at : rows_.rows()) {
      const auto found = in_the_way.find(at.row);
      if (found == in_the_way.end() || decided_.contains(at.row)) continue;
      IMREG_ASSIGN(const bool stay, stays(at));
      if (stay) continue;
      IMREG_ASSIGN(const Record row, content(at.row));
      IMREG_TRY(file_.read(found->second, other));
      collapse(row, other, at, found->second);
    }
    return {};
  }

  /// As commit_many asks for it.
  Result<bool> next(RowChange& change) {
    for (;;) {
      const auto row = next_row();
      if (row < 0) return false;
      Record old = file_.make_record();
      IMREG_TRY(file_.read(row, old));
      if (const auto found = decided_.find(row); found != decided_.end()) {
        if (found->second == old.bytes()) continue;
        change.bytes = found->second;
      } else {
        const auto& at = rows_.rows()[at_ - 1];
        IMREG_ASSIGN(const bool stay, stays(at));
        if (stay || (removes_ && old[regimage::kDeleted])) continue;
        IMREG_ASSIGN(Record fresh, content(row));
        if (removes_)
          fresh.set(regimage::kDeleted, true);
        else
          IMREG_TRY(rows_.place(fresh, rows_.moved(rows_.path_of(old.view()), rows_.ways()[at.way])));
        change.bytes = fresh.bytes();
      }
      change.row = row;
      if (on_change) on_change(row, old.view(), RecordView(change.bytes.data()));
      return true;
    }
  }
  bool empty() const { return rows_.rows().empty(); }
  std::function<void(std::int64_t, RecordView, RecordView)> on_change;

 private:
  // Rows of the files, and those in their way, in one order.
  std::int64_t next_row() {
    if (others_.empty() && !decided_.empty()) {
      for (const auto& [row, bytes] : decided_) others_.push_back(row);
      std::sort(others_.begin(), others_.end());
    }
    const auto& rows = rows_.rows();
    const std::int64_t own = at_ < rows.size() ? rows[at_].row : -1;
    while (other_ < others_.size() && own >= 0 && others_[other_] == own) ++other_;
    const std::int64_t other = other_ < others_.size() ? others_[other_] : -1;
    if (own >= 0 && (other < 0 || own < other)) return ++at_, own;
    return other < 0 ? -1 : (++other_, other);
  }

  // A file that is at the old place: not ours any more, unless it is what the copy was made of.
  Result<bool> stays(const RowPlace& at) {
    const Way& way = rows_.ways()[at.way];
    if (!still_there_[at.way]) return false;
    Record scratch = file_.make_record();
    const std::string path = rows_.path_of(file_.peek(at.row, scratch));
    const auto here = look_at(path);
    IMREG_TRY(unless_missing(here.status()));
    if (!here) return false;
    if (removes_ || step_.items[way.item].temporary.empty()) return true;
    const auto there = look_at(rows_.moved(path, way));
    IMREG_TRY(unless_missing(there.status()));
    return !there || here->st_size != there->st_size || here->st_mtim.tv_sec != there->st_mtim.tv_sec ||
           here->st_mtim.tv_nsec != there->st_mtim.tv_nsec;
  }

  // A row as it is, or as it has been united with others.
  Result<Record> content(std::int64_t row) const {
    if (const auto found = united_.find(row); found != united_.end()) return found->second;
    Record out = file_.make_record();
    IMREG_TRY(file_.read(row, out));
    return out;
  }

  // One row of an image goes, the oldest that lives, with what was read last. The others stay where they are, deleted.
  Status unite(const std::vector<RowPlace>& group) {
    std::vector<std::pair<std::int64_t, Record>> rows;
    for (const auto& at : group) {
      IMREG_ASSIGN(const bool stay, stays(at));
      if (stay) continue;
      IMREG_ASSIGN(Record row, content(at.row));
      rows.emplace_back(at.row, std::move(row));
    }
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      const bool gone = a.second[regimage::kDeleted], other = b.second[regimage::kDeleted];
      return gone != other ? other : a.second[regimage::kRegtime] < b.second[regimage::kRegtime];
    });
    for (std::size_t i = 1; i < rows.size(); ++i) {
      auto& [row, gone] = rows[i];
      Record& kept = rows[0].second;
      if (!gone[regimage::kDeleted]) {
        Record fresh = renewed_row(kept.view(), gone);
        for (const auto field : {regimage::kPathname, regimage::kFilename}) (void)fresh.set(field, kept[field]);
        kept = std::move(fresh);
      }
      gone.set(regimage::kDeleted, true);
      decided_[row] = gone.bytes();
    }
    if (rows.size() > 1) united_.insert_or_assign(rows[0].first, rows[0].second);
    return {};
  }

  // Two rows of one image: the older one keeps what is known of it, its header fields are those that were read last, as when
  // a file is registered again. It gets the new place and the other one the old place, deleted: so no key is there twice.
  void collapse(const Record& row, const Record& other, const RowPlace& at, std::int64_t other_row) {
    const bool both = !row[regimage::kDeleted] && !other[regimage::kDeleted];
    if (row[regimage::kDeleted] && !other[regimage::kDeleted]) {
      decided_[at.row] = row.bytes();
      return;
    }
    const bool ours = !both || !(other[regimage::kRegtime] < row[regimage::kRegtime]);
    const Record& older = ours ? row : other;
    const Record& newer = ours ? other : row;
    Record kept = both ? renewed_row(older.view(), newer) : older, gone = newer;
    for (const auto field : {regimage::kPathname, regimage::kFilename}) {
      (void)kept.set(field, other[field]);
      (void)gone.set(field, row[field]);
    }
    gone.set(regimage::kDeleted, true);
    decided_[ours ? at.row : other_row] = kept.bytes();
    decided_[ours ? other_row : at.row] = gone.bytes();
  }

  const RecordFile& file_;
  const MoveStep& step_;
  bool removes_;
  MoveRows rows_;
  std::vector<bool> still_there_;                          // by way
  std::unordered_map<std::int64_t, Record> united_;        // rows at their old place with what others knew, too
  std::unordered_map<std::int64_t, std::string> decided_;  // rows that are not simply placed
  std::vector<std::int64_t> others_;
  std::size_t at_ = 0, other_ = 0;
};

}  // namespace

Result<std::int64_t> commit_move(RecordWriter& writer, const PathRoots& roots, const MoveStep& step) {
  Change change(writer.file(), roots, step);
  IMREG_TRY(change.prepare());
  if (change.empty()) return std::int64_t{0};
  std::optional<HistoryWriter> history;
  std::int64_t changed = 0;
  Status trouble;
  change.on_change = [&](std::int64_t row, RecordView old, RecordView fresh) {
    if (changed++ == 0) {
      BulkChange about;
      about.kind = step.moving.action == Moving::Action::remove ? BulkChange::Kind::unlink : BulkChange::Kind::move;
      about.program = step.moving.program;
      about.command = step.moving.command;
      auto begun =
          HistoryWriter::begin(writer.file(), std::move(about), {step.wait_seconds, step.on_network, step.observer});
      if (begun)
        history = *std::move(begun);
      else
        trouble = begun.status();
    }
    if (history) history->row(row, old, fresh);
  };
  const auto next = [&](RowChange& to) -> Result<bool> {
    auto more = change.next(to);
    IMREG_TRY(trouble);
    return more;
  };
  CommitSteps steps;
  steps.ready = [&](std::int64_t number) { return history->ready(number); };
  IMREG_TRY(writer.commit_many(next, steps));
  return changed;
}

Result<std::int64_t> rows_to_change(const RecordFile& file, const PathRoots& roots, const MoveStep& step) {
  Change change(file, roots, step);
  IMREG_TRY(change.prepare());
  RowChange ignored{-1, {}};
  for (std::int64_t count = 0;; ++count) {
    IMREG_ASSIGN(const bool more, change.next(ignored));
    if (!more) return count;
  }
}

}  // namespace imreg::archive

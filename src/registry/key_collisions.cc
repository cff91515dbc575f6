// Finds rows that would get the same key.
#include "registry/key_collisions.h"

#include <algorithm>
#include <functional>

#include "registry/image_row.h"

namespace imreg {

namespace {

constexpr std::int64_t kMostEntries = 4 << 20;  // compared at once: 64 MiB

bool same_place(RecordView a, RecordView b) {
  return a[regimage::kFilename] == b[regimage::kFilename] && a[regimage::kExtension] == b[regimage::kExtension] &&
         a[regimage::kSlice] == b[regimage::kSlice];
}

std::string name_of_row(RecordView row, const PathRoots& roots) {
  std::string out = roots.expand(row[regimage::kPathname]) + "/" + std::string(row[regimage::kFilename]);
  if (row[regimage::kExtension] != 0) out += " (extension " + std::to_string(row[regimage::kExtension]) + ")";
  if (row[regimage::kSlice] != 0) out += " (slice " + std::to_string(row[regimage::kSlice]) + ")";
  return out;
}

}  // namespace

void KeyCollisions::take(RecordView old, RecordView fresh) {
  if (fresh[regimage::kDeleted]) return;
  const auto from = old[regimage::kPathname], to = fresh[regimage::kPathname];
  if (!any_ || from != last_old_ || to != last_fresh_) {
    any_ = true;
    last_old_ = from;
    last_fresh_ = to;
    last_source_ = roots_.expand(from);
    last_folder_ = roots_.expand(to);
    last_ = nullptr;
  }
  const bool stays = last_source_ == last_folder_ && same_place(old, fresh);
  if (stays && !old[regimage::kDeleted]) return;
  if (!last_) {
    last_ = &targets_.try_emplace(last_folder_, Target{last_source_}).first->second;
    last_->suspect |= last_->source != last_source_;
  }
  ++arriving_;
  last_->suspect |= old[regimage::kDeleted] || !same_place(old, fresh);
}

bool KeyCollisions::is_suspect(const std::string& folder) const {
  const auto at = targets_.find(folder);
  return at != targets_.end() && at->second.suspect;
}

// Rows that are not deleted and stand in a folder that rows come to.
RowSet KeyCollisions::rows_in_targets() const {
  std::vector<TextPattern> patterns;
  for (const auto& [folder, target] : targets_) {
    patterns.push_back({folder, TextPattern::How::exact});
    for (const auto& root : roots_.roots()) {
      const std::string word = "$" + root.name, prefix = roots_.expand(word);
      if (folder == prefix || folder.starts_with(prefix + "/"))
        patterns.push_back({word + folder.substr(prefix.size()), TextPattern::How::exact});
    }
  }
  Selection selection;
  selection.without_deleted(file_.schema());
  if (!selection.patterns(file_.schema(), "pathname", std::move(patterns)).ok()) return RowSet(0);
  return find_rows(file_, selection, {});
}

Status KeyCollisions::mark_folders_with_rows(RowEditor& editor, const std::vector<bool>& changes, const RowSet& there) {
  Record scratch = file_.make_record();
  Status trouble;
  there.each(0, [&](std::int64_t row) {
    const RecordView now = file_.peek(row, scratch);
    const auto target = targets_.find(roots_.expand(now[regimage::kPathname]));
    if (target == targets_.end() || target->second.suspect) return true;
    if (changes[static_cast<std::size_t>(row)]) {
      Record fresh(std::string_view(now.bytes(), regimage::kRecordSize));
      const auto edited = editor.edit(row, fresh);
      if (!edited) return trouble = edited.status(), false;
      if (fresh[regimage::kDeleted] || roots_.expand(fresh[regimage::kPathname]) != target->first) return true;
    }
    target->second.suspect = true;
    return true;
  });
  return trouble;
}

Status KeyCollisions::find(RowEditor& editor, const std::vector<bool>& changes, BulkEditReport& report) {
  if (targets_.empty()) return {};
  const RowSet there = rows_in_targets();
  IMREG_TRY(mark_folders_with_rows(editor, changes, there));
  const bool any = std::any_of(targets_.begin(), targets_.end(), [](const auto& one) { return one.second.suspect; });
  if (!any) return {};

  // A part of the keys at a time, by their hash.
  const auto parts = static_cast<std::uint64_t>((arriving_ + there.size()) / kMostEntries + 1);
  Record scratch = file_.make_record();
  Record fresh = file_.make_record();
  for (std::uint64_t part = 0; part < parts; ++part) {
    std::vector<Entry> entries;
    const auto add = [&](std::int64_t row, RecordView then) {
      if (then[regimage::kDeleted] || !is_suspect(roots_.expand(then[regimage::kPathname]))) return;
      const std::uint64_t hash = std::hash<std::string>{}(key_of(then, roots_));
      if (hash / 2 % parts == part) entries.push_back({hash, row});
    };
    for (std::int64_t row = 0; row < std::ssize(changes); ++row) {
      if (!changes[static_cast<std::size_t>(row)]) continue;
      fresh = Record(std::string_view(file_.peek(row, scratch).bytes(), regimage::kRecordSize));
      IMREG_TRY(editor.edit(row, fresh).status());
      add(row, fresh.view());
    }
    there.each(0, [&](std::int64_t row) {
      if (!changes[static_cast<std::size_t>(row)]) add(row, file_.peek(row, scratch));
      return true;
    });
    std::sort(entries.begin(), entries.end());
    IMREG_TRY(compare(entries, editor, changes, report));
  }
  return {};
}

Status KeyCollisions::compare(std::vector<Entry>& entries, RowEditor& editor, const std::vector<bool>& changes,
                              BulkEditReport& report) {
  Record scratch = file_.make_record();
  const auto then = [&](std::int64_t row) -> Result<Record> {
    Record record(std::string_view(file_.peek(row, scratch).bytes(), regimage::kRecordSize));
    if (changes[static_cast<std::size_t>(row)]) IMREG_TRY(editor.edit(row, record).status());
    return record;
  };
  const auto key_now = [&](std::int64_t row) {
    const RecordView now = file_.peek(row, scratch);
    return now[regimage::kDeleted] ? std::to_string(row) : key_of(now, roots_);
  };
  for (std::size_t i = 1; i < entries.size(); ++i) {
    for (std::size_t j = i; j-- > 0 && entries[j].hash == entries[i].hash;) {
      const std::int64_t a = entries[j].row, b = entries[i].row;
      IMREG_ASSIGN(const Record row_a, then(a));
      IMREG_ASSIGN(const Record row_b, then(b));
      // Keys that are the same already are an old fault, which this can neither mend nor make worse.
      if (key_of(row_a.view(), roots_) != key_of(row_b.view(), roots_) || key_now(a) == key_now(b)) continue;
      ++report.collisions;
      if (report.first_collisions.size() < BulkEditReport::kMostNamed) {
        const bool a_moves = changes[static_cast<std::size_t>(a)], b_moves = changes[static_cast<std::size_t>(b)];
        const std::int64_t mover = b_moves ? b : a, other = b_moves ? a : b;
        const std::string what = name_of_row(b_moves ? row_b.view() : row_a.view(), roots_) +
                                 " would be there twice: " +
                                 (a_moves && b_moves ? "record " + std::to_string(other + 1) + " goes there, too"
                                                     : "record " + std::to_string(other + 1) + " is there already");
        report.first_collisions.push_back(Status(Code::invalid, what).in_file(file_.path()).at_record(mover));
      }
      break;
    }
  }
  return {};
}

}  // namespace imreg

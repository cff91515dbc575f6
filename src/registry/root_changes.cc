// Changes path roots. Only folders whose path is another one then, and those where they arrive, can hold rows that become the
// same image; the index knows the different folders, so that ten million rows cost no more than a few.
#include "registry/root_changes.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/scan.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/new_database.h"

namespace imreg {

namespace {

using Root = PathRoots::Root;

const FieldInfo& pathname_of(const RecordFile& file) { return *file.schema().find("pathname"); }

// Stored folders below one: exactly, not /data/ab for /data/a. Nearly always there are none, which is known at once.
std::vector<TextCount> folders_in(const RecordFile& file, const std::string& folder) {
  if (folder != "/" && count_in_folder(file, pathname_of(file), folder, false) == 0) return {};
  auto out = texts_from(file, pathname_of(file), folder);
  std::erase_if(out, [&](const TextCount& one) { return !is_in_folder(one.text, folder); });
  return out;
}

// Rows of different stored folders that are one folder with the new roots, and were not with the old ones.
Status compare_rows(const RecordFile& file, const std::vector<std::string>& folders, const PathRoots& before,
                    const PathRoots& after) {
  Selection selection;
  const std::set<std::string> wanted(folders.begin(), folders.end());
  IMREG_TRY(selection.text(file.schema(), "pathname",
                           [&](std::string_view path) { return wanted.contains(std::string(path)); }));
  std::map<std::string, std::vector<std::int64_t>> rows;  // by their new key
  Record scratch = file.make_record();
  Status same;
  find_rows(file, selection, {}).each(0, [&](std::int64_t row) {
    const RecordView record = file.peek(row, scratch);
    if (!wanted.contains(std::string(record[regimage::kPathname]))) return true;
    auto& others = rows[key_of(record, after)];
    others.push_back(row);
    const std::string was = key_of(record, before);
    for (std::size_t i = 0; i + 1 < others.size(); ++i) {
      // Keys that were the same before are an old fault, which a root can neither mend nor make worse.
      if (key_of(file.peek(others[i], scratch), before) == was) continue;
      const RecordView one = file.peek(row, scratch);
      same = {Code::invalid, "this would make two rows the same image, " + after.expand(one[regimage::kPathname]) +
                                 "/" + std::string(one[regimage::kFilename]) + " (extension " +
                                 std::to_string(one[regimage::kExtension]) + "): it is registered at both places; " +
                                 "nothing is changed; take another PREFIX, or another NAME"};
      return false;
    }
    return true;
  });
  return same;
}

Status with(const Status& status, const std::string& more) {
  return Status(status.code(), status.message() + more).in_file(status.file());
}

std::string prefix_of(const PathRoots& roots, const std::string& name) {
  const Root* root = roots.find(name);
  return root ? root->prefix : std::string();
}

// The roots whose folder is not what it was, and those that are new or gone.
std::vector<std::string> moved_roots(const PathRoots& before, const PathRoots& after) {
  std::vector<std::string> out;
  for (const auto& root : after.roots()) {
    const Root* old = before.find(root.name);
    if (!old || old->folder != root.folder) out.push_back(root.name);
  }
  for (const auto& root : before.roots()) {
    if (!after.find(root.name)) out.push_back(root.name);
  }
  return out;
}

// What shall become of the roots, of the file when there is one.
using Make = std::function<Result<PathRoots>(const RecordFile* file, const PathRoots& before)>;

// What all hosts see, without what this one has instead: they must stay apart there, too.
PathRoots without_host(const PathRoots& roots) {
  PathRoots out;
  std::vector<Root> left = roots.roots();
  while (!left.empty()) {  // those that others are built on first
    const auto size = left.size();
    std::erase_if(left, [&](const Root& root) { return out.define(root.name, root.prefix).ok(); });
    if (left.size() == size) break;
  }
  return out;
}

Status check_change(const RecordFile& file, const PathRoots& before, const PathRoots& after) {
  for (const auto& root : before.roots()) {
    if (after.find(root.name)) continue;
    const auto rows = rows_of_root(file, before, root.name);
    if (rows > 0) {
      return {Code::invalid,
              "root " + root.name + " is used by " + counted(rows, "row") +
                  ", whose files nobody would find without it; give them whole paths first: imrelocate -go " + "'$" +
                  root.name + "' " + root.folder};
    }
  }
  IMREG_TRY(check_keys_stay_apart(file, before, after));
  const bool hosted =
      std::any_of(after.roots().begin(), after.roots().end(), [](const Root& root) { return !root.host.empty(); });
  return hosted ? check_keys_stay_apart(file, without_host(before), without_host(after)) : Status();
}

// Changes the roots of a database that is open, or not yet there.
Status change(const std::string& database, const RecordFile* file, const Make& make, const BulkChange& about,
              const RootChangeOptions& options, RootChangeReport& report) {
  IMREG_ASSIGN(const PathRoots before, PathRoots::load(database));
  IMREG_ASSIGN(report.roots, make(file, before));
  const PathRoots& after = report.roots;
  Difference difference;
  const auto note = [&](const std::string& name) {
    const std::string old = prefix_of(before, name), fresh = prefix_of(after, name);
    if (old == fresh) return;
    report.changed.push_back({name, old, fresh, file ? rows_of_root(*file, before, name) : 0});
    difference.push_back({"$" + name, old, fresh});
  };
  for (const auto& root : after.roots()) note(root.name);
  for (const auto& root : before.roots()) {
    if (!after.find(root.name)) note(root.name);
  }
  if (file) IMREG_TRY(check_change(*file, before, after));
  // An undo of what never happened is an undo all the same, else it would be the newest change for ever.
  if (options.dry_run || (difference.empty() && about.undoes == 0)) return {};
  const auto save = [&] { return difference.empty() ? Status() : after.save(database, options.observer); };
  if (!file) return save();
  IMREG_ASSIGN(auto history,
               HistoryWriter::begin(*file, about, {options.wait_seconds, options.on_network, options.observer}));
  history.other(difference);
  // Nobody can tell later whether roots were changed. So the change stands in the history until the roots are as they were: an
  // undo between the two can be made again.
  const bool undo = about.undoes != 0;
  if (undo) IMREG_TRY(save());
  const Status told = history.ready(0);
  if (!told.ok())
    return undo ? with(told, "; the roots are as they were, only the history does not say so: undo it again") : told;
  report.change = history.about();
  return undo ? Status() : save();
}

Result<RootChangeReport> change_locked(const std::string& database, const Make& make, const BulkChange& about,
                                       const RootChangeOptions& options) {
  RootChangeReport report;
  if (options.dry_run) {
    const auto file = RecordFile::open(database);
    if (!file && file.status().code() != Code::not_found) return file.status();
    if (file) IMREG_TRY(check_format(*file));
    IMREG_TRY(change(database, file ? &*file : nullptr, make, about, options, report));
    return report;
  }
  RecordWriter::Options writing;
  writing.program = options.program;
  writing.wait_seconds = options.wait_seconds;
  writing.on_network = options.on_network;
  writing.observer = options.observer;
  const auto writer = RecordWriter::open(database, writing);
  if (!writer && writer.status().code() != Code::not_found) return writer.status();
  if (writer) {
    report.notes = writer->notes();
    IMREG_TRY(check_format(writer->file()));
    IMREG_TRY(change(database, &writer->file(), make, about, options, report));
    return report;
  }
  const auto lock = WriterLock::take(resolved_path(database) + ".lock", options.program, options.wait_seconds);
  if (!lock) return lock.status().code() == Code::not_found ? no_folder(database) : Status(lock.status());
  IMREG_TRY(change(database, nullptr, make, about, options, report));
  return report;
}

BulkChange about_of(BulkChange::Kind kind, const RootChangeOptions& options) {
  BulkChange about;
  about.kind = kind;
  about.program = options.program;
  about.command = options.command;
  return about;
}

// The roots as they were before a change. One that never changed (the machine stopped before it) stays.
Result<PathRoots> undone(const PathRoots& now, const Difference& change) {
  PathRoots out = now;
  for (auto one = change.rbegin(); one != change.rend(); ++one) {
    const std::string name = one->field.substr(1), is = prefix_of(out, name);
    if (is == one->before) continue;
    if (is != one->after) {
      return Status(Code::mismatch, "root " + name + " was changed again since, to " + (is.empty() ? "nothing" : is) +
                                        "; undo that first, or set it with -root " + name + "=" + one->before);
    }
    IMREG_TRY(one->before.empty() ? out.remove(name) : out.define(name, one->before));
  }
  return out;
}

}  // namespace

std::int64_t rows_of_root(const RecordFile& file, const PathRoots& roots, const std::string& name) {
  // The index does not tell $A from $a.
  const bool alone = std::none_of(roots.roots().begin(), roots.roots().end(), [&](const Root& other) {
    return other.name != name && equal_nocase(other.name, name);
  });
  if (alone) return count_in_folder(file, pathname_of(file), "$" + name, true);
  std::int64_t rows = 0;
  for (const auto& folder : folders_in(file, "$" + name)) rows += folder.rows;
  return rows;
}

Status check_keys_stay_apart(const RecordFile& file, const PathRoots& before, const PathRoots& after) {
  const auto names = moved_roots(before, after);
  std::vector<std::string> leaving, arrived;  // roots that rows have; where these are then
  for (const auto& name : names) {
    if (count_in_folder(file, pathname_of(file), "$" + name, false) == 0) continue;
    const Root* root = after.find(name);
    leaving.push_back("$" + name);
    arrived.push_back(root ? root->folder : "$" + name);
  }
  std::set<std::string> moved, beside;  // folders as they are stored
  const auto add_beside = [&](const std::string& folder) {
    for (const auto& one : folders_in(file, folder)) beside.insert(one.text);
  };
  for (const auto& folder : arrived) {
    add_beside(folder);
    for (const auto& root : after.roots()) {
      const bool other = std::find(names.begin(), names.end(), root.name) == names.end();
      if (other && (is_in_folder(root.folder, folder) || is_in_folder(folder, root.folder)))
        add_beside("$" + root.name);
    }
  }
  // Different folders below one root stay different.
  if (beside.empty() && arrived.size() < 2) return {};
  for (const auto& root : leaving) {
    for (const auto& folder : folders_in(file, root)) moved.insert(folder.text);
  }
  std::map<std::string, std::vector<std::string>> meeting;
  for (const auto* set : {&moved, &beside}) {
    for (const auto& text : *set) meeting[after.expand(text)].push_back(text);
  }
  std::vector<std::string> suspects;
  for (const auto& [folder, texts] : meeting) {
    const bool apart = std::any_of(texts.begin(), texts.end(),
                                   [&](const auto& text) { return before.expand(text) != before.expand(texts[0]); });
    if (apart) suspects.insert(suspects.end(), texts.begin(), texts.end());
  }
  return suspects.empty() ? Status() : compare_rows(file, suspects, before, after);
}

Result<RootChangeReport> change_roots(const std::string& database,
                                      const std::vector<std::pair<std::string, std::string>>& roots,
                                      const RootChangeOptions& options) {
  const Make make = [&](const RecordFile*, const PathRoots& before) -> Result<PathRoots> {
    PathRoots out = before;
    for (const auto& [name, prefix] : roots) IMREG_TRY(prefix.empty() ? out.remove(name) : out.define(name, prefix));
    return out;
  };
  // A script that says the same each night waits for no lock.
  IMREG_ASSIGN(const PathRoots before, PathRoots::load(database));
  IMREG_ASSIGN(PathRoots after, make(nullptr, before));
  RootChangeReport report;
  if (after.roots() == before.roots()) {
    report.roots = std::move(after);
  } else {
    IMREG_ASSIGN(report, change_locked(database, make, about_of(BulkChange::Kind::root, options), options));
  }
  for (const auto& [name, prefix] : roots) {
    const Root* root = report.roots.find(name);
    if (!root) continue;
    if (!root->host.empty()) {
      report.notes.push_back("root " + name + " is " + root->host + " on this machine, by ROOT_" + name +
                             " of its configuration");
    }
    if (!is_folder(root->folder))
      report.notes.push_back("root " + name + ": " + root->folder + " is no folder on this machine");
  }
  return report;
}

Result<RootUndo> undo_root_change(const std::string& database, std::int64_t n, const RootChangeOptions& options) {
  RootUndo out;
  BulkChange about = about_of(BulkChange::Kind::undo, options);
  const Make make = [&](const RecordFile* file, const PathRoots& before) -> Result<PathRoots> {
    if (!file) return Status(Code::not_found, "there is no such database").in_file(database);
    IMREG_ASSIGN(const auto history, History::load(*file));
    IMREG_ASSIGN(out.target, history.newest(n));
    if (out.target.kind != BulkChange::Kind::root)
      return Status(Code::invalid, "change " + std::to_string(out.target.id) + " is none of path roots");
    about.undoes = out.target.id;
    Difference all;
    std::int64_t gone = 0;
    IMREG_TRY(history.each(out.target, gone, [&](std::int64_t, const Difference& difference) {
      all.insert(all.end(), difference.begin(), difference.end());
      return Status();
    }));
    return undone(before, all);
  };
  IMREG_ASSIGN(out.report, change_locked(database, make, about, options));
  return out;
}

}  // namespace imreg

// Turns the upper part of paths into a root, and tells people of roots.
#include "archive/roots.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "formats/regimage.h"
#include "imreg/scan.h"

namespace imreg {

namespace {

constexpr const char* kProgram = "imrelocate";

// Paths in the folder of a root get the form that imregister would give them now.
class RootEditor : public RowEditor {
 public:
  RootEditor(PathRoots roots, const std::string& name) : roots_(std::move(roots)), folder_(roots_.find(name)->folder) {}

  Result<RowSet> rows(const RecordFile& file) override {
    const FieldInfo& pathname = *file.schema().find("pathname");
    std::set<std::string, std::less<>> wanted;
    const auto look = [&](const std::string& start) {
      for (const auto& one : texts_from(file, pathname, start)) {
        if (shortened(one.text) != one.text) wanted.insert(one.text);
      }
    };
    look(folder_);
    for (const auto& root : roots_.roots()) {
      if (is_in_folder(folder_, root.folder)) look("$" + root.name);
    }
    RowSet none(file.count());
    none.finish();
    if (wanted.empty()) return none;
    Selection selection;
    IMREG_TRY(selection.text(file.schema(), "pathname", [&](std::string_view path) { return wanted.contains(path); }));
    return find_rows(file, selection, {});
  }

  Result<Edited> edit(std::int64_t, Record& record) override {
    const auto stored = record[regimage::kPathname];
    if (stored != last_) {  // neighbours usually agree
      fresh_ = shortened(stored);
      last_ = stored;
    }
    if (fresh_ == last_) return Edited::unchanged;
    if (record.set(regimage::kPathname, fresh_)) return Edited::changed;
    return Status(Code::invalid, "the path " + fresh_ + " does not fit; take a shorter NAME");
  }

 private:
  std::string shortened(std::string_view stored) const {
    const std::string full = roots_.expand(stored);
    if (!is_in_folder(full, folder_)) return std::string(stored);
    const std::string fresh = roots_.shorten(full);
    const auto* old = roots_.find(root_of(stored));
    const auto* best = roots_.find(root_of(fresh));
    return old && old->folder.size() >= best->folder.size() ? std::string(stored) : fresh;
  }

  const PathRoots roots_;
  const std::string folder_;
  std::string last_, fresh_;
};

std::string number(std::int64_t value) { return std::to_string(value); }
std::string named(const std::string& prefix) { return prefix.empty() ? "not defined" : visible(prefix); }
std::string json_or_null(const std::string& text) { return text.empty() ? "null" : json_text(text); }

std::string fields_json(const RootChangeReport& report, bool dry_run) {
  std::string out = std::string("\"go\":") + (dry_run ? "false" : "true") + ",\"roots\":[";
  for (const auto& root : report.changed) {
    out += std::string(out.back() == '[' ? "" : ",") + "{\"name\":" + json_text(root.name) +
           ",\"before\":" + json_or_null(root.before) + ",\"after\":" + json_or_null(root.after) +
           ",\"rows\":" + number(root.rows) + "}";
  }
  return out + "]";
}

}  // namespace

Result<std::pair<std::string, std::string>> root_and_prefix(const std::string& option, const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos)
    return Status(Code::invalid, option + ": \"" + visible(word) + "\" is not NAME=PREFIX");
  return std::pair(word.substr(0, equals), word.substr(equals + 1));
}

std::string report_text(const RootChangeReport& report, bool dry_run) {
  std::string out;
  for (const auto& root : report.changed) {
    out += "root " + root.name + (dry_run ? " would be " : " is ") + named(root.after) + ", was " + named(root.before) +
           ": " + counted(root.rows, "row") + (dry_run ? "; nothing is changed (-n)\n" : "\n");
  }
  return out.empty() ? "no root changes\n" : out;
}

std::string report_json(const RootChangeReport& report, bool dry_run) {
  return "{" + fields_json(report, dry_run) + "}\n";
}

Result<std::string> list_of_roots(const std::string& database, bool json) {
  IMREG_ASSIGN(const RecordFile file, RecordFile::open(database));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(database));
  std::string out;
  for (const auto& root : roots.roots()) {
    const auto rows = rows_of_root(file, roots, root.name);
    if (json) {
      out += "{\"name\":" + json_text(root.name) + ",\"prefix\":" + json_text(root.prefix) +
             ",\"host\":" + json_or_null(root.host) + ",\"folder\":" + json_text(root.folder) +
             ",\"rows\":" + number(rows) + "}\n";
    } else {
      out += "$" + root.name + "\t" + visible(root.prefix) + "\t" + counted(rows, "row") +
             (root.host.empty() ? "" : "\there " + visible(root.host)) + "\n";
    }
  }
  return out;
}

Result<MakeRootReport> make_root(const std::string& name, const std::string& prefix, const std::string& command,
                                 const BulkEditOptions& options) {
  if (prefix.empty()) return Status(Code::invalid, "-make-root " + visible(name) + "=: PREFIX is missing");
  MakeRootReport report;
  IMREG_TRY(RecordFile::open(options.database).status());  // there must be rows
  IMREG_ASSIGN(PathRoots roots, PathRoots::load(options.database));
  const auto* old = roots.find(name);
  const std::string was = old ? old->prefix : "";
  IMREG_TRY(roots.define(name, prefix));
  const auto& fresh = *roots.find(name);
  if (old && was != fresh.prefix) {
    return Status(Code::invalid, "-make-root: root " + name + " is " + was +
                                     " already; take another NAME, or change it with " + "-root " + name + "=" +
                                     prefix);
  }
  for (const auto& other : roots.roots()) {
    if (other.name != name && other.folder == fresh.folder)
      return Status(Code::invalid, "-make-root: root " + other.name + " stands for " + fresh.folder + " already");
  }
  IMREG_ASSIGN(report.root, change_roots(options.database, {{name, prefix}},
                                         {kProgram, command, !options.go, options.wait_seconds, options.on_network,
                                          options.observer}));
  BulkChange about;
  about.kind = BulkChange::Kind::relocate;
  about.program = kProgram;
  about.command = command;
  IMREG_ASSIGN(
      report.edit,
      edit_rows(options, about, [&](const RecordFile&, const PathRoots& now) -> Result<std::unique_ptr<RowEditor>> {
        PathRoots used = now;  // without the new one in a rehearsal
        IMREG_TRY(used.define(name, prefix));
        return std::unique_ptr<RowEditor>(std::make_unique<RootEditor>(std::move(used), name));
      }));
  return report;
}

std::string report_text(const MakeRootReport& report) {
  const auto& edit = report.edit;
  std::string out;
  for (const auto& root : report.root.changed)
    out += "root " + root.name + (edit.done ? " is " : " would be ") + visible(root.after) + "\n";
  for (const auto& one : edit.first_refused) out += "  " + visible(one.text()) + "\n";
  out += counted(edit.rows, "row");
  if (edit.done) return out + " begin with it now (change " + number(edit.change.id) + ")\n";
  return out + (edit.in_order() ? " would begin with it\n" : " would; " + number(edit.refused) + " cannot\n");
}

std::string report_json(const MakeRootReport& report) {
  return "{" + fields_json(report.root, !report.edit.done) + ",\"done\":" + (report.edit.done ? "true" : "false") +
         ",\"rows\":" + number(report.edit.rows) + ",\"refused\":" + number(report.edit.refused) + "}\n";
}

}  // namespace imreg

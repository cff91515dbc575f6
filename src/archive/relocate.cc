// Rows whose paths a rule changes: found by the index where that can be, changed as one step.
#include "imreg/relocate.h"

#include "archive/file_check.h"
#include "archive/rules.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

constexpr std::size_t kExamples = 3;
constexpr std::size_t kLongCommand = 1 << 16;

class PathEditor : public RowEditor {
 public:
  PathEditor(PathRules rules, const PathRoots& roots, const RelocateOptions& options, RelocateReport& report)
      : rules_(std::move(rules)),
        roots_(roots),
        options_(options),
        report_(report),
        files_(options.look_for.value_or(0)) {
    for (const auto& rule : rules_.rules())
      report_.rules.push_back({rule.text, rule.place, rule.from, rule.to, 0, 0, {}});
  }

  Result<RowSet> rows(const RecordFile& file) override {
    const Schema& schema = file.schema();
    IMREG_ASSIGN(Selection selection, make_selection(options_.search, schema));
    IMREG_TRY(add_conditions(options_.search, schema, expression_settings(options_.search, roots_), selection));
    IMREG_TRY(select_folders(schema, selection));
    return find_rows(file, selection, scan_options(options_.search));
  }

  Result<Edited> edit(std::int64_t, Record& record) override {
    const auto stored = record[regimage::kPathname], name = record[regimage::kFilename];
    if (!known_ || stored != stored_ || (!same_for_all_names_ && name != name_)) decide(stored, name);
    if (!trouble_.ok()) return trouble_;
    if (rule_ < 0) return Edited::unchanged;
    const bool fits = record.set(regimage::kPathname, fresh_) &&
                      (same_for_all_names_ || record.set(regimage::kFilename, fresh_name_));
    return fits ? Result<Edited>(Edited::changed)
                : Status(Code::invalid, "the new path does not fit");  // decide() looks
  }

  void planned(std::int64_t, RecordView old, RecordView fresh, const Result<Edited>& what) override {
    if (rule_ < 0) return;
    auto& rule = report_.rules[static_cast<std::size_t>(rule_)];
    ++rule.matched;
    if (!what || *what != Edited::changed) return;
    ++rule.changed;
    const bool example = rule.examples.size() < kExamples && last_example_ != stored_;
    if (!example && !options_.look_for) return;
    const std::string folder = roots_.expand(fresh_);
    if (example) {
      last_example_ = stored_;
      rule.examples.emplace_back(below(roots_.expand(stored_), old[regimage::kFilename]),
                                 below(folder, fresh[regimage::kFilename]));
    }
    if (options_.look_for) files_.add(folder, std::string(fresh[regimage::kFilename]));
  }

  bool repeats(RecordView row) override {
    if (!known_ || !same_for_all_names_ || !trouble_.ok() || options_.look_for || row[regimage::kPathname] != stored_)
      return false;
    if (rule_ >= 0) {
      auto& rule = report_.rules[static_cast<std::size_t>(rule_)];
      ++rule.matched;
      rule.changed += fresh_ != stored_;
    }
    return true;
  }

  const FieldInfo* only_field(const Schema& schema) const override {
    return names_stay_ ? schema.find("pathname") : nullptr;
  }

  bool agrees() override {
    if (!options_.look_for) return true;
    files_.finish();
    report_.looked = true;
    report_.files = files_.files();
    report_.looked_for = files_.looked_for();
    report_.missing = files_.missing();
    report_.first_missing = files_.first_missing();
    report_.unknown = files_.unknown();
    report_.first_unreadable = files_.first_unreadable();
    return report_.missing == 0 && report_.unknown == 0;
  }

 private:
  // Only folders in which a rule can match, where all rules say how their paths begin: the index has them in order.
  Status select_folders(const Schema& schema, Selection& selection) const {
    std::vector<TextPattern> patterns;
    for (const std::string& start : rules_.starts()) {
      patterns.push_back({start, TextPattern::How::prefix});
      const std::size_t slash = start.rfind('/');  // the start may end in the name of a file
      const std::string folder = start.substr(0, slash == 0 ? 1 : slash);
      patterns.push_back({folder, TextPattern::How::exact});
      for (const auto& root : roots_.roots()) {
        const std::string word = "$" + root.name, prefix = roots_.expand(word);
        if (prefix.starts_with(start))
          patterns.push_back({word, TextPattern::How::prefix});
        else if (start.starts_with(prefix + "/"))
          patterns.push_back({word + start.substr(prefix.size()), TextPattern::How::prefix});
        if (folder == prefix || folder.starts_with(prefix + "/"))
          patterns.push_back({word + folder.substr(prefix.size()), TextPattern::How::exact});
      }
    }
    return patterns.empty() ? Status() : selection.patterns(schema, "pathname", std::move(patterns));
  }

  // What becomes of a row with this folder and name: neighbours usually have the same.
  void decide(std::string_view stored, std::string_view name) {
    known_ = true;
    stored_ = stored;
    name_ = name;
    trouble_ = {};
    rule_ = -1;
    same_for_all_names_ = true;
    const std::string folder = roots_.expand(stored);
    if (folder.empty() || folder[0] != '/') return;  // an unknown root, a file of Elixir: nobody knows where that is
    const auto made = rules_.apply(folder, name);
    same_for_all_names_ = made && made->any_name;
    names_stay_ &= same_for_all_names_;
    if (!made) {
      trouble_ = made.status();
      return;
    }
    rule_ = made->rule;
    if (rule_ < 0) return;
    fresh_ = made->folder != folder                                     ? roots_.shorten(made->folder)
             : !made->leaves.empty() && root_of(stored) == made->leaves ? folder
                                                                        : stored_;
    fresh_name_ = made->name;
    if (fresh_.size() > static_cast<std::size_t>(regimage::kPathname.count)) {
      trouble_ = Status(Code::invalid, "the path " + fresh_ + " would have " + std::to_string(fresh_.size()) +
                                           " bytes, its field has " + std::to_string(regimage::kPathname.count) +
                                           "; define a path root for its upper part");
    } else if (fresh_name_.size() > static_cast<std::size_t>(regimage::kFilename.count)) {
      trouble_ = Status(Code::invalid, "the name " + fresh_name_ + " would have " + std::to_string(fresh_name_.size()) +
                                           " bytes, its field has " + std::to_string(regimage::kFilename.count));
    } else if (fresh_.ends_with(' ') || fresh_name_.ends_with(' ')) {
      trouble_ = Status(Code::invalid, "\"" + below(made->folder, fresh_name_) +
                                           "\" would end in a blank, folder or name, which a record cannot hold");
    }
  }

  PathRules rules_;
  const PathRoots& roots_;
  const RelocateOptions& options_;
  RelocateReport& report_;
  FileCheck files_;
  // The last answer.
  bool known_ = false, same_for_all_names_ = false;
  bool names_stay_ = true;  // in all folders so far, and no rule looked at a name
  std::string stored_, name_, fresh_, fresh_name_, last_example_;
  int rule_ = -1;
  Status trouble_;
};

}  // namespace

Result<RelocateReport> relocate_paths(const RelocateOptions& options) {
  RelocateReport report;
  BulkChange about;
  about.kind = BulkChange::Kind::relocate;
  about.program = "imrelocate";
  about.command = options.command;
  const auto make = [&](const RecordFile&, const PathRoots& roots) -> Result<std::unique_ptr<RowEditor>> {
    PathRules rules(roots);
    IMREG_TRY(rules.add_words(options.words));
    for (const auto& [name, text] : options.rule_files) IMREG_TRY(rules.add_lines(text, name));
    IMREG_TRY(rules.check());
    for (const auto& rule : rules.rules()) {  // the file may be gone when somebody reads the history
      if (rule.place.empty()) continue;
      if (about.command.size() > kLongCommand) break;
      about.command += "; " + rule.text;
    }
    return std::unique_ptr<RowEditor>(std::make_unique<PathEditor>(std::move(rules), roots, options, report));
  };
  IMREG_ASSIGN(report.edit, edit_rows(options.edit, about, make));
  return report;
}

}  // namespace imreg

// imsearch -modify and -delete: one value for all rows that the filters find.
#include "imreg/bulk_edit.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

class ModifyEditor : public RowEditor {
 public:
  using Change = std::function<void(Record&)>;
  ModifyEditor(const SearchOptions& search, const PathRoots& roots, Change change)
      : search_(search), roots_(roots), change_(std::move(change)) {}

  Result<RowSet> rows(const RecordFile& file) override {
    IMREG_ASSIGN(Selection selection, make_selection(search_, file.schema()));
    IMREG_TRY(add_conditions(search_, file.schema(), expression_settings(search_, roots_), selection));
    return find_rows(file, selection, scan_options(search_));
  }
  Result<Edited> edit(std::int64_t, Record& record) override {
    change_(record);
    return Edited::changed;
  }

 private:
  const SearchOptions& search_;
  const PathRoots& roots_;
  Change change_;
};

// One value for a text; it must fit before any row is looked at.
Result<ModifyEditor::Change> text_of(Field<Text> field, const std::string& name, const std::string& value) {
  if (value.size() > static_cast<std::size_t>(field.count))
    return Status(Code::invalid, "-modify " + name + ": \"" + value + "\" has " + std::to_string(value.size()) +
                                     " bytes, its field has " + std::to_string(field.count));
  if (value.ends_with(' '))
    return Status(Code::invalid, "-modify " + name + ": \"" + value + "\" ends in a blank, which a record cannot hold");
  return ModifyEditor::Change([field, value](Record& record) { (void)record.set(field, value); });
}

Result<ModifyEditor::Change> path_of(const std::string& value, const PathRoots& roots) {
  const std::string path = roots.expand(value);
  if (path[0] == '$')
    return Status(Code::invalid, "-modify path: there is no path root " + path.substr(0, path.find('/')));
  if (path[0] != '/')
    return Status(Code::invalid, "-modify path: \"" + value + "\" is a relative path; say an absolute folder");
  return text_of(regimage::kPathname, "path", roots.shorten(absolute_path(path)));
}

// "-type: ..." becomes "-modify type: ...".
Status of_modify(const Status& status) { return {status.code(), "-modify " + status.message().substr(1)}; }

Result<ModifyEditor::Change> change_of(const ModifyRequest& request, const SearchOptions& search, const Schema& schema,
                                       const PathRoots& roots) {
  const std::string& field = request.field;
  if (request.remove) return ModifyEditor::Change([](Record& record) { record.set(regimage::kDeleted, true); });
  if (request.value.empty())
    return Status(Code::invalid, "-modify " + field + ": an empty value; is a variable of the shell not set?");
  if (field == "path") return path_of(request.value, roots);
  if (field == "filter") {
    CameraSources lists = search.cameras;
    lists.filters_only = true;
    IMREG_ASSIGN(const auto cameras, Cameras::load(lists));
    return text_of(regimage::kFilter, field, cameras.canonical_filter(request.value).value_or(request.value));
  }
  if (field == "type" || field == "mode") {
    const auto code = code_of_word(field, request.value, schema);
    if (!code) return of_modify(code.status());
    const auto place = field == "type" ? regimage::kType : regimage::kMode;
    return ModifyEditor::Change([place, value = *code](Record& record) { record.set(place, value); });
  }
  if (field == "dist") {
    const auto wanted = truth_of_word(field, request.value);
    if (!wanted) return of_modify(wanted.status());
    return ModifyEditor::Change([on = *wanted](Record& record) {
      const int flag = record[regimage::kFlag];
      record.set(regimage::kFlag, on ? flag | kDistributed : flag & ~kDistributed);
    });
  }
  return Status(Code::invalid, "-modify " + field + ": there are path, mode, dist, type, filter");
}

}  // namespace

Result<BulkEditReport> modify_rows(const SearchOptions& search, const ModifyRequest& request,
                                   const BulkEditOptions& options) {
  BulkChange about;
  about.kind = request.remove ? BulkChange::Kind::remove : BulkChange::Kind::modify;
  about.program = "imsearch";
  about.command = request.command;
  return edit_rows(
      options, about, [&](const RecordFile& file, const PathRoots& roots) -> Result<std::unique_ptr<RowEditor>> {
        IMREG_ASSIGN(auto change, change_of(request, search, file.schema(), roots));
        return std::unique_ptr<RowEditor>(std::make_unique<ModifyEditor>(search, roots, std::move(change)));
      });
}

std::string modify_text(const BulkEditReport& report, const ModifyRequest& request) {
  EditWords words;
  if (request.remove) words.done = "deleted", words.would = "would be deleted";
  words.how = "without -n it is done";
  return edit_troubles(report) + edit_outcome(report, report.in_order(), words);
}

}  // namespace imreg

// Plans a change of many rows, and makes it: one step, logged before it is done.
#include "imreg/bulk_edit.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "imreg/index.h"
#include "registry/image_row.h"
#include "registry/key_collisions.h"
#include "registry/new_database.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

constexpr std::int64_t kBetweenReports = 4096;  // rows

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

RecordWriter::Options writer_options_of(const BulkEditOptions& options, const std::string& program) {
  RecordWriter::Options out;
  out.program = program;
  out.wait_seconds = options.wait_seconds;
  out.on_network = options.on_network;
  out.observer = options.observer;
  return out;
}

void name(std::vector<Status>& first, Status status, const RecordFile& file, std::int64_t row) {
  if (first.size() < BulkEditReport::kMostNamed) first.push_back(std::move(status).in_file(file.path()).at_record(row));
}

class Planner {
 public:
  Planner(const RecordFile& file, const PathRoots& roots, const BulkEditOptions& options, BulkEditReport& report)
      : file_(file), roots_(roots), options_(options), report_(report) {}

  Status plan(RowEditor& editor) {
    IMREG_ASSIGN(const RowSet rows, editor.rows(file_));
    changes_.assign(static_cast<std::size_t>(file_.count()), false);
    KeyCollisions collisions(file_, roots_);
    Record scratch = file_.make_record(), old = file_.make_record(), fresh = file_.make_record();
    std::int64_t looked_at = 0;
    planned_ = rows.size();
    std::optional<Edited> last;  // what became of the last row
    Status trouble;
    rows.each(0, [&](std::int64_t row) {
      if (++looked_at % kBetweenReports == 0) tell(looked_at);
      const RecordView now = file_.peek(row, scratch);
      if (last && editor.repeats(now)) {
        if (*last == Edited::changed) {
          ++report_.rows;
          changes_[static_cast<std::size_t>(row)] = true;
          collisions.take_another();
        }
        return true;
      }
      const char* const bytes = now.bytes();
      std::copy_n(bytes, regimage::kRecordSize, old.data());
      std::copy_n(bytes, regimage::kRecordSize, fresh.data());
      auto edited = editor.edit(row, fresh);
      if (edited && *edited == Edited::changed && fresh.bytes() == old.bytes()) edited = Edited::unchanged;
      editor.planned(row, old.view(), fresh.view(), edited);
      last = edited && *edited != Edited::kept ? std::optional(*edited) : std::nullopt;
      if (!edited) {
        if (edited.status().code() != Code::invalid) return trouble = edited.status(), false;
        ++report_.refused;
        name(report_.first_refused, edited.status(), file_, row);
      } else if (*edited == Edited::kept) {
        ++report_.kept;
        name(report_.first_kept, Status(Code::mismatch, "was changed since and stays as it is"), file_, row);
      } else if (*edited == Edited::changed) {
        ++report_.rows;
        changes_[static_cast<std::size_t>(row)] = true;
        collisions.take(old.view(), fresh.view());
      }
      return true;
    });
    IMREG_TRY(trouble);
    IMREG_TRY(collisions.find(editor, changes_, report_));
    report_.vetoed = !editor.agrees();
    tell(planned_);
    return {};
  }

  /// The planned rows, one after the other, as commit_many() takes them.
  Result<bool> next(RowEditor& editor, HistoryWriter& history, RowChange& change) {
    for (; at_ < file_.count(); ++at_) {
      if (!changes_[static_cast<std::size_t>(at_)]) continue;
      if (const Status whole = file_.read(at_, old_); !whole.ok()) {
        if (whole.code() != Code::corrupt) return whole;
        report_.damaged.add(whole);
        continue;
      }
      Record fresh(old_.bytes());
      IMREG_TRY(editor.edit(at_, fresh).status());
      history.row(at_, old_.view(), fresh.view());
      change.row = at_++;
      change.bytes = fresh.bytes();
      if (++changed_ % kBetweenReports == 0 || changed_ == report_.rows) tell_changed(0);
      return true;
    }
    return false;
  }

  /// The first planned row from `row` on.
  std::int64_t next_row(std::int64_t row) const {
    const auto at = std::find(changes_.begin() + row, changes_.end(), true);
    return at - changes_.begin();
  }
  /// What a field of planned rows becomes, which all are as `row` is in it.
  Result<std::string_view> value(RowEditor& editor, std::int64_t row, const FieldInfo& field) {
    std::copy_n(file_.peek(row, scratch_).bytes(), regimage::kRecordSize, old_.data());
    IMREG_TRY(editor.edit(row, old_).status());
    return std::string_view(old_.bytes())
        .substr(static_cast<std::size_t>(field.offset), static_cast<std::size_t>(field.size()));
  }
  void tell_changed(std::int64_t rows) {
    changed_ += rows;
    if (report_.rows > 0) tell(planned_ + planned_ * std::min(changed_, report_.rows) / report_.rows);
  }
  /// Looking at the rows is half of the work, and all of a rehearsal.
  void tell(std::int64_t done) const {
    if (options_.progress) options_.progress(done, options_.go ? 2 * planned_ : planned_);
  }
  /// Planned rows that were changed without being read whole: those that are damaged.
  void find_damaged() {
    for (std::int64_t row = next_row(0); row < file_.count(); row = next_row(row + 1)) {
      if (const Status whole = file_.read(row, old_); whole.code() == Code::corrupt) report_.damaged.add(whole);
    }
  }

 private:
  const RecordFile& file_;
  const PathRoots& roots_;
  const BulkEditOptions& options_;
  BulkEditReport& report_;
  Record scratch_ = file_.make_record();
  std::vector<bool> changes_;
  Record old_ = file_.make_record();
  std::int64_t at_ = 0, changed_ = 0, planned_ = 0;
};

Status make_changes(RecordWriter& writer, Planner& planner, RowEditor& editor, const BulkChange& about,
                    const BulkEditOptions& options, BulkEditReport& report) {
  IMREG_ASSIGN(auto history, HistoryWriter::begin(writer.file(), about,
                                                  {options.wait_seconds, options.on_network, options.observer}));
  const auto next = [&](RowChange& change) { return planner.next(editor, history, change); };
  CommitSteps steps;
  steps.ready = [&](std::int64_t number) { return history.ready(number); };
  steps.committed = [&] { report.done = true; };
  if (const FieldInfo* field = editor.only_field(writer.file().schema())) {
    const auto text = [](std::string_view bytes) {
      return std::string(bytes.substr(0, bytes.find_last_not_of('\0') + 1));
    };
    steps.change = [&](std::int64_t first, std::int64_t rows, std::string_view old, std::string_view fresh) {
      history.rows(first, rows, {{field->name, text(old), text(fresh)}});
      planner.tell_changed(rows);
    };
    IMREG_TRY(writer.change_field(
        *field, [&](std::int64_t row) { return planner.next_row(row); },
        [&](std::int64_t first, std::int64_t& rows, std::string_view) {
          auto value = planner.value(editor, first, *field);
          rows = std::min(rows, editor.alike_until(first) - first);
          return value;
        },
        steps));
    planner.find_damaged();
  } else {
    IMREG_TRY(writer.commit_many(next, steps));
  }
  report.rows -= report.damaged.count;
  if (report.done) report.change = history.about();
  return {};
}

}  // namespace

Result<BulkEditReport> edit_rows(const BulkEditOptions& options, const BulkChange& about, const MakeEditor& make) {
  const double start = now_seconds();
  BulkEditReport report;
  if (!options.go) {
    IMREG_ASSIGN(const RecordFile file, open_database(options.database));
    IMREG_TRY(check_format(file));
    IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
    IMREG_ASSIGN(const auto editor, make(file, roots));
    IMREG_TRY(Planner(file, roots, options, report).plan(*editor));
    report.seconds = report.plan_seconds = now_seconds() - start;
    return report;
  }
  IMREG_TRY(open_database(options.database).status());  // says what to do when there is none
  IndexKeeper keeper(IndexKeeper::Patience::full);
  auto writer_options = writer_options_of(options, about.program);
  writer_options.follower = &keeper;
  IMREG_ASSIGN(auto writer, RecordWriter::open(options.database, writer_options));
  const RecordFile& file = writer.file();
  report.notes = writer.notes();
  IMREG_TRY(check_format(file));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
  IMREG_ASSIGN(const auto editor, make(file, roots));
  Planner planner(file, roots, options, report);
  IMREG_TRY(planner.plan(*editor));
  report.plan_seconds = now_seconds() - start;
  if (report.rows > 0 && report.in_order()) {
    IMREG_TRY(make_changes(writer, planner, *editor, about, options, report));
    keeper.finish(file);
    if (!keeper.note().empty()) report.notes.push_back(keeper.note());
    report.index_wants_merge = keeper.wants_merge();
  }
  report.seconds = now_seconds() - start;
  return report;
}

Status merge_index_of(const BulkEditOptions& options) {
  auto writer_options = writer_options_of(options, "imrelocate");
  writer_options.wait_seconds = std::max(options.wait_seconds, 60.0);  // nobody waits for this one
  return merge_index(options.database, writer_options);
}

}  // namespace imreg

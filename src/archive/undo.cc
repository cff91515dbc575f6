// Takes a bulk change back: each row gets what it had, where it still has what the change gave it.
#include <algorithm>
#include <cstring>
#include <map>

#include "base/text.h"
#include "imreg/relocate.h"
#include "registry/path_roots.h"
#include "registry/root_changes.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

using Kind = BulkChange::Kind;

constexpr std::size_t kMostBytes = 64 << 20;  // of a history in memory

// The bytes of a field, NULs at its end and all.
struct FieldBytes {
  const FieldInfo* field;
  std::string before, after;
};

class UndoEditor : public RowEditor {
 public:
  UndoEditor(const RecordFile& file, History history, UndoReport& report)
      : file_(file), history_(std::move(history)), report_(report) {}

  Result<RowSet> rows(const RecordFile& file) override {
    RowSet rows(file.count());
    IMREG_TRY(history_.each(report_.target, report_.gone, [&](std::int64_t row, const Difference&) {
      if (row >= 0) rows.add(row);
      return Status();
    }));
    rows.finish();
    return rows;
  }

  Result<Edited> edit(std::int64_t row, Record& record) override {
    if (row < from_ || row >= end_) IMREG_TRY(read_from(row));
    const Run* const run = run_of(row);
    if (!run) return Edited::unchanged;
    const auto& fields = differences_[run->difference];
    const auto still = [&](const FieldBytes& one) {
      return std::memcmp(record.data() + one.field->offset, one.after.data(), one.after.size()) == 0;
    };
    if (!std::all_of(fields.begin(), fields.end(), still)) return Edited::kept;
    for (const auto& one : fields) {
      one.before.copy(record.data() + one.field->offset, one.before.size());
      one_field_ &= !field_ || field_ == one.field;
      field_ = one.field;
    }
    return fields.empty() ? Edited::unchanged : Edited::changed;
  }

  const FieldInfo* only_field(const Schema&) const override { return one_field_ ? field_ : nullptr; }
  std::int64_t alike_until(std::int64_t row) override {
    const Run* const run = run_of(row);
    return run ? run->end : row + 1;
  }

 private:
  struct Run {
    std::int64_t row, end;
    std::size_t difference;
  };

  const Run* run_of(std::int64_t row) const {
    const auto behind = std::upper_bound(runs_.begin(), runs_.end(), row,
                                         [](std::int64_t wanted, const Run& one) { return wanted < one.row; });
    return behind == runs_.begin() || row >= (behind - 1)->end ? nullptr : &*(behind - 1);
  }

  // What the history tells of the rows from `row` on, as far as there is room for it.
  Status read_from(std::int64_t row) {
    runs_.clear();
    differences_.clear();
    from_ = row;
    end_ = file_.count();
    std::size_t bytes = 0;
    std::int64_t gone = 0;
    bool full = false;
    Difference last;
    const Status read = history_.each(report_.target, gone, [&](std::int64_t at, const Difference& difference) {
      if (at < row) return Status();
      if (bytes > kMostBytes) {
        full = true;
        end_ = at;
        return Status(Code::busy, "there is more");
      }
      if (differences_.empty() || difference != last) {
        last = difference;
        IMREG_TRY(add_difference(difference, bytes));
        runs_.push_back({at, at + 1, differences_.size() - 1});
        bytes += sizeof(Run);
      } else if (runs_.back().end == at) {
        ++runs_.back().end;
      } else {
        runs_.push_back({at, at + 1, differences_.size() - 1});
        bytes += sizeof(Run);
      }
      return Status();
    });
    return full ? Status() : read;
  }

  Status add_difference(const Difference& difference, std::size_t& bytes) {
    auto& fields = differences_.emplace_back();
    for (const auto& one : difference) {
      const FieldInfo* const field = file_.schema().find(one.field);
      const auto size = field ? static_cast<std::size_t>(field->size()) : 0;
      if (one.before.size() > size || one.after.size() > size)
        return Status(Code::mismatch, "change " + std::to_string(report_.target.id) + " is of a field " + one.field +
                                          " that rows do not have, or not so long")
            .in_file(file_.path() + ".history");
      fields.push_back({field, one.before, one.after});
      fields.back().before.resize(size);
      fields.back().after.resize(size);
      bytes += 2 * size + sizeof(FieldBytes);
    }
    return {};
  }

  const RecordFile& file_;
  History history_;
  UndoReport& report_;
  std::vector<Run> runs_;
  std::vector<std::vector<FieldBytes>> differences_;
  std::int64_t from_ = 0, end_ = 0;  // rows that runs_ tells of
  const FieldInfo* field_ = nullptr;
  bool one_field_ = true;  // no planned row changes another than field_
};

Status refuse_to_undo(const BulkChange& target) {
  const std::string change =
      "change " + std::to_string(target.id) + " (" + target.program + ": " + target.command + ") ";
  switch (target.kind) {
    case Kind::move:
      return {Code::invalid, change + "has moved files, too; immv moves them back, and the rows with them"};
    case Kind::unlink:
      return {Code::invalid,
              change + "has removed files; put them back from a backup, and imregister renews their rows"};
    default: return {};
  }
}

// Of roots: there are no rows to change.
Result<UndoReport> undo_roots(const BulkEditOptions& options, std::int64_t n, const BulkChange& target) {
  UndoReport report;
  IMREG_ASSIGN(RootUndo undone,
               undo_root_change(options.database, n,
                                {"imrelocate", "-undo " + std::to_string(n) + ": " + target.command, !options.go,
                                 options.wait_seconds, options.on_network, options.observer}));
  report.target = std::move(undone.target);
  report.edit.notes = std::move(undone.report.notes);
  report.edit.done = options.go;
  report.edit.change = undone.report.change;
  for (const auto& root : undone.report.changed) {
    report.edit.rows += root.rows;
    report.roots.push_back("root " + root.name + ": " + (root.after.empty() ? "not defined" : root.after) + ", was " +
                           (root.before.empty() ? "not defined" : root.before));
  }
  if (report.roots.empty()) report.roots.emplace_back("the roots are as they were before it already");
  return report;
}

}  // namespace

Result<UndoReport> undo_change(const BulkEditOptions& options, std::int64_t n) {
  {
    IMREG_ASSIGN(const RecordFile file, open_database(options.database));
    IMREG_ASSIGN(const auto history, History::load(file));
    const auto target = history.newest(n);
    if (target && target->kind == Kind::root) return undo_roots(options, n, *target);
  }
  UndoReport report;
  BulkChange about;
  about.kind = Kind::undo;
  about.program = "imrelocate";
  const auto find = [n](const RecordFile& file) -> Result<std::pair<History, BulkChange>> {
    IMREG_ASSIGN(auto history, History::load(file));
    auto target = history.newest(n);
    if (target.status().code() == Code::corrupt) return target.status();
    if (!target) return Status(target.status().code(), "-undo " + std::to_string(n) + ": " + target.status().message());
    IMREG_TRY(refuse_to_undo(*target));
    return std::pair(std::move(history), *std::move(target));
  };
  const auto make = [&](const RecordFile& file, const PathRoots&) -> Result<std::unique_ptr<RowEditor>> {
    IMREG_ASSIGN(auto found, find(file));
    report.target = std::move(found.second);
    about.undoes = report.target.id;
    about.command = "-undo " + std::to_string(n) + ": " + report.target.command;
    return std::unique_ptr<RowEditor>(std::make_unique<UndoEditor>(file, std::move(found.first), report));
  };
  IMREG_ASSIGN(report.edit, edit_rows(options, about, make));
  return report;
}

}  // namespace imreg

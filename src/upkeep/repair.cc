// A new database out of what is whole in an old one. It takes its name when it is complete and on the disk.
#include <algorithm>
#include <optional>
#include <unordered_set>

#include "base/text.h"
#include "imreg/date.h"
#include "imreg/history.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/upkeep.h"
#include "os/lock.h"
#include "record/journal.h"
#include "record/new_file.h"
#include "record/record_state.h"
#include "upkeep/cut_file.h"
#include "upkeep/family.h"
#include "upkeep/findings.h"
#include "upkeep/salvage.h"

namespace imreg {

using namespace upkeep;

namespace {

Status check_name_is_free(const std::string& path) {
  if (is_there(path))
    return Status(Code::invalid, "exists already and is not written over; take another name").in_file(path);
  if (holds_changes(path + ".journal"))
    return Status(Code::invalid, "holds changes of an earlier database of this name; move it away")
        .in_file(path + ".journal");
  return {};
}

Result<NewRecordFile> new_file(const std::string& path, const Container& like) {
  Container of = like;
  of.uuid = new_uuid();
  const std::string header = make_native_header(*of.schema, of.uuid, format_iso(current_time(), 0).substr(0, 19));
  of.data_offset = std::ssize(header);
  return NewRecordFile::create(path, header, of);
}

Status take_name(NewRecordFile& file, const std::string& path) {
  IMREG_TRY(check_name_is_free(path));
  Status named = file.take_name();
  if (!named.ok()) file.give_up();  // for the next attempt
  return named;
}

// The roots stand in a file beside it: without them $NAME/rest means nothing.
Status take_roots(const std::string& from, const std::string& to, Findings& findings) {
  const auto roots = read_file(resolved_path(from) + ".roots");
  if (!roots && roots.status().code() == Code::not_found) return {};
  if (!roots) {
    findings.warning(from + ".roots", "cannot be read, define the path roots again: " + roots.status().message());
    return {};
  }
  return replace_file(to + ".roots", *roots);
}

std::string why_lost(const Salvage& wreck, std::int64_t row, const char* bytes) {
  if (!bytes)
    return wreck.place_of(row + 1) > wreck.size ? "is not there: the file ends before it"
                                                : "cannot be read from its disk";
  const std::string known = what_is_readable(*wreck.container.schema, bytes);
  return "is damaged" + (known.empty() ? "" : "; " + known);
}

// Every row that is whole. `succession` tells which rows these are.
Status save_rows(const std::string& path, const std::string& new_path, const CheckOptions& options,
                 const WriterLock* lock, RepairReport& report, Findings& findings, Succession& succession) {
  IMREG_ASSIGN(const auto wreck, Salvage::open(path, lock ? &lock->last_state() : nullptr));
  const std::string journal = resolved_path(path) + ".journal";
  if (!wreck.unread.ok())
    return Status(wreck.unread.code(), wreck.unread.message() +
                                           "; changes that stand only in it would be lost: make it readable, or "
                                           "move it away to save the rows without them")
        .in_file(journal);
  for (const auto& note : wreck.notes) findings.note(path, note);
  std::unordered_set<std::int64_t> missing(wreck.missing.begin(), wreck.missing.end());
  const auto* changeno = wreck.container.schema->find("changeno");
  if (changeno && changeno->type != Type::i64) changeno = nullptr;
  IMREG_ASSIGN(auto file, new_file(new_path, wreck.container));
  Status trouble;
  std::int64_t rows = 0, newest_change = wreck.newest_change;
  IMREG_TRY(wreck.each([&](std::int64_t row, std::int64_t many, Salvage::Fate fate, const char* bytes) {
    if (options.progress && row % 4096 == 0) options.progress(wreck.place_of(row), wreck.size);
    rows = row + many;
    if (fate == Salvage::Fate::lost) {
      report.rows_lost += many;
      succession.went.emplace_back(row, many);
      const std::int64_t named = std::min(many, std::int64_t{CheckReport::kMostNamed});
      for (std::int64_t lost = row; lost < row + named; ++lost)
        findings.damage(path, why_lost(wreck, lost, bytes), lost, wreck.place_of(lost));
      return true;
    }
    if (fate == Salvage::Fate::newer) ++report.changes_applied;
    if (fate == Salvage::Fate::older) {
      ++report.changes_lost;
      findings.warning(path,
                       "its last change is damaged; it is saved as it was before; " +
                           what_is_readable(*wreck.container.schema, bytes),
                       row);
    }
    if (changeno) {
      const auto change = load_big<std::int64_t>(bytes + changeno->offset);
      newest_change = std::max(newest_change, change);
      missing.erase(change);
    }
    ++report.rows_saved;
    std::string saved(bytes, static_cast<std::size_t>(wreck.record_size()));
    if (changeno) store_big(saved.data() + changeno->offset, std::int64_t{0});
    trouble = file.add(saved);
    return trouble.ok();
  }));
  IMREG_TRY(trouble);
  if (report.rows_saved == 0 && (report.rows_lost > 0 || !wreck.counted))
    return Status(Code::corrupt, "no row of it is whole; nothing is made").in_file(path);
  for (const std::int64_t number : wreck.missing) {
    if (missing.count(number) == 0) continue;  // the file has it
    ++report.changes_lost;
    findings.warning(
        journal, "change " + std::to_string(number) + " is damaged, and no row holds it: what was only in it is lost");
  }
  for (const auto& what : less_than_known(wreck.lock, "the last writer left", rows, newest_change))
    findings.warning(path, what + ": what is missing is lost, unless another file was put in its place");
  IMREG_TRY(take_roots(path, new_path, findings));
  IMREG_TRY(file.finish(file.rows_added(), 0));
  succession.old_uuid = uuid_text(wreck.container.uuid);
  succession.change_number = newest_change;
  return take_name(file, new_path);
}

// What was done before can be undone in the new file: a history that is repaired as the rows are, and is told of the new one.
void take_history(const std::string& path, const std::string& new_path, const RecordFile& made, Succession succession,
                  Findings& findings) {
  const std::string from = resolved_path(path) + ".history", to = new_path + ".history";
  if (!is_there(from)) return;
  const auto work = [&]() -> Status {
    IMREG_TRY(check_name_is_free(to));
    RepairReport of_history;
    Findings lost;
    Succession ignored;
    IMREG_TRY(save_rows(from, to, {}, nullptr, of_history, lost, ignored));
    if (const auto gone = of_history.rows_lost + of_history.changes_lost; gone > 0)
      findings.warning(from, counted(gone, "damaged record") + " of it: what they tell of cannot be undone any more");
    succession.new_uuid = made.uuid();
    return note_succession(made, succession, "imcheck", {});
  };
  if (const Status taken = work(); !taken.ok())
    findings.warning(from, "earlier bulk changes cannot be undone in " + new_path + ": " + taken.text());
}

// The rows in front of the end of a table without checks, in its own format.
Status save_cut(const CutFile& cut, const std::string& path, const std::string& new_path, const CheckOptions& options,
                RepairReport& report, Findings& findings) {
  const std::string temporary = new_path + ".unfinished";
  if (const Status old = remove_file(temporary); !old.ok() && old.code() != Code::not_found) return old;
  const auto work = [&]() -> Status {
    IMREG_ASSIGN(File out, File::open(temporary, File::Mode::create_new));
    IMREG_TRY(cut.copy_to(out, options.progress));
    IMREG_TRY(take_roots(path, new_path, findings));
    IMREG_TRY(check_name_is_free(new_path));
    return rename_new_file(temporary, new_path);
  };
  if (Status status = work(); !status.ok()) {
    (void)remove_file(temporary);
    return status;
  }
  report.rows_saved = cut.container.count;
  report.rows_lost = cut.said - cut.container.count;
  const std::int64_t named = std::min<std::int64_t>(cut.said, cut.container.count + CheckReport::kMostNamed);
  for (std::int64_t row = cut.container.count; row < named; ++row)
    findings.damage(path, "is not there: the file ends before it", row);
  return {};
}

}  // namespace

Result<RepairReport> repair_database(const std::string& path, const std::string& new_path,
                                     const CheckOptions& options) {
  RepairReport report;
  report.path = path;
  report.new_path = new_path;
  IMREG_TRY(check_name_is_free(new_path));
  // Looked at first: no lock file appears beside something that is no database. Where nobody may write there is no lock, and
  // no writer either.
  const Status readable = Salvage::open(path).status();
  const auto cut = readable.ok() ? Result<CutFile>(Status(Code::invalid, "")) : CutFile::open(path);
  if (!cut) IMREG_TRY(explained(readable, path));
  std::optional<WriterLock> lock;
  if (!cut) {
    auto taken = WriterLock::take(resolved_path(path) + ".lock", "imcheck -repair", 0);
    if (!taken && taken.status().code() == Code::busy) return taken.status();
    if (taken) lock = *std::move(taken);
  }
  Findings findings;
  NewPlaces made;
  const auto work = [&]() -> Status {
    IMREG_ASSIGN(auto new_lock, WriterLock::take(new_path + ".lock", "imcheck -repair", 0));
    made.will_make(new_path + ".roots");
    Succession succession;
    Status saved = cut ? save_cut(*cut, path, new_path, options, report, findings)
                       : save_rows(path, new_path, options, lock ? &*lock : nullptr, report, findings, succession);
    if (!saved.ok()) {
      made.clear_away(nullptr);
      if (!is_there(new_path)) new_lock.remove();
      return saved;
    }
    (void)remove_file(new_path + ".idx");  // of an earlier database of this name
    if (const auto made_one = RecordFile::open(new_path); made_one && !cut) {
      take_history(path, new_path, *made_one, std::move(succession), findings);
      if (const auto indexed = made_one->count() >= 4096 ? rebuild_index(*made_one) : Status(); !indexed.ok())
        findings.note(new_path, "its index could not be made: " + indexed.text());
    }
    new_lock.release("");
    return {};
  };
  const Status status = work();
  if (lock) lock->release(lock->last_state());
  report.lost = std::move(findings).sorted();
  return status.ok() ? Result<RepairReport>(std::move(report)) : Result<RepairReport>(status);
}

}  // namespace imreg

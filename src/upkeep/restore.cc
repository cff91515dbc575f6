// A new database out of a copy: its own identity, its rows sealed for it. It appears under its name when all is there.
#include "imreg/backup.h"
#include "imreg/history.h"
#include "imreg/index.h"
#include "os/lock.h"
#include "os/walk.h"
#include "record/journal.h"
#include "record/new_file.h"
#include "upkeep/family.h"
#include "upkeep/steps.h"

namespace imreg {

namespace {

constexpr std::size_t kMostNamed = 1000;

class Restore {
 public:
  Restore(const RestoreOptions& options, RestoreReport& report)
      : options_(options),
        report_(report),
        steps_(options.progress),
        from_(is_folder(options.backup) ? options.backup + "/Imreg.db" : options.backup),
        to_(is_folder(options.database) ? options.database + "/Imreg.db" : options.database) {
    report_.path = to_;
  }

  Status run() {
    const auto backup = RecordFile::open(from_);
    if (!backup) {
      const bool exchanged = RecordFile::open(to_).ok();
      return Status(backup.status().code(), (backup.status().code() == Code::not_found ? "there is no backup here"
                                                                                       : backup.status().message()) +
                                                (exchanged ? "; the backup is named first, then the new database" : ""))
          .in_file(from_);
    }
    if (!backup->is_native()) return Status(Code::invalid, "is no backup made by imbackup").in_file(from_);
    IMREG_ASSIGN(const auto members, family_of(from_));
    if (!is_folder(folder_of(absolute_path(to_))))
      return Status(Code::not_found, "its folder does not exist").in_file(to_);
    IMREG_TRY(check_free(to_));
    IMREG_ASSIGN(auto lock, WriterLock::take(to_ + ".lock", options_.program, options_.wait_seconds));
    const Status status = make(members);
    if (!status.ok() && !is_there(to_)) {
      made_.clear_away(options_.observer);
      lock.remove();
    }
    return status;
  }

  /// Behind the lock: what can be done by the next writer, or done without.
  void finish() {
    IndexKeeper::Limits limits;
    limits.observer = options_.observer;
    IndexKeeper keeper(IndexKeeper::Patience::full, limits);
    const auto writer = RecordWriter::open(
        to_, {options_.program, options_.wait_seconds, options_.on_network, options_.observer, &keeper});
    if (!writer) return report_.notes.push_back("the index is not made yet: " + writer.status().text());
    keeper.finish(writer->file());
    if (!keeper.note().empty()) report_.notes.push_back(keeper.note());
    succession_.new_uuid = writer->file().uuid();
    const Status told = note_succession(writer->file(), succession_, options_.program,
                                        {options_.wait_seconds, options_.on_network, options_.observer});
    if (!told.ok()) report_.notes.push_back("earlier bulk changes cannot be undone in it: " + told.text());
  }

 private:
  Status make(const std::vector<Member>& members) {
    IMREG_TRY(check_free(to_));
    for (const Member& member : members) IMREG_TRY(check_member(member));
    for (const Member& member : members) {
      const auto rows = member.table ? RecordFile::open(member.path) : Result<RecordFile>(Status(Code::not_found, ""));
      if (rows) steps_.expect(rows->count());
    }
    if (const auto rows = RecordFile::open(from_)) steps_.expect(rows->count());
    for (const Member& member : members) IMREG_TRY(restore(member));
    IMREG_TRY(restore_table(from_, to_));
    Status named;
    for (auto table = tables_.begin(); named.ok() && table != tables_.end(); ++table)
      named = table->take_name();  // the database itself last: with it all is there
    if (!named.ok()) {             // what has its name already would stand in the way of the next attempt
      for (auto& table : tables_) table.give_up();
    }
    return named;
  }

  std::string place_of(const Member& member) const {
    constexpr std::string_view kMain = "Imreg.";
    const std::string stem = to_.substr(0, to_.size() - (to_.ends_with(".db") ? 3 : 0));
    if (member.name.starts_with("Imreg.db.")) return to_ + member.name.substr(kMain.size() + 2);
    if (member.name.starts_with(kMain)) return stem + member.name.substr(kMain.size() - 1);
    return folder_of(to_) + "/" + member.name;
  }

  static Status check_free(const std::string& path) {
    IMREG_TRY(check_no_link(path));
    if (File::open(path, File::Mode::read).status().code() != Code::not_found)
      return Status(Code::invalid, "exists already; a database is never restored over another one").in_file(path);
    if (holds_changes(path + ".journal")) {
      return Status(Code::mismatch,
                    "holds changes of an earlier database of this name, which the backup may not have; move it away "
                    "(keep it: with that database it is all that was done)")
          .in_file(path + ".journal");
    }
    return {};
  }

  // A file of that name would take the place of the link, and stand on another disk than was meant.
  static Status check_no_link(const std::string& path) {
    if (!is_there(path) || File::open(path, File::Mode::read).status().code() != Code::not_found) return {};
    return Status(Code::invalid, "is a symbolic link to a file that is not there; remove it, or name that file")
        .in_file(path);
  }

  // What a restore that was killed has put there already is the same.
  Status check_member(const Member& member) const {
    const std::string to = place_of(member);
    const bool of_folder = !member.name.starts_with("Imreg.");
    if (of_folder && !to_.ends_with("/Imreg.db") && to_ != "Imreg.db") {
      return Status(Code::invalid, "the backup has more tables (" + member.name +
                                       "), which belong to the Imreg.db of a folder: name FOLDER/Imreg.db")
          .in_file(to_);
    }
    if (member.table) {
      const auto there = RecordFile::open(to);
      if (there.status().code() == Code::not_found) return {};
      return check_free(to);
    }
    IMREG_TRY(check_no_link(to));
    const bool none = File::open(to, File::Mode::read).status().code() == Code::not_found;
    if (none || same_content(member.path, to)) return {};
    return Status(Code::invalid, "belongs to an earlier database of this name; move it away").in_file(to);
  }

  Status restore(const Member& member) {
    const std::string to = place_of(member);
    if (member.table) return restore_table(member.path, to);
    if (same_content(member.path, to)) return {};
    IMREG_TRY(made_.make_folder_of(to));
    made_.will_make(to);
    IMREG_TRY(copy_plain(member.path, to, options_.observer));
    ++report_.files_copied;
    return {};
  }

  Status restore_table(const std::string& from, const std::string& to) {
    IMREG_TRY(made_.make_folder_of(to));
    IMREG_ASSIGN(const auto rows, RecordFile::open(from));
    IMREG_ASSIGN(const File file, File::open(from, File::Mode::read));
    IMREG_ASSIGN(Container container, read_container(file));
    container.uuid = new_uuid();
    IMREG_ASSIGN(auto out, NewRecordFile::create(to, file, container, options_.observer));
    IMREG_TRY(out.reserve(rows.count()));
    Record row = rows.make_record();
    succession_ = {rows.uuid(), {}, rows.change_number(), {}};  // the database itself comes last
    for (std::int64_t number = 0; number < rows.count(); ++number) {
      if (number % 4096 == 0) steps_.at(number);
      if (Status whole = rows.read(number, row); whole.ok()) {
        IMREG_TRY(out.add(row.bytes()));
      } else if (whole.code() != Code::corrupt) {
        return whole;
      } else {
        succession_.went.emplace_back(number, 1);
        if (report_.damaged_rows++ < static_cast<std::int64_t>(kMostNamed))
          report_.damaged.push_back(
              Status(Code::corrupt, "damaged record of the backup").in_file(from).at_record(number));
      }
    }
    if (report_.damaged_rows > 0 && !options_.damaged)
      return Status(Code::corrupt, "has damaged records; nothing is restored (-damaged leaves them out)").in_file(from);
    IMREG_ASSIGN(const auto now, RecordFile::open(from));
    if (now.change_number() != rows.change_number() || now.count() != rows.count())
      return Status(Code::busy, "was written to while it was read; run it again").in_file(from);
    IMREG_TRY(out.finish(out.rows_added(), rows.change_number()));
    IMREG_TRY(remove_journal(to, options_.observer));  // an empty one
    steps_.end(rows.count());
    tables_.push_back(std::move(out));
    report_.rows += tables_.back().rows_added();
    ++report_.tables;
    return {};
  }

  const RestoreOptions& options_;
  RestoreReport& report_;
  Steps steps_;
  std::string from_, to_;
  NewPlaces made_;
  std::vector<NewRecordFile> tables_;  // whole, not yet under their names
  Succession succession_;              // of the last table
};

}  // namespace

RestoreReport restore_database(const RestoreOptions& options) {
  RestoreReport report;
  Restore restore(options, report);
  report.failure = restore.run();
  if (report.failure.ok()) restore.finish();
  return report;
}

}  // namespace imreg

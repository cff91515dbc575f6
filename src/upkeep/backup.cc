// Brings the copy of a database up to date: its tables by rows, its other files as they are.
//
// Order: the rows are looked at, and with that all is known that can make it refuse; then plain files are copied, then the rows
// written, so that path roots are never older than the rows that need them. When plain files have changed meanwhile, all once
// more. Of the tables datasets.db, whose rows say what is complete, is looked at first and written last.
//
// A folder is written to only when imbackup made the copy in it, which the file Imreg.db.backup says: exchanged names would make
// the database what its copy is.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "os/walk.h"
#include "upkeep/family.h"
#include "upkeep/table_copy.h"

namespace imreg {

namespace {

// Looks beside the writers, after the first; then they have to wait for a last one.
constexpr int kMostLooks = 20;
constexpr int kMostRounds = 5;

constexpr char kSpecial[] = ": is a pipe, socket or device: it is not copied";

bool is_special(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
}

bool same_folder(const std::string& a, const std::string& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// Without symbolic links as far as it is there.
std::string resolved_place(const std::string& path) {
  if (is_there(path) || path == "/") return resolved_path(path);
  const std::string folder = resolved_place(folder_of(path));
  return (folder == "/" ? "" : folder) + path.substr(path.rfind('/'));
}

class Backup {
 public:
  Backup(const BackupOptions& options, BackupReport& report) : options_(options), report_(report) {
    report_.path = options_.destination + "/Imreg.db";
  }

  Status run() {
    IMREG_TRY(check_places());
    for (int round = 0;; ++round) {
      IMREG_ASSIGN(const auto members, family_of(options_.database));
      if (round == 0) IMREG_TRY(prepare(members));
      IMREG_TRY(copy(members));
      IMREG_ASSIGN(const auto now, family_of(options_.database));
      if (options_.dry_run || !plain_changed(now)) {
        IMREG_TRY(remove_gone(now));
        break;
      }
      if (round == kMostRounds)
        return Status(Code::busy, "the files beside it change faster than they can be copied")
            .in_file(options_.database);
      report_.tables = report_.rows = 0;
      if (options_.full) report_.added = report_.changed = 0;  // else what the rounds before wrote is written
    }
    return options_.dry_run ? Status() : verify();
  }

  /// What was begun where no copy comes of it.
  void clear_away() {
    if (!is_there(report_.path)) made_.clear_away(options_.observer);
  }

 private:
  Status check_places() {
    const std::string source = resolved_path(absolute_path(options_.database));
    auto file = RecordFile::open(options_.database);
    if (file.status().code() == Code::not_found)
      return Status(Code::not_found, "there is no such database").in_file(options_.database);
    IMREG_TRY(file.status());
    const std::string to = absolute_path(options_.destination);
    if (same_folder(to, folder_of(source)))
      return Status(Code::invalid, "is the folder of the database itself; name another one")
          .in_file(options_.destination);
    struct stat info {};
    if (::stat(to.c_str(), &info) == 0) {
      if (!S_ISDIR(info.st_mode)) return Status(Code::invalid, "is not a folder").in_file(options_.destination);
    } else if (!is_folder(folder_of(to))) {
      return Status(Code::not_found, "cannot be made: " + folder_of(to) + " does not exist (is its disk mounted?)")
          .in_file(options_.destination);
    }
    const std::string kind =
        options_.on_network || options_.dry_run ? "" : network_file_system(is_folder(to) ? to : folder_of(to));
    if (kind.empty()) return {};
    return Status(Code::io,
                  "is on a network file system (" + kind +
                      "), where two hosts that write would not see each other's lock; set IMREG_NETWORK=yes when "
                      "no other host writes to this copy")
        .in_file(options_.destination);
  }

  // What makes it refuse is known by now, but for the rows themselves. The mark comes before anything else.
  Status prepare(const std::vector<Member>& members) {
    const std::string mark = report_.path + ".backup";
    const std::string source = resolved_path(absolute_path(options_.database));
    IMREG_TRY(check_inside(source, members));
    if (is_there(mark)) return {};
    if (is_there(report_.path)) {
      return Status(
                 Code::invalid,
                 "holds a database that imbackup did not make (the database stands behind -db, the folder of its copy "
                 "last); name another folder")
          .in_file(options_.destination);
    }
    if (options_.dry_run) return {};
    IMREG_TRY(made_.make_folder_of(report_.path));
    made_.will_make(mark);
    return replace_file(mark, "a copy made by imbackup of " + source + "\n", options_.observer);
  }

  // A copy inside of what is copied would contain itself, and one called X.db.idx would stand in the index's place.
  Status check_inside(const std::string& source, const std::vector<Member>& members) const {
    const std::string to = resolved_place(absolute_path(options_.destination)), folder = folder_of(source) + "/";
    if (!to.starts_with(folder)) return {};
    const std::string below = to.substr(folder.size()), first = below.substr(0, below.find('/')) + "/";
    const std::string file = source.substr(folder.size());
    const auto is_of = [&first](const std::string& table) {
      const std::string stem = table.substr(0, table.size() - (table.ends_with(".db") ? 3 : 0));
      return first.starts_with(table + ".") || first == stem + ".heap/";
    };
    bool inside = is_of(file) || (file == "Imreg.db" && first == "headers/");
    for (const Member& member : members) {
      const std::string name = member.path.starts_with(folder) ? member.path.substr(folder.size()) : member.path;
      inside |= name.starts_with(first) || (member.table && is_of(name));
    }
    if (!inside) return {};
    return Status(Code::invalid, "is a folder of the database itself, or has the name of one; name another one")
        .in_file(options_.destination);
  }

  std::string place_of(const Member& member) const { return options_.destination + "/" + member.name; }

  Status copy_plain_files(const std::vector<Member>& members) {
    stamps_.clear();
    for (const Member& member : members) {
      if (member.table) continue;
      stamps_[member.name] = stamp_of(member.path);
      if (is_special(member.path)) {
        if (std::ranges::count(report_.notes, member.path + kSpecial) == 0)
          report_.notes.push_back(member.path + kSpecial);
        continue;
      }
      if (same_content(member.path, place_of(member))) continue;
      if (options_.dry_run) {
        const Status readable = File::open(member.path, File::Mode::read).status();
        if (readable.code() == Code::not_found) continue;
        IMREG_TRY(readable);
      } else {
        IMREG_TRY(made_.make_folder_of(place_of(member)));
        made_.will_make(place_of(member));
        const auto status = copy_plain(member.path, place_of(member), options_.observer);
        if (status.code() == Code::not_found) continue;  // gone again, or it is tried once more
        IMREG_TRY(status);
      }
      copied_.insert_or_assign(member.name, true);
    }
    report_.files_copied = std::ssize(copied_);
    return {};
  }

  bool plain_changed(const std::vector<Member>& now) const {
    std::size_t plain = 0;
    for (const Member& member : now) {
      if (member.table) continue;
      ++plain;
      const auto known = stamps_.find(member.name);
      if (known == stamps_.end() || known->second != stamp_of(member.path)) return true;
    }
    return plain != stamps_.size();
  }

  // Plain files of the copy that the database no longer has. Tables stay: they are rows.
  Status remove_gone(const std::vector<Member>& now) {
    if (!is_folder(options_.destination)) return {};
    IMREG_ASSIGN(const auto there, family_of(report_.path));
    for (const Member& member : there) {
      const bool kept = std::any_of(now.begin(), now.end(), [&](const Member& m) { return m.name == member.name; });
      if (kept) continue;
      if (member.table) {
        report_.notes.push_back(member.path + ": the database has it no longer; it is kept");
        continue;
      }
      if (!options_.dry_run) IMREG_TRY(remove_file(member.path, options_.observer));
      ++report_.files_removed;
    }
    return {};
  }

  Status copy(const std::vector<Member>& members) {
    std::vector<Member> tables;
    for (const Member& member : members) {
      if (member.table) tables.push_back(member);
    }
    tables.push_back({options_.database, "Imreg.db", true});
    std::stable_partition(tables.begin(), tables.end(), [](const Member& m) { return m.name == "datasets.db"; });
    std::vector<std::unique_ptr<TableCopy>> copies;
    for (const Member& table : tables) {
      if (!options_.dry_run) IMREG_TRY(made_.make_folder_of(place_of(table)));
      IMREG_ASSIGN(auto copy, TableCopy::open(table.path, place_of(table), options_, report_));
      IMREG_TRY(copy->look_at_all());
      bool settled = options_.dry_run;
      for (int look = 0; !settled && look < kMostLooks; ++look) {
        IMREG_ASSIGN(settled, copy->look_again());
      }
      if (!settled) IMREG_TRY(copy->look_locked());
      if (table.name == "Imreg.db") report_.full = copy->makes_anew();
      report_.rows += copy->rows();
      copies.push_back(std::move(copy));
    }
    IMREG_TRY(copy_plain_files(members));
    for (auto copy = copies.rbegin(); copy != copies.rend(); ++copy) IMREG_TRY((*copy)->write());
    report_.tables = std::ssize(copies);
    tables_.clear();
    for (const auto& copy : copies) tables_.push_back(copy->path());
    return {};
  }

  // From the disk, where the file system lets us.
  Status verify() {
    for (const std::string& path : tables_) {
      if (const auto file = File::open(path, File::Mode::read))
        (void)::posix_fadvise(file->fd(), 0, 0, POSIX_FADV_DONTNEED);
      IMREG_ASSIGN(const auto file, RecordFile::open(path));
      Record row = file.make_record();
      std::int64_t damaged = 0;
      for (std::int64_t number = 0; number < file.count(); ++number) {
        if (options_.progress && number % 4096 == 0) options_.progress(number, file.count());
        const Status whole = file.read(number, row);
        if (!whole.ok() && (report_.damaged_rows == 0 || whole.code() != Code::corrupt)) return whole;
        damaged += whole.ok() ? 0 : 1;
      }
      if (damaged > report_.damaged_rows)
        return Status(Code::corrupt, "has more damaged records than the database: its disk is not to be trusted")
            .in_file(path);
    }
    return {};
  }

  const BackupOptions& options_;
  BackupReport& report_;
  NewPlaces made_;
  std::map<std::string, std::string> stamps_;  // of plain files when they were copied
  std::map<std::string, bool> copied_;
  std::vector<std::string> tables_;
};

}  // namespace

BackupReport back_up(const BackupOptions& options) {
  BackupReport report;
  Backup backup(options, report);
  report.failure = backup.run();
  if (!report.failure.ok()) backup.clear_away();
  return report;
}

}  // namespace imreg

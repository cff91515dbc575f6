// A new database out of what is whole in an old one. It takes its name when it is complete and on the disk.
#include <sys/stat.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "imreg/date.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/upkeep.h"
#include "os/lock.h"
#include "record/journal.h"
#include "record/record_state.h"
#include "upkeep/findings.h"
#include "upkeep/salvage.h"

namespace imreg {

using namespace upkeep;

namespace {

constexpr std::size_t kPiece = 1 << 20;

Status check_name_is_free(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0)
    return Status(Code::invalid, "exists already and is not written over; take another name").in_file(path);
  if (holds_changes(path + ".journal"))
    return Status(Code::invalid, "holds changes of an earlier database of this name; move it away")
        .in_file(path + ".journal");
  return {};
}

// Rows of a new file, sealed for it, under a name that goes when it does not come to its end.
class NewFile {
 public:
  static Result<NewFile> create(const std::string& path, std::shared_ptr<const Schema> schema) {
    NewFile out;
    out.uuid_ = new_uuid();
    const std::string header = make_native_header(*schema, out.uuid_, format_iso(current_time(), 0).substr(0, 19));
    out.at_ = std::ssize(header);
    out.schema_ = std::move(schema);
    const std::string temporary = path + ".unfinished";
    (void)remove_file(temporary);  // of one that was killed
    IMREG_ASSIGN(out.file_, File::open(temporary, File::Mode::create_new));
    out.temporary_ = temporary;
    IMREG_TRY(out.file_.write(0, header));
    return out;
  }
  Status add(std::string row) {
    const auto crc = Field<std::uint32_t>{schema_->find("crc")->offset};
    if (const auto* field = schema_->find("changeno"); field && field->type == Type::i64)
      store(row.data(), Field<std::int64_t>{field->offset}, std::int64_t{0});
    store(row.data(), crc, record_crc(uuid_, rows_++, row.data(), schema_->record_size, crc.offset));
    held_ += row;
    return held_.size() < kPiece ? Status() : flush();
  }
  Status finish(const std::string& path) {
    IMREG_TRY(flush());
    IMREG_TRY(file_.truncate(round_up(at_, kFitsBlock)));
    IMREG_TRY(file_.write(kFitsBlock + 4 * 80, make_card_pair(uuid_, PairKind::count, rows_, 0)));
    IMREG_TRY(file_.sync());
    IMREG_TRY(check_name_is_free(path));
    IMREG_TRY(rename_new_file(temporary_, path));
    temporary_.clear();
    return {};
  }
  NewFile(NewFile&& other) noexcept
      : file_(std::move(other.file_)),
        temporary_(std::exchange(other.temporary_, "")),
        schema_(std::move(other.schema_)),
        uuid_(other.uuid_),
        held_(std::move(other.held_)),
        at_(other.at_),
        rows_(other.rows_) {}
  ~NewFile() {
    if (!temporary_.empty()) (void)remove_file(temporary_);
  }

 private:
  NewFile() = default;
  Status flush() {
    IMREG_TRY(file_.write(at_, held_));
    at_ += std::ssize(held_);
    held_.clear();
    return {};
  }
  File file_;
  std::string temporary_;  ///< empty: it has its name
  std::shared_ptr<const Schema> schema_;
  Uuid uuid_{};
  std::string held_;
  std::int64_t at_ = 0, rows_ = 0;
};

// The roots stand in a file beside it: without them $NAME/rest means nothing.
Status take_roots(const std::string& from, const std::string& to, Findings& findings) {
  const auto roots = read_file(resolved_path(from) + ".roots");
  if (!roots && roots.status().code() == Code::not_found) return {};
  if (!roots) {
    findings.note(from + ".roots", "cannot be read, define the path roots again: " + roots.status().message());
    return {};
  }
  return replace_file(to + ".roots", *roots);
}

std::string why_lost(const Salvage& wreck, const char* bytes) {
  if (!bytes) return "is not there: the file ends before it";
  const std::string known = what_is_readable(*wreck.container.schema, bytes);
  return "is damaged" + (known.empty() ? "" : "; " + known);
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
  IMREG_TRY(Salvage::open(path).status());
  auto lock = WriterLock::take(resolved_path(path) + ".lock", "imcheck -repair", 0);
  if (!lock && lock.status().code() == Code::busy) return lock.status();
  const auto leave = [&] {
    if (lock) lock->release(lock->last_state());
  };
  const auto work = [&]() -> Status {
    IMREG_ASSIGN(const auto wreck, Salvage::open(path, lock ? &lock->last_state() : nullptr));
    const std::string journal = resolved_path(path) + ".journal";
    if (!wreck.unread.ok())
      return Status(wreck.unread.code(), wreck.unread.message() +
                                             "; changes that stand only in it would be lost: make it readable, or "
                                             "move it away to save the rows without them")
          .in_file(journal);
    Findings findings;
    for (const auto& note : wreck.notes) findings.note(path, note);
    std::unordered_set<std::int64_t> missing(wreck.missing.begin(), wreck.missing.end());
    const auto* changeno = wreck.container.schema->find("changeno");
    if (changeno && changeno->type != Type::i64) changeno = nullptr;
    IMREG_ASSIGN(auto new_lock, WriterLock::take(new_path + ".lock", "imcheck -repair", 0));
    IMREG_ASSIGN(auto file, NewFile::create(new_path, wreck.container.schema));
    Status trouble;
    std::int64_t rows = 0, newest_change = wreck.newest_change;
    IMREG_TRY(wreck.each([&](std::int64_t row, std::int64_t many, Salvage::Fate fate, const char* bytes) {
      if (options.progress && row % 4096 == 0) options.progress(wreck.place_of(row), wreck.size);
      rows = row + many;
      if (fate == Salvage::Fate::lost) {
        report.rows_lost += many;
        const std::int64_t named = std::min(many, std::int64_t{CheckReport::kMostNamed});
        for (std::int64_t lost = row; lost < row + named; ++lost)
          findings.damage(path, why_lost(wreck, bytes), lost, wreck.place_of(lost));
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
      trouble = file.add(std::string(bytes, static_cast<std::size_t>(wreck.record_size())));
      return trouble.ok();
    }));
    IMREG_TRY(trouble);
    if (report.rows_saved == 0 && (report.rows_lost > 0 || !wreck.counted))
      return Status(Code::corrupt, "no row of it is whole; nothing is made").in_file(path);
    for (const std::int64_t number : wreck.missing) {
      if (missing.count(number) == 0) continue;  // the file has it
      ++report.changes_lost;
      findings.warning(journal, "change " + std::to_string(number) +
                                    " is damaged, and no row holds it: what was only in it is lost");
    }
    for (const auto& what : less_than_known(wreck.lock, "the last writer left", rows, newest_change))
      findings.warning(path, what + ": what is missing is lost, unless another file was put in its place");
    IMREG_TRY(take_roots(path, new_path, findings));
    IMREG_TRY(file.finish(new_path));
    (void)remove_file(new_path + ".idx");  // of an earlier database of this name
    if (const auto made = RecordFile::open(new_path); made && made->count() >= 4096) {
      if (const auto indexed = rebuild_index(*made); !indexed.ok())
        findings.note(new_path, "its index could not be made: " + indexed.text());
    }
    new_lock.release("");
    report.lost = std::move(findings).sorted();
    return {};
  };
  const Status status = work();
  leave();
  return status.ok() ? Result<RepairReport>(std::move(report)) : Result<RepairReport>(status);
}

}  // namespace imreg

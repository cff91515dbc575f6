// Copies one record file: looks, holds, writes.
#include "upkeep/table_copy.h"

#include <utility>

#include "base/text.h"
#include "imreg/index.h"
#include "os/walk.h"

namespace imreg {

namespace {

// With so many of the rows new the whole copy is written anew: held, journaled and in place they would be written three times.
constexpr std::int64_t kShareAnew = 3;
constexpr std::size_t kMostNamed = 1000;

Status no_longer_the_same(const std::string& path) {
  return Status(Code::busy, "became another file while it was copied (compacted, or replaced); run it again")
      .in_file(path);
}

// What was seen is on the disk then, and will not be taken back by a power cut. Reading is permission enough.
Status sync_seen(const std::string& path, IoObserver* observer) {
  for (const std::string& name : {path, resolved_path(path) + ".journal"}) {
    auto file = File::open(name, File::Mode::read, observer);
    if (!file && file.status().code() == Code::not_found) continue;
    IMREG_TRY(file.status());
    IMREG_TRY(file->sync());
  }
  return {};
}

std::unique_ptr<IndexKeeper> new_keeper(IoObserver* observer) {
  IndexKeeper::Limits limits;
  limits.observer = observer;
  return std::make_unique<IndexKeeper>(IndexKeeper::Patience::full, limits);
}

}  // namespace

Result<HeldRows> HeldRows::create(const std::string& folder, std::int64_t row_size, IoObserver* observer) {
  HeldRows out;
  out.row_size_ = row_size;
  if (folder.empty()) return out;  // only counted
  IMREG_ASSIGN(File file, File::temporary(folder, observer));
  out.file_ = std::make_unique<File>(std::move(file));
  out.out_ = std::make_unique<WriteBehind>(*out.file_);
  return out;
}

Status HeldRows::put(std::int64_t row, std::string_view bytes) {
  const auto at = static_cast<std::size_t>(row);
  if (at >= held_.size()) held_.resize(at + 1);
  if (!held_[at]) ++count_;
  held_[at] = true;
  return out_ ? out_->write(row * row_size_, bytes) : Status();
}

Status HeldRows::read(std::int64_t row, char* to) {
  IMREG_TRY(out_->flush());
  return file_->read_exactly(row * row_size_, to, static_cast<std::size_t>(row_size_));
}

Status HeldRows::each(const SealedRows::Visit& visit) {
  std::string bytes(static_cast<std::size_t>(row_size_), '\0');
  for (std::int64_t row = 0; row < std::ssize(held_); ++row) {
    if (!has(row)) continue;
    IMREG_TRY(read(row, bytes.data()));
    IMREG_TRY(visit(row, bytes));
  }
  return {};
}

TableCopy::~TableCopy() {
  if (lock_ && RecordFile::open(to_).status().code() == Code::not_found) lock_->remove();
}

Result<std::unique_ptr<TableCopy>> TableCopy::open(const std::string& from, const std::string& to,
                                                   const BackupOptions& options, BackupReport& report, Steps& steps) {
  std::unique_ptr<TableCopy> out(new TableCopy(from, to, options, report, steps));
  IMREG_ASSIGN(out->source_, RecordFile::open(from));
  if (!out->source_->is_native()) {
    return Status(Code::invalid, "is not in imreg's own format; convert it first (convertimreg OLD NEW -to native)")
        .in_file(from);
  }
  if (const auto field = find_field<std::int64_t>(out->source_->schema(), "changeno")) out->changeno_ = *field;
  IMREG_TRY(out->open_copy());
  return out;
}

// The lock of the copy is held from here on.
Status TableCopy::open_copy() {
  keeper_ = new_keeper(options_.observer);
  const RecordWriter::Options writing{options_.program, options_.wait_seconds, options_.on_network, options_.observer,
                                      keeper_.get()};
  auto copy = RecordFile::open(to_);
  const bool none = copy.status().code() == Code::not_found;
  make_anew_ = none || options_.full;
  // It is ours, says the file beside it. A reader's trouble with the disk or with a newer format is no broken copy.
  const bool broken = copy.status().code() == Code::corrupt || copy.status().code() == Code::invalid;
  if (!copy && !none && !(broken && options_.full && !is_folder(to_))) {
    const char* const remedy = copy.status().code() == Code::io ? ""
                               : broken && !is_folder(to_)      ? "; -full makes the copy anew"
                                                                : "; move it away, then run it again";
    return Status(copy.status().code(), copy.status().message() + remedy).in_file(to_);
  }
  if (!make_anew_) {
    if (copy->uuid() != source_->uuid()) {
      return Status(Code::mismatch,
                    "is the copy of another file than " + from_ +
                        " (that one was compacted or restored, or is another database); -full makes the "
                        "copy anew, and keeps the old one until that is whole")
          .in_file(to_);
    }
    if (copy->count() > source_->count() || copy->change_number() > source_->change_number()) {
      return Status(Code::mismatch,
                    "knows more than " + from_ +
                        ": an older copy was put in the place of that one, or somebody wrote to this one; "
                        "restore from it, or make it anew with -full")
          .in_file(to_);
    }
  }
  if (options_.dry_run) {
    if (copy) copy_ = *std::move(copy);
  } else if (copy) {
    IMREG_ASSIGN(writer_, RecordWriter::open(to_, writing));
  } else {
    IMREG_ASSIGN(lock_, WriterLock::take(to_ + ".lock", options_.program, options_.wait_seconds));
    if (none && holds_changes(to_ + ".journal"))
      return Status(Code::mismatch, "holds changes of an earlier database of this name; move it away")
          .in_file(to_ + ".journal");
  }
  if (make_anew_ && !options_.dry_run) {
    IMREG_ASSIGN(const File file, File::open(from_, File::Mode::read));
    IMREG_ASSIGN(const Container container, read_container(file));
    if (uuid_text(container.uuid) != source_->uuid()) return no_longer_the_same(from_);
    IMREG_ASSIGN(auto anew, NewRecordFile::create(to_, file, container, options_.observer));
    anew_.emplace(std::move(anew));
    return anew_->reserve(source_->count());
  }
  IMREG_ASSIGN(held_, HeldRows::create(options_.dry_run ? "" : folder_of(to_), source_->schema().record_size,
                                       options_.observer));
  return {};
}

const RecordFile* TableCopy::copy() const {
  if (make_anew_) return nullptr;
  return writer_ ? &writer_->file() : copy_ ? &*copy_ : nullptr;
}

Status TableCopy::hold(std::int64_t row, std::string_view bytes) {
  return anew_ ? anew_->put(row, bytes) : held_->put(row, bytes);
}

Status TableCopy::take(const RecordFile& now, std::int64_t row, bool first) {
  const RecordFile* const old = copy();
  const bool known = old && row < old->count();
  if (Status whole = now.read(row, row_); !whole.ok()) {
    if (whole.code() != Code::corrupt) return whole;
    const bool has = known && old->read(row, other_).ok();
    if (report_.damaged_rows++ < static_cast<std::int64_t>(kMostNamed)) {
      report_.damaged.push_back(
          Status(Code::corrupt, has ? "damaged record; the copy has it as it was" : "damaged record")
              .in_file(from_)
              .at_record(row));
    }
    return has || !options_.damaged ? Status() : hold(row, {now.peek(row, row_).bytes(), row_.bytes().size()});
  }
  if (first && known) {
    if (row_.bytes() == std::string_view(old->peek(row, other_).bytes(), row_.bytes().size())) return {};
    if (!old->read(row, other_).ok()) {
      ++report_.mended;
    } else if (changeno_ && row_[*changeno_] <= other_[*changeno_]) {
      return Status(Code::mismatch,
                    "and its copy " + to_ +
                        " went apart: the record differs and is not newer here (an older copy was put in "
                        "the place of one of them?); make the copy anew with -full")
          .in_file(from_)
          .at_record(row);
    }
  }
  return hold(row, row_.bytes());
}

Status TableCopy::look_at_all() {
  row_ = other_ = source_->make_record();
  rows_ = source_->count();
  change_number_ = source_->change_number();
  for (std::int64_t row = 0; row < rows_; ++row) {
    if (row % 4096 == 0) steps_.at(row);
    IMREG_TRY(take(*source_, row, true));
  }
  if (report_.damaged_rows == 0 || options_.damaged) return {};
  return Status(Code::corrupt,
                counted(report_.damaged_rows, "damaged record") +
                    "; nothing is copied. imcheck -repair saves the others; -damaged copies them now and "
                    "leaves these as the copy has them")
      .in_file(from_);
}

// By the journal, as far as it goes back; else by the change numbers of all rows.
Status TableCopy::take_changed(const RecordFile& now) {
  ++report_.looks;
  if (now.uuid() != source_->uuid() || now.count() < rows_) return no_longer_the_same(from_);
  IMREG_ASSIGN(const auto changed, now.changed_rows(change_number_));
  if (changed) {
    for (const std::int64_t row : *changed) {
      if (row < rows_) IMREG_TRY(take(now, row, false));
    }
  } else {
    for (std::int64_t row = 0; row < rows_; ++row) {
      const bool pending = now.run_in_place(row).end <= row;
      if (!changeno_ || pending || now.peek(row, row_)[*changeno_] > change_number_) IMREG_TRY(take(now, row, false));
    }
  }
  for (; rows_ < now.count(); ++rows_) IMREG_TRY(take(now, rows_, false));
  change_number_ = now.change_number();
  return {};
}

Status TableCopy::look() {
  const std::int64_t damaged = report_.damaged_rows;
  IMREG_ASSIGN(const auto now, RecordFile::open(from_));
  IMREG_TRY(take_changed(now));
  return report_.damaged_rows > damaged && !options_.damaged ? report_.damaged.back() : Status();
}

Result<bool> TableCopy::look_again() {
  IMREG_TRY(look());
  IMREG_TRY(sync_seen(from_, options_.observer));
  IMREG_ASSIGN(const auto then, RecordFile::open(from_));
  return then.uuid() == source_->uuid() && then.change_number() == change_number_;
}

Status TableCopy::look_locked() {
  auto lock = WriterLock::take(resolved_path(from_) + ".lock", options_.program, options_.wait_seconds);
  if (!lock) {
    return Status(lock.status().code(),
                  "it does not come to rest, and cannot be locked for a moment: " + lock.status().message())
        .in_file(from_);
  }
  const auto begin = std::chrono::steady_clock::now();
  const Status status = look();
  lock->release(lock->last_state());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  report_.locked_seconds = std::max(report_.locked_seconds, seconds);
  IMREG_TRY(status);
  return sync_seen(from_, options_.observer);  // behind the lock: a sync may take long
}

Status TableCopy::write() {
  if (make_anew_) {
    report_.added += rows_;
    return options_.dry_run ? Status() : write_anew();
  }
  const std::int64_t before = copy()->count(), added = rows_ - before, changed = held_->count() - added;
  report_.added += added;
  report_.changed += changed;
  if (options_.dry_run) return {};
  if (held_->count() == 0 && change_number_ == copy()->change_number()) return {};
  if (held_->count() * kShareAnew >= rows_ && held_->count() > 0) {
    IMREG_ASSIGN(const File file, File::open(to_, File::Mode::read));
    IMREG_ASSIGN(const Container container, read_container(file));
    IMREG_ASSIGN(auto anew, NewRecordFile::create(to_, file, container, options_.observer));
    IMREG_TRY(anew.reserve(rows_));
    for (std::int64_t row = 0; row < rows_; ++row) {
      if (held_->has(row))
        IMREG_TRY(held_->read(row, row_.data()));
      else
        IMREG_TRY(copy()->read(row, row_));
      IMREG_TRY(anew.put(row, row_.bytes()));
    }
    anew_.emplace(std::move(anew));
    return write_anew();
  }
  const auto each = [this](const SealedRows::Visit& visit) { return held_->each(visit); };
  IMREG_TRY(writer_->replicate({changed, added, change_number_, each}));
  return finish_copy();
}

// The old copy, if there is one, is whole without its journal, and then gives way.
Status TableCopy::write_anew() {
  IMREG_TRY(anew_->finish(rows_, change_number_));
  if (writer_) IMREG_TRY(writer_->checkpoint());
  IMREG_TRY(remove_journal(to_, options_.observer));
  // It has the same identity, and could seem to fit.
  const Status index = remove_file(resolved_path(to_) + ".idx", options_.observer);
  if (!index.ok() && index.code() != Code::not_found) return index;
  IMREG_TRY(anew_->take_name());
  writer_.reset();
  lock_.reset();
  keeper_ = new_keeper(options_.observer);
  IMREG_ASSIGN(writer_, RecordWriter::open(to_, {options_.program, options_.wait_seconds, options_.on_network,
                                                 options_.observer, keeper_.get()}));
  return finish_copy();
}

Status TableCopy::finish_copy() {
  keeper_->finish(writer_->file());
  if (!keeper_->note().empty()) report_.notes.push_back(to_ + ": " + keeper_->note());
  IMREG_TRY(writer_->trim());
  writer_->close();
  return {};
}

}  // namespace imreg

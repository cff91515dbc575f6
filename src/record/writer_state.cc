// The steps of a writer: room, checks, counts, what a transaction changes in place.
#include "record/writer_state.h"

#include <algorithm>

namespace imreg {

namespace {

// Room is taken ahead in pieces of a sixteenth of the file, so that most appends do not extend it.
constexpr std::int64_t kLeastGrowth = 256 << 10;
constexpr std::int64_t kMostGrowth = 16 << 20;

// Rows that change are written together, with those between them when these are few: a write costs as much as a page.
constexpr std::int64_t kMostBetween = 4096, kMostTogether = 256 << 10;

}  // namespace

Status RecordWriter::State::refuse_if_broken() const {
  if (!failure.ok())
    return Status(Code::io,
                  "a write failed before (" + failure.text() + "): the file is read-only until it is opened again")
        .in_file(view.path());
  return lock.held() ? Status() : Status(Code::invalid, "its writer is closed").in_file(view.path());
}

Status RecordWriter::State::refuse_part_of_record(std::string_view rows) {
  if (static_cast<std::int64_t>(rows.size()) % seen().record_size() == 0) return {};
  return Status(Code::invalid, std::to_string(rows.size()) + " bytes are not a whole number of records of " +
                                   std::to_string(seen().record_size()))
      .in_file(view.path());
}

std::string RecordWriter::State::clean_state() {
  if (boot_id().empty()) return "";
  return "boot=" + boot_id() + " file=" + file.stamp() + " rows=" + std::to_string(seen().count) +
         " size=" + std::to_string(seen().map.size()) + " change=" + std::to_string(seen().change_number);
}

Status RecordWriter::State::make_room(std::int64_t rows) {
  if (rows <= seen().capacity()) return {};
  const std::int64_t needed = seen().place_of(rows);
  const std::int64_t ahead = std::clamp(needed / 16, kLeastGrowth, kMostGrowth);
  if (!file.allocate(round_up(needed + ahead, kFitsBlock)).ok())  // nearly full: as much as it takes
    IMREG_TRY(file.allocate(round_up(needed, kFitsBlock)));
  return seen().remap();
}

Status RecordWriter::State::open_journal() {
  if (journal) return {};
  const auto& old = seen().journal;
  IMREG_ASSIGN(journal,
               Journal::open(seen().base + ".journal", seen().container, seen().generation,
                             old.generation == seen().generation ? old.end : 0,
                             static_cast<std::uint64_t>(seen().change_number), seen().count, options.observer));
  return {};
}

void RecordWriter::State::drop_unkept_index() {
  if (options.follower || index_dropped) return;
  index_dropped = true;
  const std::string index = seen().base + ".idx";
  if (File::open(index, File::Mode::read).status().code() != Code::not_found)
    (void)remove_file(index, options.observer);
}

void RecordWriter::State::seal(char* bytes, std::int64_t row, std::int64_t change_number) {
  const auto& schema = *seen().container.schema;
  if (seen().changeno) store(bytes, Field<std::int64_t>{seen().changeno->offset}, change_number);
  const std::uint32_t crc = record_crc(seen().container.uuid, row, bytes, schema.record_size, seen().crc->offset);
  store(bytes, Field<std::uint32_t>{seen().crc->offset}, crc);
}

void RecordWriter::State::seal_all(std::string& rows, std::int64_t first, std::int64_t change_number) {
  const auto size = static_cast<std::size_t>(seen().record_size());
  for (std::size_t at = 0; at + size <= rows.size(); at += size) seal(rows.data() + at, first++, change_number);
}

Status RecordWriter::State::write_counts() {
  const std::int64_t spare = seen().map.size() - seen().place_of(seen().count);
  return file.write(seen().container.count_cards,
                    make_card_pair(seen().container.uuid, PairKind::count, seen().count, spare));
}

Status RecordWriter::State::write_state() {
  return file.write(seen().container.state_cards,
                    make_card_pair(seen().container.uuid, PairKind::state, seen().generation, seen().change_number));
}

Status RecordWriter::State::write_transaction(const Transaction& transaction) {
  const std::int64_t added = static_cast<std::int64_t>(transaction.added.size()) / seen().record_size();
  IMREG_TRY(make_room(transaction.rows_before + added));
  for (const auto& change : transaction.changes)
    IMREG_TRY(file.write(seen().place_of(change.row) + change.offset, change.bytes));
  if (added > 0) IMREG_TRY(file.write(seen().place_of(transaction.rows_before), transaction.added));
  seen().count = std::max(seen().count, transaction.rows_before + added);
  return {};
}

void RecordWriter::State::show_journal() {
  if (auto again = RecordFile::State::open(view.path(), RecordFile::State::Who::recovery); again.ok())
    view.state_ = *std::move(again);
}

Status RecordWriter::State::checkpoint() {
  const auto step = [&](Status status) {
    if (!status.ok()) failure = status;
    return status;
  };
  IMREG_TRY(step(file.sync()));
  const bool ours = journal || seen().journal.generation == seen().generation;
  if (!ours || !Journal::holds_something(journal ? journal->size() : seen().journal.end)) return {};
  IMREG_TRY(open_journal());
  const std::int64_t next = seen().generation + 1;
  IMREG_TRY(step(file.write(seen().container.state_cards,
                            make_card_pair(seen().container.uuid, PairKind::state, next, seen().change_number))));
  IMREG_TRY(step(file.sync()));
  seen().generation = next;
  return step(journal->restart(next, seen().count));
}

Result<bool> RecordWriter::State::write_many(const ManyChanges& changes, bool doubtful) {
  const std::int64_t size = seen().record_size();
  std::string run;
  std::int64_t next = 0;  // the row behind the run
  bool written = false;
  const auto write_run = [&] {
    const auto first = next - static_cast<std::int64_t>(run.size()) / size;
    auto status = run.empty() ? Status() : file.write(seen().place_of(first), run);
    run.clear();
    return status;
  };
  const auto take = [&](const RowEdit& edit) -> Status {
    const char* const old = seen().map.data() + seen().place_of(edit.row);
    if (doubtful && edit.number <= seen().change_of(edit.row, old)) return {};
    const std::int64_t between = (edit.row - next) * size;
    if (!run.empty() && (between > kMostBetween || std::ssize(run) + between + size > kMostTogether))
      IMREG_TRY(write_run());
    if (run.empty()) next = edit.row;
    const char* const from = seen().map.data() + seen().place_of(next);
    run.append(from, static_cast<std::size_t>((edit.row + 1 - next) * size));
    next = edit.row + 1;
    changes.lay(edit, seen().seal(), run.data() + run.size() - static_cast<std::size_t>(size));
    written = true;
    return {};
  };
  IMREG_TRY(changes.each(take));
  IMREG_TRY(write_run());
  return written;
}

}  // namespace imreg

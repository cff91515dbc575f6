// Writing: one sync per durable operation. The order of the steps below is the protocol of man 5 imreg-record; each was
// found by taking it away and losing rows (src/record/README.md).
#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "imreg/date.h"
#include "imreg/record_file.h"
#include "os/lock.h"
#include "record/record_state.h"

namespace imreg {

namespace {

// Room is taken ahead in pieces of a sixteenth of the file, so that most appends do not extend it.
constexpr std::int64_t kLeastGrowth = 256 << 10;
constexpr std::int64_t kMostGrowth = 16 << 20;
// A longer journal is emptied after the commit that made it so: readers look through it when they open.
constexpr std::int64_t kLongJournal = 4 << 20;
// Differences of a row that stand this close are journaled as one piece.
constexpr std::size_t kJoinGap = 64;
// Small appends that follow each other write zeros this far ahead: a sync of blocks that were written before costs half of
// one of blocks that are only allocated, because those change the file's map too.
constexpr std::int64_t kZerosAhead = 256 << 10;

// Promise 6 holds on one host only.
Status refuse_network(const std::string& path, const RecordWriter::Options& options) {
  if (options.on_network) return {};
  const std::string kind = network_file_system(folder_of(resolved_path(path)));
  if (kind.empty()) return {};
  return Status(Code::io, "is on a network file system (" + kind +
                              "), where two hosts that write would not see each other's lock; write on the host that "
                              "holds the disk, or set IMREG_NETWORK=yes when no other host ever writes to it")
      .in_file(path);
}

}  // namespace

struct RecordWriter::State {
  Options options;
  WriterLock lock;
  File file;
  RecordFile view;
  std::optional<Journal> journal;
  std::vector<std::string> notes;
  bool index_dropped = false;
  bool appended = false;         ///< this writer has appended before
  std::int64_t written_end = 0;  ///< up to here its blocks have been written
  Status failure;                ///< of a write or sync: what the disk holds is not known, so nothing more is written

  explicit State(RecordFile opened) : view(std::move(opened)) {}
  RecordFile::State& seen() { return *view.state_; }

  Status refuse_if_broken() const {
    if (!failure.ok())
      return Status(Code::io,
                    "a write failed before (" + failure.text() + "): the file is read-only until it is opened again")
          .in_file(view.path());
    return lock.held() ? Status() : Status(Code::invalid, "its writer is closed").in_file(view.path());
  }

  Status refuse_part_of_record(std::string_view rows) {
    if (static_cast<std::int64_t>(rows.size()) % seen().record_size() == 0) return {};
    return Status(Code::invalid, std::to_string(rows.size()) + " bytes are not a whole number of records of " +
                                     std::to_string(seen().record_size()))
        .in_file(view.path());
  }

  std::string clean_state() {
    if (boot_id().empty()) return "";
    return "boot=" + boot_id() + " file=" + file.stamp() + " rows=" + std::to_string(seen().count) +
           " size=" + std::to_string(seen().map.size()) + " change=" + std::to_string(seen().change_number);
  }

  Status write_counts() {
    const std::int64_t spare = seen().map.size() - seen().place_of(seen().count);
    return file.write(seen().container.count_cards,
                      make_card_pair(seen().container.uuid, PairKind::count, seen().count, spare));
  }

  // An index that nobody keeps up would be wrong; it can be made again.
  void drop_unkept_index() {
    if (options.follower || index_dropped) return;
    index_dropped = true;
    const std::string index = seen().base + ".idx";
    if (File::open(index, File::Mode::read).status().code() != Code::not_found)
      (void)remove_file(index, options.observer);
  }

  Status write_state() {
    return file.write(seen().container.state_cards,
                      make_card_pair(seen().container.uuid, PairKind::state, seen().generation, seen().change_number));
  }

  // Room for so many rows in all.
  Status make_room(std::int64_t rows) {
    if (rows <= seen().capacity()) return {};
    const std::int64_t needed = seen().place_of(rows);
    const std::int64_t ahead = std::clamp(needed / 16, kLeastGrowth, kMostGrowth);
    if (!file.allocate(round_up(needed + ahead, kFitsBlock)).ok())  // nearly full: as much as it takes
      IMREG_TRY(file.allocate(round_up(needed, kFitsBlock)));
    return seen().remap();
  }

  // Change number and CRC of a record at its final row.
  void seal(char* bytes, std::int64_t row, std::int64_t change_number) {
    const auto& schema = *seen().container.schema;
    if (seen().changeno) store(bytes, Field<std::int64_t>{seen().changeno->offset}, change_number);
    const std::uint32_t crc = record_crc(seen().container.uuid, row, bytes, schema.record_size, seen().crc->offset);
    store(bytes, Field<std::uint32_t>{seen().crc->offset}, crc);
  }

  void seal_all(std::string& rows, std::int64_t first, std::int64_t change_number) {
    const auto size = static_cast<std::size_t>(seen().record_size());
    for (std::size_t at = 0; at + size <= rows.size(); at += size) seal(rows.data() + at, first++, change_number);
  }

  Status write_transaction(const Transaction& transaction) {
    const std::int64_t added = static_cast<std::int64_t>(transaction.added.size()) / seen().record_size();
    IMREG_TRY(make_room(transaction.rows_before + added));
    for (const auto& change : transaction.changes)
      IMREG_TRY(file.write(seen().place_of(change.row) + change.offset, change.bytes));
    if (added > 0) IMREG_TRY(file.write(seen().place_of(transaction.rows_before), transaction.added));
    seen().count = std::max(seen().count, transaction.rows_before + added);
    return {};
  }

  Status open_journal() {
    if (journal) return {};
    const auto& old = seen().journal;
    IMREG_ASSIGN(journal,
                 Journal::open(seen().base + ".journal", seen().container, seen().generation,
                               old.generation == seen().generation ? old.end : 0,
                               static_cast<std::uint64_t>(seen().change_number), seen().count, options.observer));
    return {};
  }

  Status recover();
  Status set_aside(std::int64_t from);
};

// The last writer died: replay, extend, sync, set aside, zero, sync, count. In this order.
Status RecordWriter::State::recover() {
  // seen() has counted rows past NAXIS2 already; its journal holds the transactions that may be missing in the file.
  const JournalView pending = std::move(seen().journal);
  const auto pieces = std::move(seen().pieces);
  seen().pieces.clear();
  seen().journal = {};
  IMREG_TRY(Journal::settle_on_disk(seen().base + ".journal", pending.end, options.observer));
  IMREG_TRY(make_room(seen().count));
  std::unordered_set<std::int64_t> finished;
  for (const auto& piece : pieces) {
    const std::int64_t place = seen().place_of(piece.row);
    if (piece.sequence <= seen().change_of(piece.row, seen().map.data() + place)) continue;
    IMREG_TRY(file.write(place + piece.offset, piece.bytes));
    finished.insert(piece.sequence);
  }
  if (!finished.empty()) {
    notes.push_back("finished " + counted(static_cast<long long>(finished.size()), "change") +
                    " that had been committed when the last writer stopped");
  }
  IMREG_TRY(file.sync());
  seen().journal.generation = pending.generation;
  seen().journal.end = pending.end;
  if (!pending.transactions.empty()) {
    IMREG_TRY(open_journal());
    journal->applied(seen().count);
  }

  IMREG_TRY(set_aside(seen().count));
  const std::int64_t end = seen().place_of(seen().count);
  const char* behind = seen().map.data() + end;
  const char* const map_end = seen().map.data() + seen().map.size();
  if (std::any_of(behind, map_end, [](char c) { return c != 0; })) {
    IMREG_TRY(file.write_zeros(end, seen().map.size() - end));
    IMREG_TRY(file.sync());
  }
  const auto state = read_card_pair(file, seen().container, PairKind::state);
  if (state && !state->valid) IMREG_TRY(write_state());
  return write_counts();
}

// Good records behind a hole: one rotten record must not cut them off silently. They go to X.db.lost, a record file too.
Status RecordWriter::State::set_aside(std::int64_t from) {
  std::string rows;
  const auto size = static_cast<std::size_t>(seen().record_size());
  for (std::int64_t row = from + 1; row < seen().capacity(); ++row) {
    const char* bytes = seen().map.data() + seen().place_of(row);
    if (seen().crc_holds(row, bytes)) rows.append(bytes, size);
  }
  const auto found = static_cast<long long>(rows.size() / size);
  if (found == 0) return {};
  const std::string path = seen().base + ".lost";
  Options aside = options;
  aside.follower = nullptr;  // that follows the rows of this file
  if (auto old = RecordFile::open(path); !old && old.status().code() == Code::not_found) {
    IMREG_TRY(RecordWriter::create(path, *seen().container.schema, aside));
  }
  IMREG_ASSIGN(auto writer, RecordWriter::open(path, aside));
  IMREG_TRY(writer.append(std::move(rows)));
  notes.push_back(counted(found, "good record") + " behind a damaged one set aside in " + path);
  return {};
}

Status RecordWriter::create(const std::string& path, const Schema& schema, const Options& options) {
  const FieldInfo* crc = schema.find("crc");
  if (!crc || crc->type != Type::u32)
    return Status(Code::invalid, "format " + schema.format + " has no field crc of type u32").in_file(path);
  IMREG_TRY(refuse_network(path, options));
  // Under the lock: of two that make the same file, the second must not replace the rows of the first.
  IMREG_ASSIGN(const auto lock, WriterLock::take(path + ".lock", options.program, options.wait_seconds));
  if (File::open(path, File::Mode::read).status().code() != Code::not_found)
    return Status(Code::invalid, "exists already").in_file(path);
  if (holds_changes(path + ".journal"))
    return Status(Code::mismatch, "holds changes of an earlier database of this name; move it away")
        .in_file(path + ".journal");
  return replace_file(path, make_native_header(schema, new_uuid(), format_iso(current_time(), 0).substr(0, 19)),
                      options.observer);
}

Result<RecordWriter> RecordWriter::open(const std::string& path, const Options& options) {
  // Looked at first, so that no lock file appears beside something that is not a database of ours.
  {
    IMREG_ASSIGN(const File file, File::open(path, File::Mode::read));
    IMREG_ASSIGN(const Container container, read_container(file));
    if (file.names() > 1) {
      return Status(Code::invalid, "has " + std::to_string(file.names()) +
                                       " names (hard links), and each would have a lock and a journal of its own; "
                                       "remove the others, or make them symbolic links")
          .in_file(path);
    }
    if (!container.native) {
      return Status(Code::invalid,
                    "is read-only: it is not in imreg's own format; convert it first (convertimreg OLD NEW -to native)")
          .in_file(path);
    }
    IMREG_TRY(check_card_places(file, container));
  }
  IMREG_TRY(refuse_network(path, options));
  // Another file may have taken the name while we waited (a compaction): it is opened only now.
  const std::string base = resolved_path(path);
  IMREG_ASSIGN(auto lock, WriterLock::take(base + ".lock", options.program, options.wait_seconds));
  IMREG_ASSIGN(auto file, File::open(path, File::Mode::write, options.observer));
  IMREG_ASSIGN(auto seen, RecordFile::State::open(path, RecordFile::State::Who::owner));
  if (seen->base != base)
    return Status(Code::busy, "its symbolic link was changed while the lock was taken; try again").in_file(path);
  auto state = std::make_unique<State>(RecordFile(std::move(seen)));
  state->options = options;
  state->lock = std::move(lock);
  state->file = std::move(file);
  const std::string clean = state->clean_state();
  if (clean.empty() || state->lock.last_state() != clean || !state->seen().pieces.empty()) {
    IMREG_ASSIGN(state->view.state_, RecordFile::State::open(path, RecordFile::State::Who::recovery));
    IMREG_TRY(state->recover());
  }
  IMREG_TRY(state->lock.begin_work());
  return RecordWriter(std::move(state));
}

Status RecordWriter::append(std::string rows) {
  auto& seen = state_->seen();
  IMREG_TRY(state_->refuse_if_broken());
  if (rows.empty()) return {};
  IMREG_TRY(state_->refuse_part_of_record(rows));
  const std::int64_t added = static_cast<std::int64_t>(rows.size()) / seen.record_size();
  state_->seal_all(rows, seen.count, seen.change_number);
  IMREG_TRY(state_->make_room(seen.count + added));
  state_->drop_unkept_index();
  if (state_->options.follower) state_->options.follower->before(file(), {}, seen.change_number);

  const std::int64_t place = seen.place_of(seen.count);
  const auto size = static_cast<std::int64_t>(rows.size());
  if (state_->appended && place + size > state_->written_end && size < kZerosAhead / 4) {
    const std::int64_t zeros = std::min(kZerosAhead, seen.map.size() - place - size);
    rows.resize(static_cast<std::size_t>(size + zeros), '\0');
    state_->written_end = place + size + zeros;
  }
  state_->appended = true;
  auto status = state_->file.write(place, rows);
  const bool written = status.ok();
  if (written) status = state_->file.sync();
  if (!status.ok()) {
    // Zeroed before anybody else gets the lock: the next writer would find good CRCs and take the rows for committed.
    const bool zeroed = state_->file.write_zeros(place, size).ok();
    if (written || !zeroed) state_->failure = status;
    return status;
  }
  seen.count += added;
  // Unsynced: never ahead of the data, and recovery counts the rows by their CRCs if it is lost. So it cannot undo the ok.
  state_->failure = state_->write_counts();
  if (state_->options.follower) state_->options.follower->after(file());
  return {};
}

Status RecordWriter::commit(const std::vector<RowChange>& changes, std::string added) {
  auto& seen = state_->seen();
  IMREG_TRY(state_->refuse_if_broken());
  if (changes.empty() && added.empty()) return {};
  IMREG_TRY(state_->refuse_part_of_record(added));
  const auto size = static_cast<std::size_t>(seen.record_size());
  Transaction transaction;
  transaction.sequence = static_cast<std::uint64_t>(seen.change_number) + 1;
  transaction.rows_before = seen.count;

  // A number that no changed row has yet: where a journal was moved away or has rotted, rows are ahead of the file's own.
  for (const auto& change : changes) {
    if (change.row < 0 || change.row >= seen.count || change.bytes.size() != size)
      return Status(Code::invalid, "a change of a row that does not exist").in_file(file().path());
    const std::int64_t has = seen.change_of(change.row, seen.map.data() + seen.place_of(change.row));
    transaction.sequence = std::max(transaction.sequence, static_cast<std::uint64_t>(has + 1));
  }
  // Of several changes of one row the last one counts: each is told as a difference from what the file holds now.
  std::unordered_map<std::int64_t, const RowChange*> last;
  for (const auto& change : changes) last[change.row] = &change;
  std::vector<std::string> contents;
  contents.reserve(changes.size());
  for (const auto& change : changes) {
    if (last[change.row] != &change) continue;
    auto& bytes = contents.emplace_back(change.bytes);
    state_->seal(bytes.data(), change.row, static_cast<std::int64_t>(transaction.sequence));
    const char* old = seen.map.data() + seen.place_of(change.row);
    for (std::size_t i = 0; i < size; ++i) {
      if (bytes[i] == old[i]) continue;
      std::size_t end = i + 1;  // behind the last difference of this piece
      for (std::size_t j = end; j < size && j - end < kJoinGap; ++j) {
        if (bytes[j] != old[j]) end = j + 1;
      }
      transaction.changes.push_back(
          {change.row, static_cast<std::uint32_t>(i), std::string_view(bytes).substr(i, end - i)});
      i = end;
    }
  }
  const std::int64_t rows_added = static_cast<std::int64_t>(added.size() / size);
  state_->seal_all(added, seen.count, static_cast<std::int64_t>(transaction.sequence));
  transaction.added = added;

  IMREG_TRY(state_->make_room(seen.count + rows_added));  // a full disk is found before the commit
  IMREG_TRY(state_->open_journal());
  state_->drop_unkept_index();
  if (state_->options.follower)
    state_->options.follower->before(file(), changes, static_cast<std::int64_t>(transaction.sequence));
  if (auto status = state_->journal->commit(transaction); !status.ok()) {
    if (state_->journal->unsure()) state_->failure = status;
    return status;
  }
  seen.change_number = static_cast<std::int64_t>(transaction.sequence);
  // Committed. If the file itself cannot be written now, the journal still holds everything, so it is not a failure.
  state_->failure = state_->write_transaction(transaction);
  if (state_->failure.ok() && rows_added > 0) state_->failure = state_->write_counts();
  if (!state_->failure.ok()) {
    // What stands in the journal only is read from there.
    if (auto again = RecordFile::State::open(state_->view.path(), RecordFile::State::Who::recovery); again.ok())
      state_->view.state_ = *std::move(again);
    return {};
  }
  state_->journal->applied(seen.count);
  if (state_->options.follower) state_->options.follower->after(file());
  // What is committed stays so whatever a checkpoint says; when it fails the handle refuses the next change.
  if (state_->journal->size() > kLongJournal) (void)checkpoint();
  return {};
}

Status RecordWriter::checkpoint() {
  auto& seen = state_->seen();
  IMREG_TRY(state_->refuse_if_broken());
  const auto step = [&](Status status) {
    if (!status.ok()) state_->failure = status;
    return status;
  };
  IMREG_TRY(step(state_->file.sync()));
  const bool ours = state_->journal || seen.journal.generation == seen.generation;
  if (!ours || !Journal::holds_something(state_->journal ? state_->journal->size() : seen.journal.end)) return {};
  IMREG_TRY(state_->open_journal());
  const std::int64_t next = seen.generation + 1;
  IMREG_TRY(step(state_->file.write(seen.container.state_cards,
                                    make_card_pair(seen.container.uuid, PairKind::state, next, seen.change_number))));
  IMREG_TRY(step(state_->file.sync()));
  seen.generation = next;
  return step(state_->journal->restart(next, seen.count));
}

Status RecordWriter::trim() {
  auto& seen = state_->seen();
  IMREG_TRY(checkpoint());
  const std::int64_t end = seen.place_of(seen.count);
  const std::int64_t size = round_up(end, kFitsBlock);
  IMREG_TRY(state_->file.write(seen.container.count_cards,
                               make_card_pair(seen.container.uuid, PairKind::count, seen.count, 0)));
  IMREG_TRY(state_->file.truncate(size));  // also extends: the last record may end inside a block
  IMREG_TRY(seen.remap());
  if (auto status = state_->file.sync(); !status.ok()) {
    state_->failure = status;
    return status;
  }
  return {};
}

void RecordWriter::close() {
  if (!state_ || !state_->lock.held()) return;
  if (state_->journal && state_->failure.ok()) state_->journal->settle();
  state_->lock.release(state_->failure.ok() ? state_->clean_state() : "");
}

const RecordFile& RecordWriter::file() const { return state_->view; }
const std::vector<std::string>& RecordWriter::notes() const { return state_->notes; }

RecordWriter::RecordWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordWriter::RecordWriter(RecordWriter&&) noexcept = default;
RecordWriter& RecordWriter::operator=(RecordWriter&&) noexcept = default;
RecordWriter::~RecordWriter() { close(); }

}  // namespace imreg

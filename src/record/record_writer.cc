// Writing: one sync per durable operation. The order of the steps below is the protocol of man 5 imreg-record; each was
// found by taking it away and losing rows (src/record/README.md).
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "imreg/date.h"
#include "record/writer_state.h"

namespace imreg {

namespace {

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

Status RecordWriter::create(const std::string& path, const Schema& schema, const Options& options) {
  const FieldInfo* crc = schema.find("crc");
  if (!crc || crc->type != Type::u32)
    return Status(Code::invalid, "format " + schema.format + " has no field crc of type u32").in_file(path);
  IMREG_TRY(refuse_network(path, options));
  // Under the lock: of two that make the same file, the second must not replace the rows of the first.
  IMREG_ASSIGN(const auto lock, WriterLock::take(path + ".lock", options.program, options.wait_seconds, options.like));
  if (File::open(path, File::Mode::read).status().code() != Code::not_found)
    return Status(Code::invalid, "exists already").in_file(path);
  if (holds_changes(path + ".journal"))
    return Status(Code::mismatch, "holds changes of an earlier database of this name; move it away")
        .in_file(path + ".journal");
  auto made = replace_file(path, make_native_header(schema, new_uuid(), format_iso(current_time(), 0).substr(0, 19)),
                           options.observer, options.like);
  if (!made.ok()) (void)remove_file(path, options.observer);  // its folder could not be synced: not there, as we say
  return made;
}

Result<RecordWriter> RecordWriter::open_or_create(const std::string& path, const Schema& schema,
                                                  const Options& options) {
  auto writer = open(path, options);
  if (writer || writer.status().code() != Code::not_found) return writer;
  const Status made = create(path, schema, options);
  if (!made.ok() && made.code() != Code::invalid) return made;
  writer = open(path, options);  // invalid: another one was first, most likely
  return !made.ok() && writer.status().code() == Code::not_found ? Result<RecordWriter>(made) : std::move(writer);
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
  IMREG_ASSIGN(auto file, File::open(base, File::Mode::write, options.observer));
  IMREG_ASSIGN(auto seen, RecordFile::State::open(path, RecordFile::State::Who::owner));
  if (seen->base != base)
    return Status(Code::busy, "its symbolic link was changed while the lock was taken; try again").in_file(path);
  auto state = std::make_unique<State>(RecordFile(std::move(seen)));
  state->options = options;
  state->lock = std::move(lock);
  state->file = std::move(file);
  const std::string clean = state->clean_state();
  if (clean.empty() || state->lock.last_state() != clean || !state->seen().journal.transactions.empty()) {
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

Status RecordWriter::commit(const std::vector<RowChange>& changes, std::string added, const CommitSteps& steps) {
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
  if (steps.ready) IMREG_TRY(steps.ready(static_cast<std::int64_t>(transaction.sequence)));
  state_->drop_unkept_index();
  if (state_->options.follower)
    state_->options.follower->before(file(), changes, static_cast<std::int64_t>(transaction.sequence));
  if (auto status = state_->journal->commit(transaction); !status.ok()) {
    if (state_->journal->unsure()) state_->failure = status;
    return status;
  }
  seen.change_number = static_cast<std::int64_t>(transaction.sequence);
  if (steps.committed) steps.committed();
  // Committed. If the file itself cannot be written now, the journal still holds everything, so it is not a failure.
  state_->failure = state_->write_transaction(transaction);
  if (state_->failure.ok() && rows_added > 0) state_->failure = state_->write_counts();
  if (!state_->failure.ok()) {
    state_->show_journal();
    return {};
  }
  state_->journal->applied(seen.count, transaction.mark());
  if (state_->options.follower) state_->options.follower->after(file());
  // What is committed stays so whatever a checkpoint says; when it fails the handle refuses the next change.
  if (state_->journal->size() > kLongJournal) (void)checkpoint();
  return {};
}

Status RecordWriter::checkpoint() {
  IMREG_TRY(state_->refuse_if_broken());
  return state_->checkpoint();
}

Status RecordWriter::trim() {
  auto& seen = state_->seen();
  IMREG_TRY(checkpoint());
  const std::int64_t end = seen.place_of(seen.count);
  const std::int64_t size = round_up(end, kFitsBlock);
  if (!state_->journal && !state_->appended) {  // this writer has written nothing: what is trimmed keeps its times
    const auto counts = read_card_pair(state_->file, seen.container, PairKind::count);
    const auto now = state_->file.size();
    if (now && *now == size && counts && counts->valid && counts->first == seen.count && counts->second == 0) return {};
  }
  // When it fails, also by half, or the next step does, the counts do not hold or say too little: the next writer looks.
  auto status = state_->file.write(seen.container.count_cards,
                                   make_card_pair(seen.container.uuid, PairKind::count, seen.count, 0));
  // Also extends: the last record may end inside a block.
  if (status.ok()) status = state_->file.truncate(size);
  if (status.ok()) status = seen.remap();
  if (status.ok()) status = state_->file.sync();
  if (!status.ok()) state_->failure = status;
  return status;
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

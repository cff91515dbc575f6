// Reading: the map, the journal laid over it, and rows that are checked before anybody sees them.
#include "imreg/record_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "os/lock.h"
#include "record/crc32c.h"
#include "record/record_state.h"

namespace imreg {

namespace {

// How often a reader looks again at something that a writer is changing right now, before it calls it damaged.
constexpr int kLooks = 100;
// Rows behind the count are looked at in pieces of so many bytes.
constexpr std::int64_t kLookAhead = 512 << 10;

const char* const kDamaged =
    "damaged record: its check does not hold; save the others with imcheck -repair, and register its image again";

// Times of files move in steps of some milliseconds: what was written so short ago may be written again unseen.
constexpr std::int64_t kUnsure = 100'000'000;  // nanoseconds

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }
std::uint32_t record_crc_start(const Uuid& uuid, std::int64_t row) {
  char head[24];
  std::memcpy(head, uuid.data(), uuid.size());
  store_big(head + 16, row);
  return crc32c(0, head, sizeof head);
}

void wait_a_little(int look) {
  if (look > 3) std::this_thread::sleep_for(std::chrono::microseconds(50));
}

}  // namespace

std::uint32_t record_crc(const Uuid& uuid, std::int64_t row, const char* bytes, std::int64_t size, int crc_offset) {
  constexpr char kZero[4] = {};
  std::uint32_t crc = record_crc_start(uuid, row);
  crc = crc32c(crc, bytes, static_cast<std::size_t>(crc_offset));
  crc = crc32c(crc, kZero, sizeof kZero);
  return crc32c(crc, bytes + crc_offset + 4, static_cast<std::size_t>(size - crc_offset - 4));
}

std::uint32_t record_crc_of_copy(const Uuid& uuid, std::int64_t row, char* bytes, std::size_t size, int crc_offset) {
  store_big(bytes + crc_offset, std::uint32_t{0});
  return crc32c(record_crc_start(uuid, row), bytes, size);
}

Result<std::unique_ptr<RecordFile::State>> RecordFile::State::open(const std::string& path, Who who) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->who = who;
  state->base = resolved_path(path);
  IMREG_ASSIGN(state->file, File::open(path, File::Mode::read));
  IMREG_ASSIGN(state->container, read_container(state->file));
  state->count = state->container.count;
  if (!state->container.native) {
    IMREG_TRY(state->remap());
    return state;
  }

  state->crc = state->container.schema->find("crc");
  if (const auto* field = state->container.schema->find("changeno"); field && field->type == Type::i64)
    state->changeno = field;
  if (!state->crc || state->crc->type != Type::u32)
    return Status(Code::corrupt, "its format has no field crc").in_file(path);
  // A checkpoint between our look at the cards and our look at the journal makes the journal seem too new; one during the
  // latter writes over what we read. It changes the cards first, so they tell.
  for (int look = 0;; ++look) {
    const bool quiet = state->nobody_writes(look);
    IMREG_TRY(state->read_counts());
    const bool known = state->generation >= 0;
    auto status = state->lay_over_journal();
    if (state->no_row_is_whole()) {
      return Status(Code::corrupt, "the header is damaged: neither its count nor the first record agrees with FILEUUID")
          .in_file(path);
    }
    IMREG_ASSIGN(const CardPair now, read_card_pair(state->file, state->container, PairKind::state));
    const bool moved = now.valid ? now.first != state->generation : known;
    if (status.ok() && !moved) break;
    if (!status.ok() && status.code() != Code::mismatch) return status;
    // Moved: the cards that were read first are older than the journal, whoever holds the lock by now.
    if (look >= kLooks || (!moved && quiet && state->nobody_writes(look)))
      return status.ok() ? Status(Code::busy, "it changes faster than it can be read; try again").in_file(path)
                         : status;
    wait_a_little(look);
  }
  IMREG_TRY(state->map_rows());
  return state;
}

// Mapped after counting: a writer may extend the file at any moment, and the map must hold every row that was counted.
Status RecordFile::State::map_rows() {
  IMREG_TRY(remap());
  for (std::int64_t row = capacity(); row < count; ++row) {
    const auto piece = pieces_of(row);
    if (piece != pieces.end() && static_cast<std::int64_t>(piece->bytes.size()) == record_size()) continue;
    return Status(Code::corrupt, "truncated: it counts " + std::to_string(count) + " records, the file has room for " +
                                     std::to_string(capacity()))
        .in_file(path);
  }
  return {};
}

Status RecordFile::State::remap() {
  IMREG_ASSIGN(const std::int64_t size, file.size());
  IMREG_ASSIGN(map, Map::of(file, size));
  return {};
}

bool RecordFile::State::nobody_writes(int look) const {
  return who != Who::reader || (look >= 3 && !WriterLock::is_held(base + ".lock"));
}

Status RecordFile::State::read_counts() {
  CardPair counts, journal_state;
  // The state first: rows that a checkpoint took out of the journal are in the count by then.
  for (int look = 0; look < kLooks && !journal_state.valid; ++look) {
    wait_a_little(look);
    const bool quiet = nobody_writes(look);
    IMREG_ASSIGN(journal_state, read_card_pair(file, container, PairKind::state));
    if (quiet && nobody_writes(look)) break;
  }
  for (int look = 0; look < kLooks && !counts.valid; ++look) {
    wait_a_little(look);
    const bool quiet = nobody_writes(look);
    IMREG_ASSIGN(counts, read_card_pair(file, container, PairKind::count));
    if (quiet && nobody_writes(look)) break;
  }
  counted_by_rows = !counts.valid;
  if (counts.valid) {
    count = counts.first;
  } else {
    IMREG_TRY(count_without_cards(counts.first));
  }
  generation = journal_state.valid ? journal_state.first : -1;
  change_number = journal_state.valid ? journal_state.second : 0;
  return {};
}

// Cards that stay invalid were torn while they were written, or have rotted. What they say is believed when the record that
// it makes the last one is whole; else the records tell how many there are, up to the first that is not whole.
Status RecordFile::State::count_without_cards(std::int64_t said) {
  Record row(static_cast<std::size_t>(record_size()));
  const auto read_row = [&](std::int64_t number) {
    const auto got = file.read(place_of(number), row.data(), row.bytes().size());
    return got && *got == row.bytes().size();
  };
  IMREG_ASSIGN(const std::int64_t size, file.size());
  if (said > 0 && said <= (size - container.data_offset) / record_size() && read_row(said - 1) &&
      crc_holds(said - 1, row.bytes().data())) {
    count = said;
    return {};
  }
  count = valid_until(0);
  return {};
}

// Records, and none of them whole, not even by the journal (a power cut may tear the cards and a change of the first record
// together): more likely the identity that each check covers is damaged than all of them.
bool RecordFile::State::no_row_is_whole() const {
  std::string row(static_cast<std::size_t>(record_size()), '\0');
  return counted_by_rows && count == 0 && file.read_exactly(place_of(0), row.data(), row.size()).ok() &&
         row.find_first_not_of('\0') != std::string::npos;
}

Status RecordFile::State::lay_over_journal() {
  const auto has = [this](const RowMark& mark) {
    if (!changeno) return true;
    if (mark.row < 0 || mark.row >= kLargest / record_size()) return false;
    Record row(static_cast<std::size_t>(record_size()));
    const auto got = file.read(place_of(mark.row), row.data(), row.bytes().size());
    return got && *got == row.bytes().size() && change_of(mark.row, row.data()) >= mark.number;
  };
  using Has = std::function<bool(const RowMark&)>;
  IMREG_ASSIGN(journal,
               read_journal(base + ".journal", container, generation, count, who == Who::recovery ? Has() : Has(has)));
  if (generation < 0) generation = std::max<std::int64_t>(journal.generation, 1);
  change_number = std::max(change_number, static_cast<std::int64_t>(journal.last_sequence));
  pieces.clear();
  large.clear();
  std::int64_t proven = count;  // the journal knows of rows whose count had not reached the disk
  for (const auto& transaction : journal.transactions) {
    if (transaction.many) large.push_back(&transaction);
    pieces.insert(pieces.end(), transaction.changes.begin(), transaction.changes.end());
    const auto size = static_cast<std::size_t>(record_size());
    std::int64_t row = transaction.rows_before;
    for (std::size_t at = 0; at + size <= transaction.added.size(); at += size)
      pieces.push_back({row++, 0, transaction.added.substr(at, size), static_cast<std::int64_t>(transaction.sequence)});
    proven = std::max(proven, row);
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const Change& a, const Change& b) { return a.row < b.row; });
  // Such a row may have been torn by a later change in place, so it is judged with the journal laid over it.
  for (Record row = Record(static_cast<std::size_t>(record_size())); count < proven; ++count) {
    IMREG_ASSIGN(const std::size_t got, file.read(place_of(count), row.data(), row.bytes().size()));
    std::memset(row.data() + got, 0, row.bytes().size() - got);
    lay_pieces(count, row.data());
    if (crc_holds(count, row.bytes().data())) continue;
    return Status(Code::mismatch, "the journal beside it knows " + std::to_string(proven) +
                                      " records, the file ends after " + std::to_string(count) +
                                      ": an older copy was put there; move the journal away to use the copy as it is")
        .in_file(path);
  }
  // Rows that were synced, but whose count a power cut took. Rows of a writer that is at work, or was when it died without a
  // power cut, were not acknowledged when the count does not have them; once seen they would be gone again until the next
  // writer has counted them.
  const std::int64_t end = valid_until(count);
  if (end > count && (who != Who::reader || !WriterLock::is_at_work(base + ".lock"))) count = end;
  return {};
}

std::vector<Change>::const_iterator RecordFile::State::first_piece(std::int64_t from) const {
  return std::lower_bound(pieces.begin(), pieces.end(), from,
                          [](const Change& change, std::int64_t row) { return change.row < row; });
}

std::vector<Change>::const_iterator RecordFile::State::pieces_of(std::int64_t row) const {
  const auto piece = first_piece(row);
  return piece != pieces.end() && piece->row == row ? piece : pieces.end();
}

std::int64_t RecordFile::State::change_of(std::int64_t row, const char* bytes) const {
  if (!changeno || !crc_holds(row, bytes)) return -1;
  const auto change = load(bytes, Field<std::int64_t>{changeno->offset});
  return change < kLargest ? change : -1;  // a number that means nothing
}

std::int64_t RecordFile::State::next_pending(std::int64_t from) const {
  const auto piece = first_piece(from);
  std::int64_t row = piece == pieces.end() ? count : piece->row;
  for (const auto* transaction : large) row = std::min(row, transaction->many->next(from));
  return std::min(row, count);
}

void RecordFile::State::lay_pieces(std::int64_t row, char* bytes) const {
  const std::int64_t has = change_of(row, bytes);
  auto piece = first_piece(row);
  const auto lay_until = [&](std::uint64_t sequence) {
    for (; piece != pieces.end() && piece->row == row; ++piece) {
      if (static_cast<std::uint64_t>(piece->sequence) > sequence) return;
      if (piece->sequence > has) std::memcpy(bytes + piece->offset, piece->bytes.data(), piece->bytes.size());
    }
  };
  for (const auto* transaction : large) {
    lay_until(transaction->sequence);
    const auto edit = transaction->many->find(row);
    if (edit && edit->number > has) transaction->many->lay(*edit, seal(), bytes);
  }
  lay_until(kLargest);
}

RecordView RecordFile::State::peek(std::int64_t row, Record& scratch) const {
  const char* in_file = map.data() + place_of(row);
  if ((pieces.empty() && large.empty()) || next_pending(row) != row) return RecordView(in_file);
  const auto copy_from_file = [&] {
    if (row < capacity()) std::memcpy(scratch.data(), in_file, static_cast<std::size_t>(record_size()));
  };
  copy_from_file();
  lay_pieces(row, scratch.data());
  if (!journal.holds()) copy_from_file();
  return scratch.view();
}

bool RecordFile::State::copy_row(std::int64_t row, Record& copy) const {
  const RecordView seen = peek(row, copy);
  if (seen.bytes() != copy.bytes().data())
    std::memcpy(copy.data(), seen.bytes(), static_cast<std::size_t>(record_size()));
  if (crc) return copy_holds(row, copy);
  // Files of others have no checks. What was cut off reads as zeros, to the end of the last page without a signal.
  return !map.lost() && file.size().value_or(0) >= place_of(row + 1);
}

bool RecordFile::State::crc_holds(std::int64_t row, const char* bytes) const {
  return load(bytes, Field<std::uint32_t>{crc->offset}) ==
         record_crc(container.uuid, row, bytes, record_size(), crc->offset);
}

bool RecordFile::State::copy_holds(std::int64_t row, Record& copy) const {
  char* const at = copy.data() + crc->offset;
  const auto said = load_big<std::uint32_t>(at);
  const std::uint32_t is = record_crc_of_copy(container.uuid, row, copy.data(), copy.bytes().size(), crc->offset);
  store_big(at, said);
  return is == load(copy.data(), Field<std::uint32_t>{crc->offset});
}

// By read, not by the map: a writer that trims takes this part of the file away under a reader, and that would be SIGBUS.
std::int64_t RecordFile::State::valid_until(std::int64_t from) const {
  std::string rows(static_cast<std::size_t>(record_size()), '\0');  // one to begin with: usually nothing is there
  for (;;) {
    const auto got = file.read(place_of(from), rows.data(), rows.size());
    const std::int64_t whole = got ? static_cast<std::int64_t>(*got) / record_size() : 0;
    for (std::int64_t i = 0; i < whole; ++i, ++from) {
      if (!crc_holds(from, rows.data() + i * record_size())) return from;
    }
    if (whole == 0) return from;
    rows.resize(static_cast<std::size_t>(record_size() * std::max<std::int64_t>(1, kLookAhead / record_size())));
  }
}

RecordFile::RecordFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordFile::RecordFile(RecordFile&&) noexcept = default;
RecordFile& RecordFile::operator=(RecordFile&&) noexcept = default;
RecordFile::~RecordFile() = default;

// A new file may take the name (a compaction) between our look at the old one and our look at the journal, which is the new
// one's then.
Result<RecordFile> RecordFile::open(const std::string& path, bool as_left) {
  struct stat before {
  }, after{};
  for (int look = 0;; ++look) {
    (void)::stat(path.c_str(), &before);
    auto state = State::open(path, as_left ? State::Who::owner : State::Who::reader);
    if (state) return RecordFile(*std::move(state));
    const bool same = ::stat(path.c_str(), &after) != 0 || after.st_ino == before.st_ino;
    if (same || look >= kLooks) return state.status();
  }
}

Result<RecordFile> RecordFile::open(const std::string& path) { return open(path, false); }

// A new holder of the lock takes the word of the dead one away at once, and readers count the rows then.
Result<RecordFile> RecordFile::open_as_left(const std::string& path) {
  const std::string lock = resolved_path(path) + ".lock";
  return open(path, WriterLock::is_at_work(lock) && !WriterLock::is_held(lock));
}

const std::string& RecordFile::path() const { return state_->path; }
const Schema& RecordFile::schema() const { return *state_->container.schema; }
std::int64_t RecordFile::count() const { return state_->count; }
bool RecordFile::is_native() const { return state_->container.native; }
std::string RecordFile::uuid() const { return uuid_text(state_->container.uuid); }
std::int64_t RecordFile::change_number() const { return state_->change_number; }

RecordView RecordFile::peek(std::int64_t row, Record& scratch) const { return state_->peek(row, scratch); }
RecordFile::Run RecordFile::run_in_place(std::int64_t from) const {
  return {state_->map.data() + state_->place_of(from), state_->next_pending(from)};
}

Status RecordFile::read_far(std::int64_t row, Record& copy) const {
  const auto size = static_cast<std::size_t>(state_->record_size());
  const bool in_place = state_->crc && row >= 0 && row < state_->count && run_in_place(row).end > row;
  if (!in_place) return read(row, copy);
  const auto got = state_->file.read(state_->place_of(row), copy.data(), size);
  return got && *got == size && state_->copy_holds(row, copy) ? Status() : read(row, copy);
}

RecordFile::Written RecordFile::State::last_written() const {
  Written out;
  struct stat info {};
  for (const std::string& name : {base, base + ".journal"}) {
    if (::stat(name.c_str(), &info) != 0) info = {};
    out.what.insert(out.what.end(), {static_cast<std::int64_t>(info.st_ino), info.st_size, nanoseconds(info.st_mtim)});
    out.when = std::max(out.when, nanoseconds(info.st_mtim));
  }
  return out;
}

std::shared_ptr<const RecordFile::Later> RecordFile::State::look_anew() const {
  const std::lock_guard lock(mutex);
  const Written written = last_written();
  if (later && later->sure && later->written == written) return later;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  auto fresh = open(path, Who::reader);
  const bool same = fresh && (*fresh)->container.uuid == container.uuid;
  later = std::make_shared<const Later>(
      Later{written, nanoseconds(now) - written.when > kUnsure, same ? *std::move(fresh) : nullptr});
  return later;
}

Status RecordFile::read(std::int64_t row, Record& copy) const {
  if (row < 0 || row >= state_->count)
    return Status(Code::invalid, "there is no such row").in_file(state_->path).at_record(row);
  if (state_->copy_row(row, copy)) return {};
  if (!state_->crc)
    return Status(Code::corrupt, "the file has become shorter while it was read")
        .in_file(state_->path)
        .at_record(row)
        .at_byte(state_->place_of(row));
  // A writer is in the middle of this row, or has moved on since we looked at the journal: look at everything anew.
  for (int look = 0; look < kLooks && state_->who == State::Who::reader; ++look) {
    wait_a_little(look);
    const bool quiet = state_->nobody_writes(look);
    const auto later = state_->look_anew();
    if (later->state && row < later->state->count && later->state->copy_row(row, copy)) return {};
    // Another file has taken the name (a compaction): nobody writes to this one any more, and every change is in its place.
    if (!later->state && state_->copy_row(row, copy)) return {};
    if (later->sure && later->written == state_->last_written()) break;
    if (quiet && state_->nobody_writes(look)) break;
  }
  return Status(Code::corrupt, kDamaged).in_file(state_->path).at_record(row).at_byte(state_->place_of(row));
}

}  // namespace imreg

// Writes transactions to the journal, reads them back, and replays those that are whole.
#include "record/journal.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "os/lock.h"
#include "record/crc32c.h"
#include "record/end_of_content.h"
#include "record/write_behind.h"

namespace imreg {

namespace {

constexpr char kMagic[] = "IMREGJNL";
// 2 as soon as there is a transaction of many rows.
constexpr std::uint32_t kVersion = 1, kVersionOfMany = 2;
constexpr std::int64_t kGenerationPlace = 8 + 4 + 16;
constexpr std::int64_t kHintPlace = 512;
constexpr std::int64_t kFirst = 1024;
constexpr std::size_t kHeadSize = 8 + 4 + 16 + 8 + 4;  // magic version uuid generation crc
constexpr std::size_t kHintSize =
    40 + 8 + 8 + 8 + 8 + 8 + 8 + 4;                      // boot generation end last_sequence rows row number crc
constexpr std::uint32_t kTransactionMagic = 0x54584e31;  // "TXN1"
constexpr std::size_t kTransactionHead =
    4 + 8 + 8 + 8 + 8 + 8;  // magic generation sequence rows_before bytes_of_changes bytes_of_added
constexpr std::uint32_t kManyMagic = 0x54584e32;          // "TXN2"
constexpr std::size_t kManyHead = 4 + 8 + 8 + 8 + 8 + 4;  // magic generation sequence rows_before bytes crc
constexpr std::int64_t kGrowth = 1 << 20;
// The hint is written anew when so much was applied since, and when the writer goes. Whoever opens looks through this much.
constexpr std::int64_t kHintEvery = 64 << 10;
// A larger file is cut when its changes are in the record file.
constexpr std::int64_t kMostKept = 8 << 20;

template <class T>
T take(std::string_view& in) {
  const T value = load_big<T>(in.data());
  in.remove_prefix(sizeof(T));
  return value;
}

std::uint32_t check_of(const Uuid& uuid, std::string_view bytes) {
  return crc32c(crc32c(0, uuid.data(), uuid.size()), bytes);
}

std::string boot_text() {
  std::string id = boot_id();
  id.resize(40, '\0');
  return id;
}

// One transaction at the front of `in`, or nothing when it is not whole. Views point into `in`.
std::optional<Transaction> parse_transaction(std::string_view in, const Uuid& uuid, std::int64_t generation,
                                             std::int64_t record_size, std::size_t& used) {
  if (in.size() < kTransactionHead + 4) return std::nullopt;
  // The head is copied: a writer that begins a new generation may write over it between our check and our use.
  char head[kTransactionHead];
  std::memcpy(head, in.data(), sizeof head);
  const std::string_view behind = in.substr(sizeof head);
  in = std::string_view(head, sizeof head);
  if (take<std::uint32_t>(in) != kTransactionMagic || take<std::int64_t>(in) != generation) return std::nullopt;
  Transaction out;
  out.sequence = take<std::uint64_t>(in);
  out.rows_before = take<std::int64_t>(in);
  const auto changes = take<std::uint64_t>(in);
  const auto added = take<std::uint64_t>(in);
  // A check that holds does not say that the numbers mean something: they decide where recovery writes.
  if (out.sequence > kLargest || out.rows_before < 0 || out.rows_before > kLargest / record_size) return std::nullopt;
  if (added % static_cast<std::uint64_t>(record_size) != 0) return std::nullopt;
  if (changes > behind.size() || added > behind.size() - changes || behind.size() - changes - added < 4)
    return std::nullopt;
  used = kTransactionHead + changes + added + 4;
  const std::uint32_t check = crc32c(check_of(uuid, {head, sizeof head}), behind.data(), changes + added);
  if (load_big<std::uint32_t>(behind.data() + changes + added) != check) return std::nullopt;

  std::string_view body = behind.substr(0, changes);
  while (body.size() >= 16) {
    Change change;
    change.row = take<std::int64_t>(body);
    change.offset = take<std::uint32_t>(body);
    const auto length = take<std::uint32_t>(body);
    if (length > body.size() || change.offset + std::int64_t{length} > record_size) return std::nullopt;
    if (change.row < 0 || change.row >= out.rows_before) return std::nullopt;
    change.bytes = body.substr(0, length);
    change.sequence = static_cast<std::int64_t>(out.sequence);
    body.remove_prefix(length);
    out.changes.push_back(change);
  }
  out.added = behind.substr(changes, added);
  return out;
}

// The same of a transaction of many rows. Its numbers are not believed further than what is looked at when rows are read.
std::optional<Transaction> parse_many(std::string_view in, const Uuid& uuid, std::int64_t generation,
                                      std::int64_t record_size, std::size_t& used) {
  if (in.size() < kManyHead) return std::nullopt;
  char head[kManyHead];
  std::memcpy(head, in.data(), sizeof head);
  const std::string_view behind = in.substr(sizeof head);
  in = std::string_view(head, sizeof head);
  if (take<std::uint32_t>(in) != kManyMagic || take<std::int64_t>(in) != generation) return std::nullopt;
  Transaction out;
  out.sequence = take<std::uint64_t>(in);
  out.rows_before = take<std::int64_t>(in);
  const auto size = take<std::uint64_t>(in);
  if (out.sequence > kLargest || out.rows_before < 0 || out.rows_before > kLargest / record_size) return std::nullopt;
  if (size > behind.size()) return std::nullopt;
  const std::string_view changes = behind.substr(0, size);
  if (crc32c(check_of(uuid, changes), head, kManyHead - 4) != take<std::uint32_t>(in)) return std::nullopt;
  out.many = ManyChanges::parse(changes, out.rows_before, record_size);
  if (!out.many) return std::nullopt;
  used = kManyHead + size;
  return out;
}

// Whether there is a transaction of the generation that the head names; in doubt there is.
bool begins_with_changes(std::string_view bytes) {
  if (bytes.size() < kFirst + std::min(kTransactionHead, kManyHead) || bytes.substr(0, 8) != kMagic) return false;
  const auto magic = load_big<std::uint32_t>(bytes.data() + kFirst);
  return (magic == kTransactionMagic || magic == kManyMagic) &&
         load_big<std::int64_t>(bytes.data() + kFirst + 4) == load_big<std::int64_t>(bytes.data() + 28);
}

// Moves the view past the transactions that are in the record file already, by the hint.
void skip_applied(std::string_view bytes, const Uuid& uuid, std::int64_t rows,
                  const std::function<bool(const RowMark&)>& file_has, JournalView& view) {
  std::string_view hint = bytes.substr(kHintPlace, kHintSize);
  if (load_big<std::uint32_t>(hint.data() + kHintSize - 4) != check_of(uuid, hint.substr(0, kHintSize - 4))) return;
  if (hint.substr(0, 40) != boot_text()) return;
  hint.remove_prefix(40);
  if (take<std::int64_t>(hint) != view.generation) return;
  const auto end = take<std::int64_t>(hint);
  if (end < kFirst || end > static_cast<std::int64_t>(bytes.size())) return;
  const auto last_sequence = take<std::uint64_t>(hint);
  if (take<std::int64_t>(hint) > rows || last_sequence > kLargest) return;
  RowMark mark;
  mark.row = take<std::int64_t>(hint);
  mark.number = take<std::int64_t>(hint);
  if (end > kFirst && !file_has(mark)) return;
  view.end = end;
  view.last_sequence = last_sequence;
}

}  // namespace

RowMark Transaction::mark() const {
  const auto number = static_cast<std::int64_t>(sequence);
  if (!changes.empty()) return {changes.back().row, number};
  if (!added.empty()) return {rows_before, number};
  const auto first = many ? many->find(many->next(0)) : std::nullopt;
  return first ? RowMark{first->row, first->number} : RowMark{};
}

std::optional<Transaction> next_transaction(std::string_view bytes, std::size_t& at, std::size_t end, const Uuid& uuid,
                                            std::int64_t generation, std::int64_t record_size) {
  for (; (at = bytes.substr(0, end).find("TXN", at)) != bytes.npos; ++at) {
    std::size_t used = 0;
    auto found = transaction_at(bytes.substr(at), uuid, generation, record_size, used);
    if (!found) continue;
    at += used;
    return found;
  }
  return std::nullopt;
}

std::optional<Transaction> transaction_at(std::string_view in, const Uuid& uuid, std::int64_t generation,
                                          std::int64_t record_size, std::size_t& used) {
  auto out = parse_transaction(in, uuid, generation, record_size, used);
  return out ? out : parse_many(in, uuid, generation, record_size, used);
}

Result<JournalView> read_journal(const std::string& path, const Container& container, std::int64_t generation,
                                 std::int64_t rows, const std::function<bool(const RowMark&)>& file_has) {
  JournalView view;
  view.end = kFirst;
  auto file = File::open(path, File::Mode::read);
  if (!file && file.status().code() == Code::not_found) return view;
  if (!file) return file.status();
  IMREG_ASSIGN(const std::int64_t size, file->size());
  if (size < kFirst) return view;  // made, but its first sync never happened: nothing was committed to it
  IMREG_ASSIGN(view.map, Map::of(*file, size));
  const std::string_view bytes(view.map.data(), static_cast<std::size_t>(size));

  std::string_view head = bytes.substr(0, kHeadSize);
  const bool head_holds = head.substr(0, 8) == kMagic && load_big<std::uint32_t>(head.data() + kHeadSize - 4) ==
                                                             check_of(container.uuid, head.substr(0, kHeadSize - 4));
  if (!head_holds) {
    // Another UUID in a head that is whole for that UUID: the journal of another file.
    Uuid other{};
    std::memcpy(other.data(), head.data() + 12, other.size());
    const bool other_file =
        other != container.uuid && bytes.substr(0, 8) == kMagic &&
        load_big<std::uint32_t>(bytes.data() + kHeadSize - 4) == check_of(other, bytes.substr(0, kHeadSize - 4));
    if (other_file && !begins_with_changes(bytes)) return view;  // emptied by a checkpoint, so it may be taken over
    if (other_file) {
      return Status(Code::mismatch,
                    "belongs to another database file than the one beside it; move it away if you put that file there")
          .in_file(path);
    }
  }
  view.head_torn = !head_holds;
  // A head that does not hold was torn while a generation began, so that no transaction of it follows; or it has rotted, and
  // then the transactions still say themselves to which generation they belong.
  const auto version = load_big<std::uint32_t>(head.data() + 8);
  if (head_holds && version != kVersion && version != kVersionOfMany)
    return Status(Code::mismatch, "was written by a newer imreg; install that one to open the database").in_file(path);
  head.remove_prefix(12 + 16);
  const auto own_generation = head_holds ? take<std::int64_t>(head) : generation;
  if (own_generation < 0 || own_generation > kLargest) return view;
  if (generation >= 0 && own_generation > generation) {
    return Status(Code::mismatch,
                  "belongs to a newer life of this database: an older copy was put beside it; move the journal away to "
                  "use the copy as it is")
        .in_file(path);
  }
  if (own_generation < generation) return view;
  view.generation = own_generation;
  std::memcpy(view.generation_seen, bytes.data() + kGenerationPlace, sizeof view.generation_seen);

  if (head_holds && file_has) skip_applied(bytes, container.uuid, rows, file_has, view);
  std::size_t used = 0;
  const auto parse = [&] {
    const auto rest = bytes.substr(static_cast<std::size_t>(view.end));
    return transaction_at(rest, container.uuid, own_generation, container.schema->record_size, used);
  };
  while (auto transaction = parse()) {
    view.last_sequence = transaction->sequence;
    view.transactions.push_back(*std::move(transaction));
    view.end += static_cast<std::int64_t>(used);
  }
  if (!file_has) {
    IMREG_ASSIGN(const std::int64_t content, end_of_content(*file, view.end));
    // Only what begins there: the zeros behind it may be the last bytes of a transaction.
    const auto search_end = static_cast<std::size_t>(std::min(content, size));
    auto at = static_cast<std::size_t>(view.end);
    while (auto found =
               next_transaction(bytes, at, search_end, container.uuid, own_generation, container.schema->record_size))
      view.behind_damage.push_back(*std::move(found));
  }
  if (!head_holds && view.transactions.empty()) view.generation = -1;
  return view;
}

bool JournalView::holds() const {
  std::atomic_thread_fence(std::memory_order_acquire);  // the head is written before anything behind it is
  return map.size() >= kFirst && std::memcmp(map.data() + kGenerationPlace, generation_seen, 8) == 0;
}

Result<Journal> Journal::open(const std::string& path, const Container& container, std::int64_t generation,
                              std::int64_t end, std::uint64_t last_sequence, std::int64_t rows, IoObserver* observer) {
  Journal journal;
  journal.uuid_ = container.uuid;
  journal.generation_ = generation;
  journal.end_ = end;
  journal.last_sequence_ = last_sequence;
  journal.rows_ = rows;
  IMREG_ASSIGN(journal.file_, File::open(path, File::Mode::create, observer, without_ending(path)));
  if (end <= kFirst) {  // new, of an older generation, or begun and never used: it gets a head of this generation
    journal.end_ = kFirst;
    IMREG_TRY(journal.write_head(kVersion));
    journal.applied_end_ = journal.end_;
    journal.write_hint();
    IMREG_TRY(sync_folder_of(path, observer));
  } else {
    journal.applied_end_ = journal.end_;  // and the hint may be of another boot: it is written when this writer goes
  }
  return journal;
}

Status Journal::settle_on_disk(const std::string& path, std::int64_t end, IoObserver* observer) {
  auto file = File::open(path, File::Mode::write, observer);
  if (!file && file.status().code() == Code::not_found) return {};
  if (!file) return file.status();
  IMREG_ASSIGN(const std::int64_t size, file->size());
  end = std::max(end, kFirst);
  if (size - end > kMostKept) {  // a transaction of many rows that did not come to its end
    IMREG_TRY(file->truncate(end));
    return file->sync();
  }
  IMREG_ASSIGN(const std::int64_t content, end_of_content(*file, end));
  if (content > end) IMREG_TRY(file->write_zeros(end, content - end));
  return file->sync();
}

bool holds_changes(const std::string& journal) {
  const auto file = File::open(journal, File::Mode::read);
  if (!file) return file.status().code() != Code::not_found;
  std::string start(kFirst + kTransactionHead, '\0');
  if (!file->read(0, start.data(), start.size()).ok()) return true;
  if (start.find_first_not_of('\0') == std::string::npos) return false;  // made, and never written to
  Uuid uuid{};
  std::memcpy(uuid.data(), start.data() + 12, uuid.size());
  const auto check = check_of(uuid, std::string_view(start).substr(0, kHeadSize - 4));
  return load_big<std::uint32_t>(start.data() + kHeadSize - 4) != check || begins_with_changes(start);
}

bool Journal::holds_something(std::int64_t end) { return end > kFirst; }

// Not synced: the sync of the first transaction covers it, and without one an older head, or a torn one, is as good.
Status Journal::write_head(std::uint32_t version) {
  std::string head(kMagic, 8);
  put(head, version);
  head.append(reinterpret_cast<const char*>(uuid_.data()), uuid_.size());
  put(head, generation_);
  put(head, check_of(uuid_, head));
  IMREG_TRY(file_.write(0, head));
  version_ = version;
  return {};
}

Status Journal::make_room(std::int64_t end) {
  if (end <= allocated_) return {};
  std::int64_t size = round_up(end, kGrowth);
  if (!file_.allocate(size).ok()) IMREG_TRY(file_.allocate(size = end));  // nearly full: as much as it takes
  allocated_ = size;
  return {};
}

std::string change_head(std::int64_t row, std::int64_t offset, std::size_t size) {
  std::string out;
  put(out, row);
  put(out, static_cast<std::uint32_t>(offset));
  put(out, static_cast<std::uint32_t>(size));
  return out;
}

std::string Journal::head_of(const Transaction& transaction, std::uint64_t changes, std::uint64_t added) const {
  std::string bytes;
  put(bytes, kTransactionMagic);
  put(bytes, generation_);
  put(bytes, transaction.sequence);
  put(bytes, transaction.rows_before);
  put(bytes, changes);
  put(bytes, added);
  return bytes;
}

Status Journal::commit(const Transaction& transaction) {
  std::string changes;
  for (const auto& change : transaction.changes) {
    changes += change_head(change.row, change.offset, change.bytes.size());
    changes += change.bytes;
  }
  std::string bytes = head_of(transaction, changes.size(), transaction.added.size());
  bytes.reserve(kTransactionHead + changes.size() + transaction.added.size() + 4);
  bytes += changes;
  bytes += transaction.added;
  put(bytes, check_of(uuid_, bytes));

  const auto size = static_cast<std::int64_t>(bytes.size());
  IMREG_TRY(make_room(end_ + size));
  auto status = file_.write(end_, bytes);
  const bool written = status.ok();
  if (written) status = file_.sync();
  if (!status.ok()) {
    unsure_ = !file_.write_zeros(end_, size).ok() || written;
    return status;
  }
  end_ += size;
  last_sequence_ = transaction.sequence;
  return {};
}

Status Journal::commit_pieces(const Transaction& head, std::int64_t bytes_of_changes, std::int64_t bytes_of_added,
                              const std::function<Status(const Put&)>& pieces) {
  const std::string start =
      head_of(head, static_cast<std::uint64_t>(bytes_of_changes), static_cast<std::uint64_t>(bytes_of_added));
  const std::int64_t from = end_ + static_cast<std::int64_t>(start.size());
  const std::int64_t end = from + bytes_of_changes + bytes_of_added;
  std::int64_t place = from;
  std::uint32_t check = check_of(uuid_, start);
  bool synced = false;
  // The head last: without it there is no transaction.
  const auto work = [&]() -> Status {
    IMREG_TRY(make_room(end + 4));
    WriteBehind out(file_);
    const auto take = [&](std::string_view bytes) {
      check = crc32c(check, bytes);
      place += static_cast<std::int64_t>(bytes.size());
      return out.write(place - static_cast<std::int64_t>(bytes.size()), bytes);
    };
    IMREG_TRY(pieces(take));
    if (place != end) return Status(Code::invalid, "not the bytes that were said").in_file(file_.path());
    std::string behind;
    put(behind, check);
    IMREG_TRY(out.write(end, behind));
    IMREG_TRY(out.flush());
    IMREG_TRY(file_.write(end_, start));
    synced = true;
    return file_.sync();
  };
  if (auto status = work(); !status.ok()) {
    unsure_ = !file_.write_zeros(end_, static_cast<std::int64_t>(start.size())).ok() || synced;
    if (file_.truncate(end_).ok()) allocated_ = end_;
    return status;
  }
  end_ = end + 4;
  last_sequence_ = head.sequence;
  return {};
}

Status Journal::add(std::string_view changes) {
  auto status = [&]() -> Status {
    // What the record file has not got yet needs no other version, and until the sync below this one harms nobody.
    if (version_ != kVersionOfMany) IMREG_TRY(write_head(kVersionOfMany));
    const std::int64_t place = end_ + static_cast<std::int64_t>(kManyHead) + added_;
    IMREG_TRY(make_room(place + static_cast<std::int64_t>(changes.size())));
    return file_.write(place, changes);
  }();
  if (added_ == 0) added_check_ = check_of(uuid_, {});
  added_check_ = crc32c(added_check_, changes);
  added_ += static_cast<std::int64_t>(changes.size());
  if (!status.ok()) drop_added();
  return status;
}

Status Journal::commit_added(std::uint64_t sequence, std::int64_t rows_before) {
  std::string head;
  put(head, kManyMagic);
  put(head, generation_);
  put(head, sequence);
  put(head, rows_before);
  put(head, static_cast<std::uint64_t>(added_));
  put(head, crc32c(added_check_, head));
  auto status = file_.write(end_, head);
  const bool written = status.ok();
  if (written) status = file_.sync();
  if (!status.ok()) {
    unsure_ = !file_.write_zeros(end_, static_cast<std::int64_t>(kManyHead)).ok() || written;
    drop_added();
    return status;
  }
  last_ = end_;
  end_ += static_cast<std::int64_t>(kManyHead) + added_;
  added_ = 0;
  last_sequence_ = sequence;
  return {};
}

void Journal::drop_added() {
  // Changes without a head are nothing, wherever they stay.
  if (added_ > 0 && file_.truncate(end_).ok()) allocated_ = end_;
  added_ = 0;
}

Result<JournalView> Journal::last_added(std::int64_t record_size) const {
  JournalView view;
  view.generation = generation_;
  IMREG_ASSIGN(view.map, Map::of(file_, end_));
  Transaction transaction;
  const std::string_view bytes(view.map.data() + last_, static_cast<std::size_t>(end_ - last_));
  transaction.sequence = last_sequence_;
  transaction.rows_before = load_big<std::int64_t>(bytes.data() + 20);
  transaction.many = ManyChanges::parse(bytes.substr(kManyHead), transaction.rows_before, record_size);
  if (!transaction.many) return Status(Code::io, "cannot be read back").in_file(file_.path());
  view.transactions.push_back(std::move(transaction));
  return view;
}

void Journal::applied(std::int64_t rows, const RowMark& mark) {
  rows_ = rows;
  mark_ = mark;
  applied_end_ = end_;
  if (end_ - hinted_end_ >= kHintEvery) write_hint();
}

void Journal::write_hint() {
  std::string hint = boot_text();
  put(hint, generation_);
  put(hint, applied_end_);
  put(hint, last_sequence_);
  put(hint, rows_);
  put(hint, mark_.row);
  put(hint, mark_.number);
  put(hint, check_of(uuid_, hint));
  hinted_end_ = applied_end_;
  (void)file_.write(kHintPlace, hint);  // it only saves work; without it the changes are applied once more
}

Status Journal::restart(std::int64_t generation, std::int64_t rows) {
  generation_ = generation;
  end_ = kFirst;
  IMREG_TRY(write_head(kVersion));
  rows_ = rows;
  mark_ = {};
  applied_end_ = end_;
  write_hint();
  // Behind the head: who has mapped it looks there whether it still holds.
  if (const auto size = file_.size(); size && *size > kMostKept && file_.truncate(kGrowth).ok()) allocated_ = kGrowth;
  return {};
}

}  // namespace imreg

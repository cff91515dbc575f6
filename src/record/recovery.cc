// What the next writer does when the last one died.
#include "base/text.h"
#include "record/end_of_content.h"
#include "record/writer_state.h"

namespace imreg {

Status RecordWriter::State::recover() {
  // seen() has counted rows past NAXIS2 already; its journal holds the transactions that may be missing in the file.
  const JournalView pending = std::move(seen().journal);
  seen().pieces.clear();
  seen().large.clear();
  seen().journal = {};
  IMREG_TRY(keep_behind_damage(pending));
  // Who made the file may have been killed before its name was durable: what is acknowledged from now on must not go with it.
  IMREG_TRY(sync_folder_of(seen().base, options.observer));
  IMREG_TRY(Journal::settle_on_disk(seen().base + ".journal", pending.end, options.observer));
  IMREG_TRY(make_room(seen().count));
  long long finished = 0;
  for (const auto& transaction : pending.transactions) {
    IMREG_ASSIGN(const bool missing, replay(transaction));
    finished += missing ? 1 : 0;
  }
  if (pending.map.lost()) return Status(Code::io, "cannot be read").in_file(seen().base + ".journal");
  if (finished > 0) {
    notes.push_back("finished " + counted(finished, "change") +
                    " that had been committed when the last writer stopped");
  }
  IMREG_TRY(file.sync());
  seen().journal.generation = pending.generation;
  seen().journal.end = pending.end;
  // A head that a power cut has torn is written anew: without changes behind it here, else by the checkpoint below.
  if (!pending.transactions.empty() || pending.head_torn) IMREG_TRY(open_journal());
  if (!pending.transactions.empty()) journal->applied(seen().count, pending.transactions.back().mark());

  const std::int64_t end = seen().place_of(seen().count);
  IMREG_ASSIGN(const std::int64_t content, end_of_content(file, end));
  if (content > end) {
    IMREG_TRY(set_aside(seen().count, content));
    IMREG_TRY(file.write_zeros(end, content - end));
    IMREG_TRY(file.sync());
  }
  const auto state = read_card_pair(file, seen().container, PairKind::state);
  if (state && !state->valid) IMREG_TRY(write_state());
  IMREG_TRY(write_counts());
  // Without a row that proves FILEUUID, torn cards beside a torn first append are a damaged header to whoever opens it.
  if (seen().count == 0) IMREG_TRY(file.sync());
  // Nobody shall look through it again.
  if (pending.end > kLongJournal || (pending.head_torn && !pending.transactions.empty())) return checkpoint();
  return {};
}

// What stands behind a damaged transaction was acknowledged, too. When it is in the file it may go, else only a person may say
// that it shall.
Status RecordWriter::State::keep_behind_damage(const JournalView& pending) {
  for (const auto& transaction : pending.behind_damage) {
    IMREG_ASSIGN(const bool there, is_in_place(transaction));
    if (there) continue;
    return Status(Code::corrupt,
                  "damaged, and behind the damage stand whole changes that are not in the database: save them with "
                  "imcheck "
                  "-repair NEW.db before anybody writes")
        .in_file(seen().base + ".journal")
        .at_byte(pending.end);
  }
  if (pending.behind_damage.empty()) return {};
  notes.push_back("a change in " + seen().base + ".journal is damaged (byte " + std::to_string(pending.end) +
                  "); those behind it are in the database");
  return file.sync();  // before they go from the journal
}

Result<bool> RecordWriter::State::is_in_place(const Transaction& transaction) {
  const std::int64_t size = seen().record_size();
  const auto is_there = [&](std::int64_t row, std::int64_t number, std::int64_t offset, std::string_view bytes) {
    if (row >= seen().capacity()) return false;
    const char* const at = seen().map.data() + seen().place_of(row);
    return number <= seen().change_of(row, at) ||
           (!bytes.empty() && bytes == std::string_view(at + offset, bytes.size()));
  };
  const auto sequence = static_cast<std::int64_t>(transaction.sequence);
  for (const auto& change : transaction.changes) {
    if (!is_there(change.row, sequence, change.offset, change.bytes)) return false;
  }
  for (std::int64_t at = 0; at < std::ssize(transaction.added); at += size) {
    const auto row = transaction.added.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
    if (!is_there(transaction.rows_before + at / size, sequence, 0, row)) return false;
  }
  bool there = true;
  if (!transaction.many) return there;
  IMREG_TRY(transaction.many->each([&](const RowEdit& edit) {
    there = there && is_there(edit.row, edit.number, 0, {});
    return Status();
  }));
  return there;
}

Result<bool> RecordWriter::State::replay(const Transaction& transaction) {
  if (transaction.many) return write_many(*transaction.many, true);
  const std::int64_t size = seen().record_size();
  const auto sequence = static_cast<std::int64_t>(transaction.sequence);
  bool missing = false;
  const auto write = [&](std::int64_t row, std::int64_t offset, std::string_view bytes) -> Status {
    const std::int64_t place = seen().place_of(row);
    if (sequence <= seen().change_of(row, seen().map.data() + place)) return {};
    missing = true;
    return file.write(place + offset, bytes);
  };
  for (const auto& change : transaction.changes) IMREG_TRY(write(change.row, change.offset, change.bytes));
  const std::int64_t added = static_cast<std::int64_t>(transaction.added.size()) / size;
  for (std::int64_t i = 0; i < added; ++i) {
    const auto row = transaction.added.substr(static_cast<std::size_t>(i * size), static_cast<std::size_t>(size));
    IMREG_TRY(write(transaction.rows_before + i, 0, row));
  }
  return missing;
}

// Good records behind a hole: one rotten record must not cut them off silently. They go to X.db.lost, a record file too.
Status RecordWriter::State::set_aside(std::int64_t from, std::int64_t end) {
  std::string rows;
  const auto size = static_cast<std::size_t>(seen().record_size());
  for (std::int64_t row = from + 1; row < seen().capacity() && seen().place_of(row) < end; ++row) {
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

}  // namespace imreg

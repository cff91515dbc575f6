// What the next writer does when the last one died.
#include <algorithm>

#include "base/text.h"
#include "record/writer_state.h"

namespace imreg {

Status RecordWriter::State::recover() {
  // seen() has counted rows past NAXIS2 already; its journal holds the transactions that may be missing in the file.
  const JournalView pending = std::move(seen().journal);
  seen().pieces.clear();
  seen().large.clear();
  seen().journal = {};
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
  IMREG_TRY(write_counts());
  // Without a row that proves FILEUUID, torn cards beside a torn first append are a damaged header to whoever opens it.
  if (seen().count == 0) IMREG_TRY(file.sync());
  if (pending.end > kLongJournal) return checkpoint();  // nobody shall look through it again
  return {};
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

}  // namespace imreg

// A copy that follows a file: which rows of the one have changed, and how the other one takes them over.
#include <algorithm>

#include "record/write_behind.h"
#include "record/writer_state.h"

namespace imreg {

Result<std::optional<std::vector<std::int64_t>>> RecordFile::changed_rows(std::int64_t since) const {
  std::vector<std::int64_t> rows;
  if (since >= change_number()) return {rows};
  const std::optional<std::vector<std::int64_t>> unknown;
  const auto& s = *state_;
  // A journal begins at the number that the file's own card says; a checkpoint changes the card before it begins another.
  IMREG_ASSIGN(const CardPair before, read_card_pair(s.file, s.container, PairKind::state));
  if (!before.valid || before.second > since) return unknown;
  const auto journal = read_journal(s.base + ".journal", s.container, before.first, s.count);
  if (journal.status().code() == Code::io) return journal.status();
  if (!journal) return unknown;
  IMREG_ASSIGN(const CardPair after, read_card_pair(s.file, s.container, PairKind::state));
  if (!after.valid || after.first != before.first || journal->generation != before.first) return unknown;
  if (static_cast<std::int64_t>(journal->last_sequence) < change_number()) return unknown;
  for (const auto& transaction : journal->transactions) {
    if (static_cast<std::int64_t>(transaction.sequence) <= since) continue;
    for (const auto& change : transaction.changes) rows.push_back(change.row);
    if (!transaction.many) continue;
    const auto status = transaction.many->each([&](const RowEdit& edit) {
      rows.push_back(edit.row);
      return Status();
    });
    if (!status.ok()) return unknown;
  }
  if (!journal->holds()) return unknown;
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return {rows};
}

Status RecordWriter::replicate(const SealedRows& rows) {
  auto& seen = state_->seen();
  IMREG_TRY(state_->refuse_if_broken());
  if (rows.change_number < seen.change_number)
    return Status(Code::invalid, "rows that are older than those that are there").in_file(file().path());
  const std::int64_t size = seen.record_size(), before = seen.count;
  RowMark mark;
  Transaction head;
  head.sequence = static_cast<std::uint64_t>(rows.change_number);
  head.rows_before = before;

  IMREG_TRY(state_->make_room(before + rows.added));
  IMREG_TRY(state_->open_journal());
  state_->drop_unkept_index();
  RowFollower* const follower = state_->options.follower;
  if (follower) {
    RowChange change;
    IMREG_TRY(rows.each([&](std::int64_t row, std::string_view bytes) -> Status {
      if (row >= before) return {};
      change.row = row;
      change.bytes = bytes;
      follower->collect(file(), change);
      return {};
    }));
    follower->before(file(), {}, rows.change_number);
  }
  const auto pieces = [&](const Journal::Put& put) {
    return rows.each([&](std::int64_t row, std::string_view bytes) -> Status {
      if (row < before) IMREG_TRY(put(change_head(row, 0, bytes.size())));
      return put(bytes);
    });
  };
  const std::int64_t bytes_of_changes = rows.changed * (size + std::ssize(change_head(0, 0, 0)));
  if (auto status = state_->journal->commit_pieces(head, bytes_of_changes, rows.added * size, pieces); !status.ok()) {
    if (state_->journal->unsure()) state_->failure = status;
    return status;
  }
  seen.change_number = rows.change_number;
  // Committed. If the file itself cannot be written now, the journal still holds everything, so it is not a failure.
  state_->failure = [&]() -> Status {
    WriteBehind out(state_->file);
    IMREG_TRY(rows.each([&](std::int64_t row, std::string_view bytes) {
      mark = {row, seen.changeno ? load(bytes.data(), Field<std::int64_t>{seen.changeno->offset}) : 0};
      return out.write(seen.place_of(row), bytes);
    }));
    IMREG_TRY(out.flush());
    seen.count = before + rows.added;
    return state_->write_counts();
  }();
  if (!state_->failure.ok()) {
    state_->show_journal();
    return {};
  }
  state_->journal->applied(seen.count, mark);
  if (follower) follower->after(file());
  return {};
}

}  // namespace imreg

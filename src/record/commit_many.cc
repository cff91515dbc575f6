// Changes of any number of rows as one step: streamed into the journal, one sync, then in place by reading the journal back.
#include <algorithm>
#include <cstring>

#include "record/writer_state.h"

namespace imreg {

namespace {

// Changes are written to the journal in pieces of about this size.
constexpr std::size_t kPieceOfJournal = 1 << 20;

// Without a commit nothing of what was added to a journal stays.
struct Dropping {
  Journal& journal;
  ~Dropping() { journal.drop_added(); }
};

}  // namespace

Status RecordWriter::commit_many(const std::function<Result<bool>(RowChange&)>& next, const CommitSteps& steps) {
  auto& seen = state_->seen();
  IMREG_TRY(state_->refuse_if_broken());
  IMREG_TRY(state_->open_journal());
  Journal& journal = *state_->journal;
  const Dropping dropping{journal};
  RowFollower* const follower = state_->options.follower;
  const auto number_at = [&](const char* record) {
    return seen.changeno ? load(record, Field<std::int64_t>{seen.changeno->offset}) : -1;
  };

  ManyChangesBuilder builder(seen.record_size());
  const auto write_piece = [&]() -> Status {
    IMREG_TRY(journal.add(builder.bytes()));
    builder.bytes().clear();
    return {};
  };
  RowChange change{-1, {}};
  std::int64_t number = seen.change_number + 1;
  for (std::int64_t last = -1;; last = change.row) {
    IMREG_ASSIGN(const bool more, next(change));
    if (!more && last < 0) return {};
    if (!more) break;
    const bool in_order = change.row > last;
    if (!in_order || change.row >= seen.count || std::ssize(change.bytes) != seen.record_size()) {
      return Status(Code::invalid, in_order ? "a change of a row that does not exist"
                                            : "many changes come in the order of rows, each row once")
          .in_file(file().path())
          .at_record(change.row);
    }
    const char* const old = seen.map.data() + seen.place_of(change.row);
    char* const fresh = change.bytes.data();
    // As in commit(): a row may be ahead of the file's own number.
    if (number_at(old) >= number) number = std::max(number, seen.change_of(change.row, old) + 1);
    for (const FieldInfo* field : {seen.changeno, seen.crc}) {
      if (field) std::memcpy(fresh + field->offset, old + field->offset, static_cast<std::size_t>(field->size()));
    }
    builder.compare(old, fresh);
    state_->seal(fresh, change.row, number);
    builder.add(change.row, number, {fresh + seen.crc->offset, 4});
    if (follower) follower->collect(file(), change);
    if (builder.bytes().size() >= kPieceOfJournal) IMREG_TRY(write_piece());
  }
  builder.finish();
  IMREG_TRY(write_piece());

  if (steps.ready) IMREG_TRY(steps.ready(number));
  state_->drop_unkept_index();
  if (follower) follower->before(file(), {}, number);
  if (auto status = journal.commit_added(static_cast<std::uint64_t>(number), seen.count); !status.ok()) {
    if (journal.unsure()) state_->failure = status;
    return status;
  }
  seen.change_number = number;
  if (steps.committed) steps.committed();
  // Committed. If the file itself cannot be written now, the journal still holds everything, so it is not a failure.
  state_->failure = [&]() -> Status {
    IMREG_ASSIGN(const auto written, journal.last_added(seen.record_size()));
    IMREG_TRY(state_->write_many(*written.transactions[0].many, false).status());
    return written.map.lost() ? Status(Code::io, "cannot be read back").in_file(seen.base + ".journal") : Status();
  }();
  if (!state_->failure.ok()) {
    state_->show_journal();
    return {};
  }
  journal.applied(seen.count);
  if (follower) follower->after(file());
  return {};
}

}  // namespace imreg

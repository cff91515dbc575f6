// Reads the history of a database: which changes are in force, and where their rows are now.
#include "imreg/history.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "history/details.h"
#include "history/history_file.h"

namespace imreg {

namespace {

using Kind = BulkChange::Kind;

// A compaction: rows of one file to rows of the next.
struct Step {
  struct Gone {
    std::int64_t from, end, before;  // rows from..end-1; so many went in all before `from`
  };
  std::string uuid, next;
  std::int64_t number = 0;  // change number of the file when it was compacted
  std::vector<Gone> gone;

  // -1: it went.
  std::int64_t translate(std::int64_t row) const {
    const auto at = std::upper_bound(gone.begin(), gone.end(), row,
                                     [](std::int64_t wanted, const Gone& one) { return wanted < one.from; });
    if (at == gone.begin()) return row;
    const Gone& last = *(at - 1);
    return row < last.end ? -1 : row - last.before - (last.end - last.from);
  }
};

}  // namespace

struct History::State {
  const RecordFile* database = nullptr;
  std::optional<RecordFile> file;
  std::vector<BulkChange> changes;
  std::vector<Step> steps;            // in order
  std::vector<std::int64_t> damaged;  // records, newest first
  std::set<std::int64_t> not_made;    // as a later head says

  history::DetailsReader details_of(const BulkChange& change) const { return history::details_of(*file, change); }

  Status read_step(const BulkChange& change) {
    Step step;
    step.uuid = change.uuid;
    step.number = change.number;
    auto reader = details_of(change);
    IMREG_TRY(reader.command().status());
    history::DetailsReader::Run run;
    for (std::int64_t went = 0;;) {
      IMREG_ASSIGN(const bool more, reader.next(run));
      if (!more) break;
      if (run.row < 0) {
        if (!run.difference->empty()) step.next = run.difference->front().after;
        continue;
      }
      step.gone.push_back({run.row, run.row + run.count, went});
      went += run.count;
    }
    steps.push_back(std::move(step));
    return {};
  }

  // The compactions from the file that a change was made in to the file of today, oldest first. False: there is no way.
  bool way_from(const std::string& uuid, std::vector<const Step*>& way) const {
    std::string at = uuid;
    way.clear();
    for (const auto& step : steps) {
      if (at == database->uuid()) break;
      if (step.uuid != at) continue;
      way.push_back(&step);
      at = step.next;
    }
    // A compaction that the machine's end cut short, and one that came after it, begin at the same file.
    if (at == database->uuid()) return true;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      if (step->next != database->uuid()) continue;
      std::vector<const Step*> back;
      std::string wanted = database->uuid();
      for (auto one = step; one != steps.rend(); ++one) {
        if (one->next != wanted) continue;
        back.push_back(&*one);
        wanted = one->uuid;
        if (wanted == uuid) {
          way.assign(back.rbegin(), back.rend());
          return true;
        }
      }
    }
    return false;
  }

  // Whether the rows really changed: the machine may have stopped between the history and the database.
  bool was_done(const BulkChange& change) const {
    if (change.kind == Kind::root || change.kind == Kind::compact || change.rows == 0) return true;
    if (not_made.contains(change.id)) return false;
    if (change.uuid != database->uuid()) {
      const auto step =
          std::find_if(steps.begin(), steps.end(), [&](const Step& one) { return one.uuid == change.uuid; });
      return step == steps.end() || change.number <= step->number;
    }
    if (change.number > database->change_number()) return false;
    return change.id != changes.back().id || rows_have(change);  // of the others the next one has told
  }

  // Its number alone tells nothing: whoever came next, and registered an image, got the number of a change that was not made.
  bool rows_have(const BulkChange& change) const {
    const auto number = find_field<std::int64_t>(database->schema(), "changeno");
    auto reader = details_of(change);
    history::DetailsReader::Run run;
    if (!number || !reader.command().ok()) return true;
    Record row = database->make_record();
    for (;;) {
      const auto more = reader.next(run);
      if (!more || !*more) return true;
      if (run.row < 0) continue;
      for (std::int64_t at = run.row; at < std::min(run.row + run.count, database->count()); ++at) {
        if (!database->read(at, row).ok() || row[*number] > change.number) continue;  // damaged, or changed since
        return row[*number] == change.number && fields_are(row.view(), *run.difference);
      }
    }
  }

  bool fields_are(RecordView row, const Difference& difference) const {
    return std::all_of(difference.begin(), difference.end(), [&](const FieldChange& one) {
      const FieldInfo* const field = database->schema().find(one.field);
      return field && history::without_nuls(row.bytes() + field->offset, field->size()) == one.after;
    });
  }

  // Heads that say of a change that it was not made are none themselves.
  void take_out_what_was_not_made() {
    const auto says_so = [](const BulkChange& head) { return head.kind == Kind::undo && head.number == 0; };
    for (const auto& head : changes) {
      for (const auto& target : changes) {
        if (says_so(head) && target.id == head.undoes && target.kind != Kind::root) not_made.insert(target.id);
      }
    }
    std::erase_if(changes, [&](const BulkChange& one) { return says_so(one) && not_made.contains(one.undoes); });
  }
};

Result<History> History::load(const RecordFile& file) {
  auto state = std::make_unique<State>();
  state->database = &file;
  auto opened = history::open(history::path_of(file));
  if (!opened && opened.status().code() != Code::not_found) return opened.status();
  if (!opened) return History(std::move(state));
  state->file = *std::move(opened);
  IMREG_ASSIGN(state->changes, history::heads_of(*state->file, state->damaged));
  state->take_out_what_was_not_made();
  for (const auto& change : state->changes) {
    if (change.kind == Kind::compact) IMREG_TRY(state->read_step(change));
  }
  for (auto& change : state->changes) change.done = state->was_done(change);
  for (auto change = state->changes.rbegin(); change != state->changes.rend(); ++change) {
    if (change->undoes == 0 || !change->in_force()) continue;
    for (auto& other : state->changes) {
      if (other.id == change->undoes) other.undone_by = change->id;
    }
  }
  return History(std::move(state));
}

const std::vector<BulkChange>& History::changes() const { return state_->changes; }
std::int64_t History::damaged() const { return std::ssize(state_->damaged); }

Status History::whole() const {
  if (damaged() == 0) return {};
  return Status(Code::corrupt, counted(damaged(), "damaged record") +
                                   ": changes may be missing, and what was done before them cannot be undone; imcheck "
                                   "-repair saves the rows and all other changes into a new database")
      .in_file(state_->file->path())
      .at_record(state_->damaged.front());
}

Result<BulkChange> History::newest(std::int64_t n) const {
  std::int64_t found = 0;
  const std::int64_t unknown = damaged() > 0 ? state_->damaged.front() : -1;  // behind it, every change is known
  for (auto change = state_->changes.rbegin(); change != state_->changes.rend(); ++change) {
    if (!change->in_force() || change->kind == Kind::undo || change->kind == Kind::compact) continue;
    if (change->record < unknown) break;
    if (++found == n) return *change;
  }
  if (unknown >= 0) {
    return Status(Code::corrupt, "which change is number " + std::to_string(n) +
                                     " cannot be told: this record is damaged, which may be of a newer one; "
                                     "imrelocate -history lists the others")
        .in_file(state_->file->path())
        .at_record(unknown);
  }
  return Status(Code::not_found, found == 0 ? "there is no bulk change to undo"
                                            : "only " + counted(found, "bulk change") + " can be undone");
}

Result<std::string> History::command_of(const BulkChange& change) const { return state_->details_of(change).command(); }

Status History::each(const BulkChange& change, std::int64_t& gone, const Visit& visit) const {
  gone = 0;
  std::vector<const Step*> way;
  if (!state_->way_from(change.uuid, way))
    return Status(Code::mismatch, "change " + std::to_string(change.id) +
                                      " was made in another file (it was repaired, or replaced): which rows it changed "
                                      "cannot be told any more")
        .in_file(state_->file->path());
  auto reader = state_->details_of(change);
  IMREG_TRY(reader.command().status());
  history::DetailsReader::Run run;
  std::int64_t rows = 0;
  for (;;) {
    auto more = reader.next(run);
    if (!more) return Status(more.status()).in_file(state_->file->path());
    if (!*more) break;
    if (run.row < 0) {
      IMREG_TRY(visit(-1, *run.difference));
      continue;
    }
    rows += run.count;
    for (std::int64_t i = run.row; i < run.row + run.count; ++i) {
      std::int64_t row = i;
      for (const Step* step : way) row = row < 0 ? row : step->translate(row);
      if (row < 0)
        ++gone;
      else
        IMREG_TRY(visit(row, *run.difference));
    }
  }
  if (rows == change.rows) return {};
  return Status(Code::corrupt, "the details of change " + std::to_string(change.id) + " tell of " +
                                   counted(rows, "row") + ", its head of " + std::to_string(change.rows))
      .in_file(state_->file->path());
}

History::History(std::unique_ptr<State> state) : state_(std::move(state)) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

}  // namespace imreg

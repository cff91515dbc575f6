// The steps of a queue. Each opens the file, takes its lock, makes one durable change and leaves.
//
// Exactly once: a line is announced before what it follows from (rows of the database, the end of a line in another queue) and
// released behind it. When its announcer dies in between, whoever comes next looks whether that happened (settle). A line that
// is taken belongs to a slot; when that is free nobody will finish the line, and it counts as waiting.
#include <algorithm>
#include <limits>
#include <map>

#include "acquire/queue_state.h"
#include "imreg/date.h"

namespace imreg {

using acquire::LineState;

std::string acquire::line_name(std::int64_t id) { return "line " + std::to_string(id); }

Status acquire::not_held(const std::string& path, std::int64_t id) {
  return Status(Code::mismatch, line_name(id) + " is not held by this process; nothing is changed").in_file(path);
}

Result<Slot> Slot::take(const std::string& database, const std::string& program) {
  IMREG_TRY(acquire::make_queue_folder(database));
  auto state = std::make_unique<State>();
  IMREG_ASSIGN(state->lock, SlotLock::take(acquire::workers_file(database), queue_folder(database)));
  state->worker = worker_text(program);
  return Slot(std::move(state));
}

std::int64_t Slot::number() const { return state_->lock.number(); }
const std::string& Slot::worker() const { return state_->worker; }
Slot::Slot(std::unique_ptr<State> state) : state_(std::move(state)) {}
Slot::Slot(Slot&&) noexcept = default;
Slot& Slot::operator=(Slot&&) noexcept = default;
Slot::~Slot() = default;

Result<RecordFile> Queue::State::open_file() const {
  IMREG_ASSIGN(RecordFile file, RecordFile::open(path));
  IMREG_TRY(acquire::check_queue_file(file));
  return file;
}

Result<RecordWriter> Queue::State::open_writer(bool make) {
  RecordWriter::Options writing;
  writing.program = options.program;
  writing.wait_seconds = options.wait_seconds;
  writing.on_network = options.on_network;
  writing.observer = options.observer;
  writing.like = database;
  if (make) IMREG_TRY(acquire::make_queue_folder(database));
  auto writer = make ? RecordWriter::open_or_create(path, *builtin_format(queue::kFormat, queue::kVersion), writing)
                     : RecordWriter::open(path, writing);
  if (!writer) return writer.status();
  IMREG_TRY(acquire::check_queue_file(writer->file()));
  notes.insert(notes.end(), writer->notes().begin(), writer->notes().end());
  return writer;
}

void Queue::State::look_again(const RecordFile& file) {
  // Another file (compacted), or a copy of earlier days that was put back.
  if (seen.uuid != file.uuid() || file.change_number() < seen.changes || file.count() < seen.count)
    seen = {file.uuid()};
  seen.changes = file.change_number();
  seen.count = file.count();
}

void Queue::State::each_announced(const RecordFile& file, const std::function<void(std::int64_t, Record&)>& visit) {
  look_again(file);
  seen.unannounced = std::max(seen.unannounced, acquire::first_unsettled_row(file));
  Record record = file.make_record();
  for (std::int64_t row = seen.unannounced; row < file.count(); ++row) {
    if (acquire::state_of(file.peek(row, record)) != LineState::announced)
      seen.unannounced += seen.unannounced == row ? 1 : 0;
    else if (file.read(row, record).ok())  // damaged: take() tells
      visit(row, record);
  }
}

std::int64_t Queue::State::first_announced(const RecordFile& file) {
  std::int64_t first = 0;
  each_announced(file, [&](std::int64_t, Record& record) { first = first > 0 ? first : record[queue::kLine]; });
  return first;
}

void Queue::State::each_open(const RecordFile& file, bool quietly,
                             const std::function<bool(std::int64_t, Record&)>& visit) {
  look_again(file);
  Record record = file.make_record();
  bool in_front = true;
  for (std::int64_t row = seen.open; row < file.count(); ++row) {
    if (!in_front && acquire::is_final(acquire::state_of(file.peek(row, record)))) continue;
    if (const Status whole = file.read(row, record); !whole.ok()) {
      if (quietly) in_front = false;
      if (!quietly && damaged.insert(row).second) notes.push_back(whole.text() + "; this line is passed over");
      seen.open += in_front ? 1 : 0;
      continue;
    }
    const auto state = acquire::state_of(record.view());
    if (acquire::is_final(state)) {
      seen.open += in_front ? 1 : 0;
      seen.removable += in_front && state != LineState::failed ? 1 : 0;
      continue;
    }
    in_front = false;
    if (!visit(row, record)) return;
  }
}

std::int64_t Queue::State::row_of(const RecordFile& file, std::int64_t id) {
  Record scratch = file.make_record();
  const auto id_at = [&](std::int64_t row) { return file.peek(row, scratch)[queue::kLine]; };
  std::int64_t low = 0, high = file.count();
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    (id_at(middle) < id ? low : high) = id_at(middle) < id ? middle + 1 : middle;
  }
  if (low < file.count() && id_at(low) == id) return low;
  for (low = 0; low < file.count(); ++low) {  // a damaged one may have misled the search
    if (id_at(low) == id) return low;
  }
  return -1;
}

// The last line is never taken out of the file, so that numbers go on.
std::int64_t Queue::State::next_id(const RecordFile& file) {
  Record record = file.make_record();
  std::int64_t row = file.count() - 1;
  while (row >= 0 && !file.read(row, record).ok()) --row;
  return (row < 0 ? 0 : record[queue::kLine]) + file.count() - row;
}

Status Queue::State::change(const std::vector<std::int64_t>& ids, const Edit& edit) {
  if (ids.empty()) return {};
  IMREG_ASSIGN(auto writer, open_writer(false));
  std::vector<RowChange> changes;
  Record record = writer.file().make_record();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::int64_t row = row_of(writer.file(), ids[i]);
    if (row < 0) return acquire::not_held(path, ids[i]);
    IMREG_TRY(writer.file().read(row, record));
    IMREG_ASSIGN(const bool changed, edit(record, i));
    // The end of a result that was longer is no part of this one.
    if (!acquire::has_unsettled(writer.file())) acquire::set_unsettled(record, 0, writer.file());
    if (changed) changes.push_back({row, record.bytes()});
  }
  return writer.commit(changes);
}

Result<Queue> Queue::open(const std::string& database, const std::string& name, const Options& options) {
  IMREG_TRY(acquire::check_queue_name(name));
  auto state = std::make_unique<State>();
  state->database = database;
  state->queue = name;
  state->path = acquire::file_of_queue(database, name);
  state->options = options;
  if (const auto file = state->open_file(); !file && file.status().code() != Code::not_found) return file.status();
  return Queue(std::move(state));
}

const std::string& Queue::name() const { return state_->queue; }
const std::string& Queue::path() const { return state_->path; }
std::vector<std::string> Queue::notes() { return std::exchange(state_->notes, {}); }

Result<Queue::Look> Queue::look() const {
  Look out{false, std::numeric_limits<double>::infinity()};
  const auto file = state_->open_file();
  if (!file && file.status().code() == Code::not_found) return out;
  if (!file) return file.status();
  acquire::Holders holders(state_->database);
  const double now = current_time();
  state_->each_open(*file, true, [&](std::int64_t, Record& record) {
    if (acquire::state_of(record.view()) != LineState::waiting) {
      out.ready = !holders.alive(record[queue::kSlot]);
    } else {
      out.ready = record[queue::kAfter] <= now;
      out.next_time = std::min<double>(out.next_time, record[queue::kAfter]);
    }
    return !out.ready;
  });
  return out;
}

Result<std::vector<QueueLine>> Queue::take(const Slot& slot, std::int64_t most, std::int64_t together) {
  State& s = *state_;
  std::vector<QueueLine> out;
  if (!s.unsure) {
    IMREG_ASSIGN(const Look seen, look());
    if (!seen.ready) return out;
  }
  if (most <= 0) return out;
  s.unsure = true;
  IMREG_ASSIGN(auto writer, s.open_writer(false));
  std::vector<RowChange> changes;
  std::vector<State::OpenRow> dead;
  acquire::Holders holders(s.database);
  const double now = current_time();
  std::int64_t files = 0, of_file = 0;
  s.each_open(writer.file(), false, [&](std::int64_t row, Record& record) {
    const bool same_file = of_file > 0 && of_file < together && record[queue::kPath] == out.back().path;
    if (files == most && !same_file) return false;
    const std::int64_t owner = record[queue::kSlot];
    const bool is_free = owner == slot.number() ? !s.holds(slot, record[queue::kLine]) : !holders.alive(owner);
    switch (acquire::state_of(record.view())) {
      case LineState::announced:
        if (is_free && owner != slot.number()) dead.push_back({row, record});
        return true;
      case LineState::waiting:
        if (record[queue::kAfter] > now) return true;
        break;
      default:
        if (!is_free) return true;
    }
    acquire::set_state(record, LineState::taken);
    record.set(queue::kSlot, slot.number());
    record.set(queue::kTaken, record[queue::kTaken] + 1);
    record.set(queue::kStarted, now);
    acquire::set_text(record, queue::kWorker, slot.worker());
    changes.push_back({row, record.bytes()});
    out.push_back(acquire::line_of(record.view()));
    files += same_file ? 0 : 1;
    of_file = same_file ? of_file + 1 : 1;
    return together > 1 || files < most;
  });
  s.settle(std::move(dead), changes);
  IMREG_TRY(writer.commit(changes));
  s.unsure = false;
  for (const auto& line : out) s.hold(slot, line.id);
  if (!out.empty() || changes.empty()) return out;
  writer.close();
  return take(slot, most, together);  // lines were settled, and may wait now
}

Status Queue::finish(const Slot& slot, const std::vector<Outcome>& outcomes) {
  State& s = *state_;
  if (outcomes.empty()) return {};
  struct Sent {
    Queue queue;
    std::vector<QueueLine> lines;
    std::vector<State::Origin> origins;
    std::vector<std::int64_t> ids;
  };
  std::map<std::string, Sent> sent;
  std::vector<std::int64_t> ids;
  for (const auto& outcome : outcomes) ids.push_back(outcome.id);
  {
    IMREG_ASSIGN(const RecordFile file, s.open_file());
    Record record = file.make_record();
    for (const auto& outcome : outcomes) {
      if (outcome.next.empty() || !acquire::is_final(outcome.state)) continue;
      const std::int64_t row = s.row_of(file, outcome.id);
      if (row < 0) return acquire::not_held(s.path, outcome.id);
      IMREG_TRY(file.read(row, record));
      auto at = sent.find(outcome.next);
      if (at == sent.end()) {
        IMREG_ASSIGN(Queue next, Queue::open(s.database, outcome.next, s.options));
        at = sent.emplace(outcome.next, Sent{std::move(next), {}, {}, {}}).first;
      }
      at->second.lines.push_back(acquire::line_of(record.view()));
      auto& perhaps_sent = slot.state_->perhaps_sent;
      const bool again = !perhaps_sent.emplace(s.path, outcome.id).second;
      at->second.origins.push_back(
          {s.queue, outcome.id, record[queue::kTaken], again, outcome.state == LineState::failed});
    }
  }
  const auto work = [&]() -> Status {
    for (auto& [name, next] : sent) {
      IMREG_ASSIGN(next.ids, next.queue.state_->announce(slot, next.lines, next.origins));
    }
    IMREG_TRY(s.change(ids, [&](Record& record, std::size_t i) -> Result<bool> {
      const Outcome& outcome = outcomes[i];
      const auto state = acquire::state_of(record.view());
      if (record[queue::kSlot] != slot.number() || !s.holds(slot, ids[i])) return acquire::not_held(s.path, ids[i]);
      if (state == outcome.state) return false;  // done before, by a call that failed behind its commit
      if (state != LineState::taken) return acquire::not_held(s.path, ids[i]);
      const bool again = outcome.state == LineState::waiting;
      acquire::end_with(record, outcome.state);
      if (outcome.started > 0) record.set(queue::kStarted, outcome.started);
      if (again) record.set(queue::kAfter, outcome.after);
      if (outcome.state == LineState::failed || (again && outcome.is_attempt))
        record.set(queue::kTries, record[queue::kTries] + 1);
      acquire::set_text(record, queue::kResult, outcome.result);
      return true;
    }));
    for (auto& [name, next] : sent) IMREG_TRY(next.queue.release(slot, next.ids));
    return {};
  };
  const Status done = work();
  for (auto& [name, next] : sent) {
    for (const auto id : next.ids) next.queue.state_->let_go(slot, id);  // the next call announces them anew
    for (auto& note : next.queue.notes()) s.notes.push_back(name + ": " + note);
  }
  IMREG_TRY(done);
  for (const auto id : ids) {
    s.let_go(slot, id);
    slot.state_->perhaps_sent.erase({s.path, id});
  }
  if (s.seen.removable > s.options.most_done) {
    // By their state: another process may have moved the rows since we saw them.
    const auto smaller = clear(ClearedLines::done);
    if (!smaller) s.notes.push_back("its finished lines are not taken out: " + smaller.status().text());
    s.seen = {};
  }
  return {};
}

Status Queue::give_back(const Slot& slot, const std::vector<std::int64_t>& ids) {
  IMREG_TRY(state_->change(ids, [&](Record& record, std::size_t i) -> Result<bool> {
    const auto state = acquire::state_of(record.view());
    if (record[queue::kSlot] != slot.number() || !state_->holds(slot, ids[i])) return acquire::not_held(path(), ids[i]);
    if (state == LineState::waiting) return false;
    if (state != LineState::taken) return acquire::not_held(path(), ids[i]);
    acquire::set_state(record, LineState::waiting);
    return true;
  }));
  for (const auto id : ids) state_->let_go(slot, id);
  return {};
}

Queue::Queue(std::unique_ptr<State> state) : state_(std::move(state)) {}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;
Queue::~Queue() = default;

}  // namespace imreg

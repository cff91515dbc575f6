// The steps of a queue. Each opens the file, takes its lock, makes one durable change and leaves.
//
// Exactly once: a line is announced before what it follows from (rows of the database, the end of a line in another queue) and
// released behind it. When its announcer dies in between, whoever comes next looks whether that happened (settle). A line that
// is taken belongs to a slot; when that is free nobody will finish the line, and it counts as waiting.
#include "acquire/queue_state.h"
#include "imreg/date.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "os/walk.h"

namespace imreg {

using acquire::LineState;

namespace {

std::string line_name(std::int64_t id) { return "line " + std::to_string(id); }

Status not_held(const std::string& path, std::int64_t id) {
  return Status(Code::mismatch, line_name(id) + " is not held by this process; nothing is changed").in_file(path);
}

std::string image_key(const QueueLine& line) {
  return std::to_string(line.extension) + ' ' + std::to_string(line.slice) + ' ' + std::to_string(line.filesize) + ' ' +
         std::to_string(line.fingerprint) + ' ' + std::to_string(line.mtime);
}

bool is_present(const QueueLine& line, double begun) {
  return line.state != LineState::dropped && (line.state != LineState::done || line.finished >= begun);
}

std::string line_key(const QueueLine& line) { return image_key(line) + ' ' + line.path; }

}  // namespace

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

void Queue::State::each_open(const RecordFile& file, bool quietly,
                             const std::function<bool(std::int64_t, Record&)>& visit) {
  // Another file (compacted), or a copy of earlier days that was put back.
  if (seen.uuid != file.uuid() || file.change_number() < seen.changes || file.count() < seen.count)
    seen = {file.uuid(), 0, 0, 0, 0};
  seen.changes = file.change_number();
  seen.count = file.count();
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

Result<std::vector<std::int64_t>> Queue::State::announce(const Slot& slot, const std::vector<QueueLine>& lines,
                                                         const std::vector<Origin>& origins) {
  std::vector<std::int64_t> ids;
  if (lines.empty()) return ids;
  IMREG_ASSIGN(auto writer, open_writer(true));
  std::vector<RowChange> changes;
  std::vector<OpenRow> dead;
  acquire::Holders holders(database);
  std::set<std::string> at_work;
  const bool any_failed = std::any_of(origins.begin(), origins.end(), [](const auto& one) { return one.has_failed; });
  each_open(writer.file(), false, [&](std::int64_t row, Record& record) {
    if (acquire::state_of(record.view()) != LineState::announced) {
      if (any_failed) at_work.insert(line_key(acquire::line_of(record.view())));
      return true;
    }
    if (record[queue::kSlot] == slot.number()) {
      if (holds(slot, record[queue::kLine])) return true;
      acquire::end_with(record, LineState::dropped);  // of an announcement that failed
      changes.push_back({row, record.bytes()});
    } else if (!holders.alive(record[queue::kSlot])) {
      dead.push_back({row, record});
    }
    return true;
  });
  settle(std::move(dead), changes);
  std::string added;
  std::int64_t id = next_id(writer.file());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!origins.empty() && origins[i].perhaps_sent) {
      if (const auto sent = line_sent(writer.file(), origins[i])) {
        ids.push_back(sent);
        continue;
      }
    }
    QueueLine line = lines[i];
    if (!origins.empty() && origins[i].has_failed && !at_work.insert(line_key(line)).second) continue;
    line.id = id++;
    line.state = LineState::announced;
    line.queued = current_time();
    line.started = line.finished = line.after = 0;
    line.taken = line.tries = 0;
    IMREG_ASSIGN(Record record, acquire::record_of(line));
    record.set(queue::kSlot, slot.number());
    if (!origins.empty()) {
      acquire::set_text(record, queue::kOrigin, origins[i].queue);
      record.set(queue::kOriginline, origins[i].line);
      record.set(queue::kOrigintake, origins[i].take);
    }
    added += record.bytes();
    ids.push_back(line.id);
  }
  if (changes.empty() && added.empty()) return ids;
  IMREG_TRY(changes.empty() ? writer.append(std::move(added)) : writer.commit(changes, std::move(added)));
  for (const auto announced : ids) hold(slot, announced);
  return ids;
}

Status Queue::State::change(const std::vector<std::int64_t>& ids, const Edit& edit) {
  if (ids.empty()) return {};
  IMREG_ASSIGN(auto writer, open_writer(false));
  std::vector<RowChange> changes;
  Record record = writer.file().make_record();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::int64_t row = row_of(writer.file(), ids[i]);
    if (row < 0) return not_held(path, ids[i]);
    IMREG_TRY(writer.file().read(row, record));
    IMREG_ASSIGN(const bool changed, edit(record, i));
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

Result<std::vector<std::int64_t>> Queue::announce(const Slot& slot, const std::vector<QueueLine>& lines) {
  return state_->announce(slot, lines, {});
}

Status Queue::release(const Slot& slot, const std::vector<std::int64_t>& ids) {
  IMREG_TRY(state_->change(ids, [&](Record& record, std::size_t i) -> Result<bool> {
    const auto state = acquire::state_of(record.view());
    if (state == LineState::dropped) return not_held(path(), ids[i]);
    if (state != LineState::announced) return false;  // done before, by a call that failed behind its commit
    if (record[queue::kSlot] != slot.number()) return not_held(path(), ids[i]);
    acquire::set_state(record, LineState::waiting);
    return true;
  }));
  for (const auto id : ids) state_->let_go(slot, id);
  return {};
}

Status Queue::drop(const Slot& slot, const std::vector<std::int64_t>& ids) {
  IMREG_TRY(state_->change(ids, [&](Record& record, std::size_t i) -> Result<bool> {
    const auto state = acquire::state_of(record.view());
    if (state == LineState::dropped) return false;
    if (state != LineState::announced || record[queue::kSlot] != slot.number()) return not_held(path(), ids[i]);
    acquire::end_with(record, LineState::dropped);
    return true;
  }));
  for (const auto id : ids) state_->let_go(slot, id);
  return {};
}

// A call of a fill reads what came into the file since the last one.
Status Queue::State::see_present(const RecordFile& file, double begun) {
  if (present.uuid != file.uuid() || present.begun != begun || present.read > file.count())
    present = {file.uuid(), begun, 0, {}};
  Record record = file.make_record();
  for (; present.read < file.count(); ++present.read) {
    const Status whole = file.read(present.read, record);
    if (!whole.ok() && whole.code() != Code::corrupt) return whole;
    if (!whole.ok()) continue;
    const auto line = acquire::line_of(record.view());
    if (is_present(line, begun)) present.rows.emplace(std::hash<std::string>()(image_key(line)), present.read);
  }
  return {};
}

Result<std::int64_t> Queue::add(const std::vector<QueueLine>& lines, double begun) {
  if (lines.empty()) return std::int64_t{0};
  IMREG_ASSIGN(auto writer, state_->open_writer(true));
  const RecordFile& file = writer.file();
  IMREG_TRY(state_->see_present(file, begun));
  std::vector<const QueueLine*> fresh;  // the rows behind those of the file
  Record record = file.make_record();
  // A line whose file has moved follows it: see follow_moved().
  const auto stands_for = [begun](const QueueLine& one, const QueueLine& line) {
    return is_present(one, begun) && image_key(one) == image_key(line) &&
           (one.path == line.path || is_missing(one.path));
  };
  std::string added;
  auto& rows = state_->present.rows;
  std::int64_t id = state_->next_id(file);
  for (const QueueLine& line : lines) {
    const std::size_t hash = std::hash<std::string>()(image_key(line));
    const auto [from, to] = rows.equal_range(hash);
    const bool is_there = std::any_of(from, to, [&](const auto& one) {
      if (one.second >= file.count())
        return stands_for(*fresh[static_cast<std::size_t>(one.second - file.count())], line);
      return file.read(one.second, record).ok() && stands_for(acquire::line_of(record.view()), line);
    });
    if (is_there) continue;
    const auto waiting = acquire::waiting_record(line, id++);
    if (!waiting) {
      state_->present = {};  // it has rows that will not be
      return waiting.status();
    }
    rows.emplace(hash, file.count() + std::ssize(fresh));
    fresh.push_back(&line);
    added += waiting->bytes();
  }
  const auto count = std::ssize(fresh);
  const Status appended = writer.append(std::move(added));
  state_->present.read += count;
  if (appended.ok()) return count;
  state_->present = {};
  return appended;
}

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

Result<std::vector<QueueLine>> Queue::take(const Slot& slot, std::int64_t most) {
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
  s.each_open(writer.file(), false, [&](std::int64_t row, Record& record) {
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
    return static_cast<std::int64_t>(out.size()) < most;
  });
  s.settle(std::move(dead), changes);
  IMREG_TRY(writer.commit(changes));
  s.unsure = false;
  for (const auto& line : out) s.hold(slot, line.id);
  if (!out.empty() || changes.empty()) return out;
  writer.close();
  return take(slot, most);  // lines were settled, and may wait now
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
      if (row < 0) return not_held(s.path, outcome.id);
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
      if (record[queue::kSlot] != slot.number() || !s.holds(slot, ids[i])) return not_held(s.path, ids[i]);
      if (state == outcome.state) return false;  // done before, by a call that failed behind its commit
      if (state != LineState::taken) return not_held(s.path, ids[i]);
      const bool again = outcome.state == LineState::waiting;
      acquire::end_with(record, outcome.state);
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
    if (record[queue::kSlot] != slot.number() || !state_->holds(slot, ids[i])) return not_held(path(), ids[i]);
    if (state == LineState::waiting) return false;
    if (state != LineState::taken) return not_held(path(), ids[i]);
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

// What people do with queues: look, send failed lines again, clear. And a file without what was finished long ago.
#include <algorithm>

#include "acquire/queue_state.h"
#include "formats/queue.v1.h"
#include "imreg/backup.h"
#include "imreg/date.h"
#include "imreg/upkeep.h"

namespace imreg {

using acquire::LineState;

namespace {

constexpr double kHour = 3600, kMinute = 60;

bool is_listed(RecordView record) {
  return !record[queue::kDeleted] && acquire::state_of(record) != LineState::dropped;
}

}  // namespace

Result<std::int64_t> Queue::State::take_out(const std::function<bool(Record& record)>& edit) {
  IMREG_TRY(settle_all());  // see was_finished()
  std::int64_t out = 0, marked = 0;
  {
    IMREG_ASSIGN(auto writer, open_writer(false));
    std::int64_t row = -1;
    Record record = writer.file().make_record();
    IMREG_TRY(writer.commit_many([&](RowChange& change) -> Result<bool> {
      while (++row < writer.file().count()) {
        if (!writer.file().read(row, record).ok()) continue;
        if (record[queue::kDeleted]) ++marked;
        const bool listed = is_listed(record.view());
        if (record[queue::kDeleted] || !edit(record)) continue;
        const bool is_last = row + 1 == writer.file().count();  // stays, as dropped: see next_id()
        if (is_last && !listed) continue;
        if (is_last)
          record.set(queue::kState, static_cast<std::uint8_t>(LineState::dropped));
        else
          record.set(queue::kDeleted, true);
        out += listed ? 1 : 0;
        marked += is_last ? 0 : 1;
        change.row = row;
        change.bytes = record.bytes();
        return true;
      }
      return false;
    }));
  }
  if (marked == 0) return out;
  CompactOptions compact;
  compact.program = options.program;
  compact.wait_seconds = options.wait_seconds;
  compact.on_network = options.on_network;
  compact.observer = options.observer;
  IMREG_TRY(compact_database(path, compact).status());
  return out;
}

Result<std::int64_t> Queue::clear(ClearedLines which) {
  if (const auto file = state_->open_file(); !file)
    return file.status().code() == Code::not_found ? Result<std::int64_t>(0) : file.status();
  acquire::Holders holders(state_->database);
  return state_->take_out([&](Record& record) {
    const auto state = acquire::state_of(record.view());
    if (state == LineState::done || state == LineState::dropped) return true;
    if (state == LineState::failed) return which != ClearedLines::done;
    const bool is_free =
        state == LineState::waiting || (state == LineState::taken && !holders.alive(record[queue::kSlot]));
    if (which != ClearedLines::all || !is_free) return false;
    record.set(queue::kState, static_cast<std::uint8_t>(LineState::dropped));
    record.set(queue::kFinished, current_time());
    record.set(queue::kTaken, record[queue::kTaken] + 1);  // it was not finished when it was taken last
    return true;
  });
}

Result<std::int64_t> Queue::retry() {
  if (const auto file = state_->open_file(); !file)
    return file.status().code() == Code::not_found ? Result<std::int64_t>(0) : file.status();
  IMREG_ASSIGN(auto writer, state_->open_writer(false));
  std::vector<RowChange> changes;
  std::string added;
  std::int64_t id = state_->next_id(writer.file());
  const std::int64_t unsettled = state_->first_announced(writer.file());
  Record record = writer.file().make_record();
  for (std::int64_t row = 0; row < writer.file().count(); ++row) {
    if (acquire::state_of(writer.file().peek(row, record)) != LineState::failed) continue;
    if (!writer.file().read(row, record).ok() || !is_listed(record.view())) continue;
    IMREG_ASSIGN(const Record fresh,
                 acquire::waiting_record(acquire::line_of(record.view()), id++, unsettled, writer.file()));
    added += fresh.bytes();
    record.set(queue::kState, static_cast<std::uint8_t>(LineState::dropped));
    changes.push_back({row, record.bytes()});
  }
  IMREG_TRY(writer.commit(changes, std::move(added)));
  return static_cast<std::int64_t>(changes.size());
}

Result<std::int64_t> Queue::each(const std::function<bool(const QueueLine&)>& visit) const {
  const auto file = state_->open_file();
  if (!file && file.status().code() == Code::not_found) return std::int64_t{0};
  if (!file) return file.status();
  acquire::Holders holders(state_->database);
  const bool is_old = !acquire::has_unsettled(*file);
  std::int64_t unreadable = 0;
  Record record = file->make_record();
  for (std::int64_t row = 0; row < file->count(); ++row) {
    if (const Status whole = file->read(row, record); !whole.ok()) {
      if (whole.code() != Code::corrupt) return whole;
      ++unreadable;
      continue;
    }
    if (!is_listed(record.view())) continue;
    QueueLine line = acquire::line_of(record.view());
    if (is_old) line.result = record[queue_v1::kResult];
    if (line.state == LineState::taken && !holders.alive(record[queue::kSlot])) line.state = LineState::waiting;
    if (!visit(line)) break;
  }
  return unreadable;
}

void check_queues(const std::string& database, const CheckOptions& options, CheckReport& report) {
  CheckOptions beside;
  beside.jobs = options.jobs;
  beside.remedy = "mend the queue";
  const auto names = queue_names(database);
  if (!names) return report.add(Finding::Kind::damage, names.status());
  for (const auto& name : *names) {
    const std::string path = acquire::file_of_queue(database, name);
    auto found = check_database(path, beside);
    if (!found && found.status().code() == Code::not_found) continue;  // somebody has just removed it
    if (!found) {
      const Status& why = found.status();
      const bool ours = acquire::is_damage_of(path, why);
      report.add(
          Finding::Kind::damage,
          Status(why.code(), why.message() + (ours ? "; " + acquire::remedy_of_queue(database, name, false) : ""))
              .in_file(path));
      continue;
    }
    if (const auto file = RecordFile::open(path); file) {
      report.add(Finding::Kind::warning, acquire::check_queue_file(*file));  // of a newer release: nobody can judge it
    }
    // That it has no index, say, is well.
    std::erase_if(found->findings, [](const Finding& finding) { return finding.kind == Finding::Kind::note; });
    if (!found->whole())
      found->findings.push_back({Finding::Kind::note, path, -1, -1, acquire::remedy_of_queue(database, name)});
    report.add(*std::move(found));
  }
}

Result<QueueCounts> Queue::counts() const {
  QueueCounts out;
  out.name = name();
  const double now = current_time();
  double waited = 0, worked = 0, first = now;
  const auto unreadable = each([&](const QueueLine& line) {
    switch (line.state) {
      case LineState::announced: ++out.announced; break;
      case LineState::waiting:
        ++out.waiting;
        out.later += line.after > now ? 1 : 0;
        if (out.oldest == 0 || line.queued < out.oldest) out.oldest = line.queued;
        break;
      case LineState::taken:
        ++out.taken;
        out.held.push_back(line);
        break;
      default:
        ++(line.state == LineState::done ? out.done : out.failed);
        if (line.finished < now - kHour) break;
        ++out.last_hour;
        waited += std::max(0.0, line.started - line.queued);
        worked += std::max(0.0, line.finished - line.started);
        first = std::min(first, line.started);
    }
    return true;
  });
  if (!unreadable) return unreadable.status();
  out.damaged = *unreadable;
  if (out.last_hour > 0) {
    const auto lines = static_cast<double>(out.last_hour);
    out.mean_waiting = waited / lines;
    out.mean_working = worked / lines;
    out.per_minute = lines * kMinute / std::clamp(now - first, kMinute, kHour);
  }
  return out;
}

}  // namespace imreg

// Lines that come into a queue: announced and released around what they follow from, or added to wait at once.
#include <algorithm>
#include <set>

#include "acquire/queue_state.h"
#include "imreg/date.h"
#include "os/walk.h"

namespace imreg {

using acquire::LineState;

namespace {

std::string image_key(const QueueLine& line) {
  return std::to_string(line.extension) + ' ' + std::to_string(line.slice) + ' ' + std::to_string(line.filesize) + ' ' +
         std::to_string(line.fingerprint) + ' ' + std::to_string(line.mtime);
}

bool is_present(const QueueLine& line, double begun) {
  return line.state != LineState::dropped && (line.state != LineState::done || line.finished >= begun);
}

std::string line_key(const QueueLine& line) { return image_key(line) + ' ' + line.path; }

}  // namespace

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
  if (any_failed) {
    each_open(writer.file(), true, [&](std::int64_t, Record& record) {
      if (acquire::state_of(record.view()) != LineState::announced)
        at_work.insert(line_key(acquire::line_of(record.view())));
      return true;
    });
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> announced;  // rows, and their lines
  each_announced(writer.file(), [&](std::int64_t row, Record& record) {
    announced.emplace_back(row, record[queue::kLine]);
    if (record[queue::kSlot] == slot.number()) {
      if (holds(slot, record[queue::kLine])) return;
      acquire::end_with(record, LineState::dropped);  // of an announcement that failed
      changes.push_back({row, record.bytes()});
    } else if (!holders.alive(record[queue::kSlot])) {
      dead.push_back({row, record});
    }
  });
  settle(std::move(dead), changes);
  std::string added;
  std::int64_t id = next_id(writer.file());
  std::set<std::int64_t> settled;
  for (const auto& change : changes) settled.insert(change.row);
  const auto stays = std::ranges::find_if(announced, [&](const auto& one) { return !settled.contains(one.first); });
  const std::int64_t unsettled = stays == announced.end() ? id : stays->second;
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
    acquire::set_unsettled(record, unsettled, writer.file());
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
  for (const auto line : ids) hold(slot, line);
  return ids;
}

Result<std::vector<std::int64_t>> Queue::announce(const Slot& slot, const std::vector<QueueLine>& lines) {
  return state_->announce(slot, lines, {});
}

Status Queue::release(const Slot& slot, const std::vector<std::int64_t>& ids) {
  IMREG_TRY(state_->change(ids, [&](Record& record, std::size_t i) -> Result<bool> {
    const auto state = acquire::state_of(record.view());
    if (state == LineState::dropped) return acquire::not_held(path(), ids[i]);
    if (state != LineState::announced) return false;  // done before, by a call that failed behind its commit
    if (record[queue::kSlot] != slot.number()) return acquire::not_held(path(), ids[i]);
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
    if (state != LineState::announced || record[queue::kSlot] != slot.number())
      return acquire::not_held(path(), ids[i]);
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
  const std::int64_t unsettled = state_->first_announced(file);
  for (const QueueLine& line : lines) {
    const std::size_t hash = std::hash<std::string>()(image_key(line));
    const auto [from, to] = rows.equal_range(hash);
    const bool is_there = std::any_of(from, to, [&](const auto& one) {
      if (one.second >= file.count())
        return stands_for(*fresh[static_cast<std::size_t>(one.second - file.count())], line);
      return file.read(one.second, record).ok() && stands_for(acquire::line_of(record.view()), line);
    });
    if (is_there) continue;
    const auto waiting = acquire::waiting_record(line, id++, unsettled, file);
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

}  // namespace imreg

// Lines whose announcer died between its two steps: whether what they follow from happened. And of what a process did itself,
// whether a step of which it heard that it failed was durable all the same.
#include "acquire/queue_state.h"
#include "acquire/row_lines.h"
#include "base/text.h"

namespace imreg {

using acquire::LineState;

std::int64_t Queue::State::line_sent(const RecordFile& file, const Origin& origin) {
  Record record = file.make_record();
  for (std::int64_t row = file.count() - 1; row >= 0; --row) {
    const RecordView seen = file.peek(row, record);
    const auto state = acquire::state_of(seen);
    if (seen[queue::kOriginline] == origin.line && seen[queue::kOrigintake] == origin.take &&
        seen[queue::kOrigin] == origin.queue && state != LineState::announced && state != LineState::dropped)
      return seen[queue::kLine];
  }
  return 0;
}

Result<bool> Queue::State::was_finished(const Origin& origin) const {
  const auto file = RecordFile::open(acquire::file_of_queue(database, origin.queue));
  if (!file && file.status().code() == Code::not_found) return true;
  if (!file) return file.status();
  const std::int64_t row = row_of(*file, origin.line);
  if (row < 0) return true;  // only lines that are final are taken out, and all queues are settled before
  Record record = file->make_record();
  IMREG_TRY(file->read(row, record));
  return acquire::is_final(acquire::state_of(record.view())) && record[queue::kTaken] == origin.take;
}

void Queue::State::settle(std::vector<OpenRow> rows, std::vector<RowChange>& changes) {
  const auto decide = [&](OpenRow& open, bool is_due) {
    if (is_due)
      acquire::set_state(open.record, LineState::waiting);
    else
      acquire::end_with(open.record, LineState::dropped);
    changes.push_back({open.row, open.record.bytes()});
  };
  std::vector<OpenRow*> of_database;
  std::vector<QueueLine> lines;
  for (auto& open : rows) {
    if (open.record[queue::kOriginline] == 0) {
      of_database.push_back(&open);
      lines.push_back(acquire::line_of(open.record.view()));
      continue;
    }
    const auto finished = was_finished(
        {std::string(open.record[queue::kOrigin]), open.record[queue::kOriginline], open.record[queue::kOrigintake]});
    if (finished)
      decide(open, *finished);
    else
      notes.push_back(acquire::line_name(open.record[queue::kLine]) + " stays announced: " + finished.status().text());
  }
  if (lines.empty()) return;
  const auto paths = acquire::current_paths(database, lines);
  if (!paths) {
    notes.push_back(counted(static_cast<long long>(lines.size()), "line") +
                    " announced by the dead: " + paths.status().text());
    return;
  }
  for (std::size_t i = 0; i < of_database.size(); ++i) decide(*of_database[i], !(*paths)[i].empty());
}

Status Queue::State::settle_all() {
  IMREG_ASSIGN(const auto names, queue_names(database));
  for (const auto& other : names) {
    auto opened = Queue::open(database, other, options);
    if (!opened) continue;  // damaged: until it is mended nobody gets its lines
    Queue next = *std::move(opened);
    acquire::Holders holders(database);
    std::vector<OpenRow> dead;
    const auto collect = [&](const RecordFile& file) {
      dead.clear();
      next.state_->each_open(file, true, [&](std::int64_t row, Record& record) {
        if (acquire::state_of(record.view()) == LineState::announced && !holders.alive(record[queue::kSlot]))
          dead.push_back({row, record});
        return true;
      });
    };
    {
      const auto file = RecordFile::open_as_left(next.path());
      if (!file && file.status().code() == Code::not_found) continue;
      if (!file) return file.status();
      collect(*file);
    }
    if (dead.empty()) continue;
    IMREG_ASSIGN(auto writer, next.state_->open_writer(false));
    collect(writer.file());
    std::vector<RowChange> changes;
    next.state_->settle(std::move(dead), changes);
    IMREG_TRY(writer.commit(changes));
  }
  return {};
}

}  // namespace imreg

// The newest or oldest rows: by the index where it can tell, or else by sorting.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "query/work.h"

namespace imreg {

std::optional<std::vector<TimedRow>> Query::Work::rows_by_time(const Operand& time, bool newest_first,
                                                               std::int64_t most, bool ties,
                                                               QueryReport& report) const {
  if (!query.use_index_ || most > kFew || most <= 0) return std::nullopt;
  std::vector<TimedRow> out;
  ScanReport found;
  const bool told =
      scan_by_time(*query.file_, selection, newest_first, found, [&](std::int64_t row, RecordView record) {
        const double when = time.number(record);
        const bool enough = std::ssize(out) >= most;
        if (ties && (std::isnan(when) || (enough && when != out.back().first))) return false;
        out.emplace_back(when, row);
        return ties || std::ssize(out) < most;
      });
  const auto of_index = [&](const Status& status) { return status.file() != query.file_->path(); };
  if (!told || std::any_of(found.damaged.first.begin(), found.damaged.first.end(), of_index)) {
    found.damaged = {};
    add_to(report, std::move(found));  // why not
    return std::nullopt;
  }
  add_to(report, std::move(found));
  return out;
}

Result<Operand> Query::Work::time_operand(std::string_view who) const {
  auto time = Operand::parse("obstime", schema, query.settings_);
  if (!time) return Status(time.status().code(), std::string(who) + ": " + time.status().message());
  if (time->is_text()) return Status(Code::mismatch, std::string(who) + ": field obstime holds text, not times");
  return time;
}

std::optional<std::vector<TimedRow>> Query::Work::newest_by_index(const Operand& time, QueryReport& report) const {
  const std::int64_t most = *query.last_;
  auto timed = rows_by_time(time, true, most, true, report);
  if (!timed) return timed;
  // Of the rows of the oldest time, which stand last and in file order, the later ones are newer.
  const std::int64_t over = std::max<std::int64_t>(std::ssize(*timed) - most, 0);
  const auto oldest = std::find_if(timed->begin(), timed->end(),
                                   [&](const TimedRow& row) { return over > 0 && row.first == timed->back().first; });
  if (over > 0) timed->erase(oldest, oldest + over);
  std::sort(timed->begin(), timed->end());
  return timed;
}

Status Query::Work::keep_last(Candidates& candidates, QueryReport& report) const {
  IMREG_ASSIGN(const Operand time, time_operand("last"));
  const std::int64_t most = *query.last_;
  RowSet kept(query.file_->count());
  const auto timed = candidates.chosen ? std::nullopt : newest_by_index(time, report);
  if (timed) {
    for (const auto& [when, row] : *timed) kept.add(row);
  } else {
    const auto add_key = [&](RecordView record, std::int64_t row, std::string& key) {
      time.add_key(record, true, key);
      add_big(~static_cast<std::uint64_t>(row), key);
    };
    IMREG_ASSIGN(const auto sorted, sort(candidates, most == 0 ? 0 : sum_of(most, kSpare), add_key));
    Record record = query.file_->make_record();
    for (std::int64_t count = 0; count < most;) {
      IMREG_ASSIGN(const auto* item, sorted->next());
      if (!item || (time.has_unknown() && load_big<std::uint64_t>(item->data()) == kUnknownKey)) break;
      if (auto read = query.file_->read(~row_of(*item), record); !read.ok()) {
        report.damaged.add(std::move(read));
      } else {
        kept.add(~row_of(*item));
        ++count;
      }
    }
    tell_way(candidates, report);
    report.plan.push_back("the newest rows are found by sorting");
  }
  kept.finish();
  candidates.chosen = std::move(kept);
  return {};
}

bool Query::Work::take_by_time(Rows::State& state) const {
  const bool newest_first = query.sort_.starts_with('-');
  const bool sorted = equal_nocase(std::string_view(query.sort_).substr(newest_first), "obstime");
  if (query.unique_ || !(query.last_ ? query.sort_.empty() : sorted)) return false;
  const auto time = time_operand("sort");
  if (!time) return false;
  const auto timed = query.last_
                         ? newest_by_index(*time, state.report)
                         : rows_by_time(*time, newest_first, sum_of(query.limit_, query.offset_), false, state.report);
  if (!timed) return false;
  for (auto row = timed->rbegin(); row != timed->rend(); ++row) state.batch.push_back(row->second);
  return true;
}

}  // namespace imreg

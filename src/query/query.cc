// Plans a question and answers it: candidates, what is kept of them, order, amount.
#include "imreg/query.h"

#include <algorithm>
#include <new>

#include "query/work.h"

namespace imreg {

// limit + offset without overflow.
std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
}

Query::Query(const RecordFile& file) : file_(&file), folder_(imreg::temporary_folder()) {
  selection_.without_deleted(file.schema());
}
Query& Query::select(Selection selection) { return selection_ = std::move(selection), *this; }
Query& Query::where(std::string_view condition) { return where_.emplace_back(condition), *this; }
Query& Query::settings(ExpressionSettings settings) { return settings_ = std::move(settings), *this; }
Query& Query::sort(std::string_view keys) { return sort_ = keys, *this; }
Query& Query::limit(std::int64_t rows) { return limit_ = rows, *this; }
Query& Query::offset(std::int64_t rows) { return offset_ = rows, *this; }
Query& Query::last(std::int64_t rows) { return last_ = rows, *this; }
Query& Query::unique() { return unique_ = "", *this; }
Query& Query::unique(std::string_view fields) { return unique_ = fields, *this; }
Query& Query::group(std::string_view fields, std::string_view aggregates) {
  group_ = fields;
  aggregates_ = aggregates;
  return *this;
}
Query& Query::jobs(int threads) { return jobs_ = threads, *this; }
Query& Query::use_index(bool use) { return use_index_ = use, *this; }
Query& Query::memory(std::size_t bytes) { return memory_ = bytes, *this; }
Query& Query::temporary_folder(std::string folder) { return folder_ = std::move(folder), *this; }

void Query::Work::add_to(QueryReport& report, ScanReport found) {
  report.damaged.add(std::move(found.damaged));
  for (auto& line : found.plan) {
    if (std::find(report.plan.begin(), report.plan.end(), line) == report.plan.end())
      report.plan.push_back(std::move(line));  // not twice that there is no index
  }
}

void Query::Work::tell_way(const Candidates& candidates, QueryReport& report) const {
  if (!candidates.chosen) report.plan.push_back("every row is looked at: " + std::to_string(query.file_->count()));
}

std::int64_t Query::Work::pass_over(std::int64_t& offset, QueryReport& report) const {
  if (offset < kFar || !query.use_index_) return 0;
  ScanReport found;
  const auto row = row_of_match(*query.file_, selection, offset, found);
  add_to(report, std::move(found));
  if (row) offset = 0;
  return row.value_or(0);
}

bool Query::Work::index_may_help() const {
  const auto& conditions = selection.conditions();
  return query.use_index_ && std::any_of(conditions.begin(), conditions.end(), [](const Condition& condition) {
           return condition.kind != Condition::Kind::deleted &&
                  (condition.kind != Condition::Kind::test || condition.region);
         });
}

Result<Candidates> Query::Work::candidates(QueryReport& report) const {
  Candidates out{query.file_, selection, {}};
  const bool only_last = query.last_ && !query.unique_;  // asks the index in its own way
  if (index_may_help() && !only_last) {
    ScanReport found;
    out.chosen = find_rows(*query.file_, selection, scan_options(), &found);
    add_to(report, std::move(found));
  }
  if (!only_last) tell_way(out, report);
  if (query.unique_) {
    IMREG_TRY(keep_unique(out));
    report.plan.push_back("one row of each is found by sorting");
  }
  if (query.last_) IMREG_TRY(keep_last(out, report));
  return out;
}

RowSet Query::Work::first_rows(std::int64_t& offset, QueryReport& report) const {
  const std::int64_t from = pass_over(offset, report), most = sum_of(query.limit_, offset);
  ScanReport found;
  RowSet out(query.file_->count());
  if (most > kFew) {
    out = find_rows(*query.file_, selection, scan_options(from), &found);
  } else if (most > 0) {
    std::int64_t count = 0;
    found = scan(*query.file_, selection, scan_options(from), [&](std::int64_t row, RecordView) {
      out.add(row);
      return ++count < most;
    });
    out.finish();
  }
  add_to(report, std::move(found));
  return out;
}

Result<std::unique_ptr<Rows::State>> Query::Work::rows() const {
  auto state = std::make_unique<Rows::State>(*query.file_, Candidates{query.file_, selection, {}});
  state->left = query.limit_;
  state->skip = query.offset_;
  if (is_plain()) {
    state->candidates.chosen = first_rows(state->skip, state->report);
    return state;
  }
  if (query.group_) {
    IMREG_TRY(make_groups(*state));
    return state;
  }
  if (take_by_time(*state)) return state;
  IMREG_ASSIGN(state->candidates, candidates(state->report));
  const std::string order = query.sort_.empty() && query.last_ ? "obstime" : query.sort_;
  if (order.empty()) return state;
  IMREG_ASSIGN(const auto keys, parse_keys(order, schema, query.settings_));
  const auto add_key = [&](RecordView record, std::int64_t row, std::string& key) {
    for (const auto& part : keys) part.operand.add_key(record, part.descending, key);
    add_big(static_cast<std::uint64_t>(row), key);
  };
  const std::int64_t keep = query.limit_ == 0 ? 0 : sum_of(sum_of(query.limit_, query.offset_), kSpare);
  IMREG_ASSIGN(state->sorted, sort(state->candidates, keep, add_key));
  return state;
}

Result<Rows> Query::rows() const try {
  Work work{*this};
  IMREG_TRY(work.prepare());
  IMREG_ASSIGN(auto state, work.rows());
  return Rows(std::move(state));
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<QueryReport> Query::each(const std::function<bool(std::int64_t index, RecordView)>& visit) const try {
  Work work{*this};
  IMREG_TRY(work.prepare());
  if (work.is_plain()) {  // needs no list of rows
    QueryReport report;
    if (limit_ == 0) return report;
    std::int64_t skip = offset_;
    const std::int64_t from = work.pass_over(skip, report);
    auto found = scan(*file_, work.selection, work.scan_options(from), [&](std::int64_t, RecordView record) {
      if (skip > 0) return --skip, true;
      return visit(++report.rows, record) && report.rows < limit_;
    });
    Work::add_to(report, std::move(found));
    return report;
  }
  IMREG_ASSIGN(Rows answer, rows());
  while (answer.next() && visit(answer.report().rows, answer.record())) {
  }
  IMREG_TRY(answer.status());
  return answer.report();
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<std::int64_t> Query::count(QueryReport* told) const try {
  QueryReport own;
  QueryReport& report = told ? *told : own;
  Work work{*this};
  IMREG_TRY(work.prepare());
  std::int64_t all = 0;
  if (!group_ && !sort_.empty()) IMREG_TRY(parse_keys(sort_, work.schema, settings_).status());  // else of no concern
  if (group_) {
    IMREG_ASSIGN(const auto state, work.rows());
    while (state->next()) ++all;
    IMREG_TRY(state->status);
    report = std::move(state->report);
    return all;
  }
  if (unique_ || last_) {
    IMREG_ASSIGN(const auto which, work.candidates(report));
    all = which.chosen ? which.chosen->size() : 0;
  } else {
    ScanReport found;
    all = count_matches(*file_, work.selection, work.scan_options(), &found);
    Work::add_to(report, std::move(found));
  }
  return report.rows = std::clamp<std::int64_t>(all - std::min(all, offset_), 0, limit_);
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace imreg

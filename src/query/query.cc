// Plans a question and answers it: selection, condition, unique, last, order, groups, amount.
#include "imreg/query.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "base/text.h"
#include "query/candidates.h"
#include "query/group.h"
#include "query/operand.h"
#include "query/sorter.h"
#include "record/statistics.h"
#include "scan/row_reader.h"

namespace imreg {

namespace {

struct SortKey {
  Operand operand;
  bool descending = false;
};

Result<std::vector<SortKey>> parse_keys(std::string_view text, const Schema& schema,
                                        const ExpressionSettings& settings) {
  std::vector<SortKey> keys;
  for (const auto& part : split_expressions(text)) {
    bool descending = part.starts_with('-');
    std::string_view key = std::string_view(part).substr(descending ? 1 : 0);
    for (const std::string_view word : {" desc", " asc"}) {  // as in SQL; not behind a -, which would say it twice
      if (part.starts_with('-') || key.size() <= word.size() ||
          !equal_nocase(key.substr(key.size() - word.size()), word))
        continue;
      key.remove_suffix(word.size());
      descending = word == " desc";
      break;
    }
    const std::string name = result_name(key);
    if (name.empty()) return Status(Code::invalid, "sort by \"" + std::string(text) + "\": a field is missing");
    auto operand = Operand::parse(name, schema, settings);
    if (!operand)
      return Status(operand.status().code(), "sort by \"" + std::string(text) + "\": " + operand.status().message());
    keys.push_back({*std::move(operand), descending});
  }
  return keys;
}

std::int64_t row_of(std::string_view item) {
  return static_cast<std::int64_t>(load_big<std::uint64_t>(item.data() + item.size() - 8));
}

// limit + offset without overflow.
std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
}

}  // namespace

// Where the rows of an answer come from: a sorted list of them, or a set in file order.
struct Rows::State {
  const RecordFile* file;
  RowReader reader;
  Candidates candidates;
  std::int64_t skip = 0, left = 0;  // of offset and limit
  std::unique_ptr<Sorter> sorted;
  std::unique_ptr<Groups> groups;
  std::vector<std::int64_t> batch;  // of the set, or all when there is none; last one first
  std::int64_t at = 0;              // the next batch begins here
  Record record;
  std::int64_t number = -1;
  Status status;
  QueryReport report;

  State(const RecordFile& from, Candidates which)
      : file(&from), reader(from), candidates(std::move(which)), record(from.make_record()) {}

  // The next candidate of the answer in its order; -1 at the end.
  Result<std::int64_t> next_candidate() {
    if (sorted) {
      IMREG_ASSIGN(const auto* item, sorted->next());
      return item ? row_of(*item) : -1;
    }
    constexpr std::size_t kBatch = 1024;
    if (batch.empty() && !candidates.chosen) return std::int64_t{-1};
    if (batch.empty()) {
      candidates.chosen->each(at, [&](std::int64_t row) { return batch.push_back(row), batch.size() < kBatch; });
      if (batch.empty()) return std::int64_t{-1};
      at = batch.back() + 1;
      std::reverse(batch.begin(), batch.end());
    }
    const std::int64_t row = batch.back();
    batch.pop_back();
    return row;
  }

  // The next group, of the sorted ones or as they come.
  Result<bool> next_group() {
    if (!sorted) return groups->next(record);
    IMREG_ASSIGN(const auto* item, sorted->next());
    if (!item) return false;
    record = Record(item->substr(item->size() - static_cast<std::size_t>(groups->schema().record_size)));
    return true;
  }

  bool next() {
    try {
      while (left > 0 && groups) {
        auto more = next_group();
        if (!more) status = more.status();
        if (!more || !*more) break;
        if (skip > 0) {
          --skip;
          continue;
        }
        --left;
        number = report.rows++;
        return true;
      }
      while (left > 0 && !groups) {
        auto row = next_candidate();
        if (!row) status = row.status();
        if (!row || *row < 0) break;
        if (auto read = reader.read(*row, record); !read.ok()) {
          report.damaged.add(std::move(read));
        } else if (!candidates.selection.matches(record.view())) {  // a writer changed it between the two looks
        } else if (skip > 0) {
          --skip;
        } else {
          --left;
          number = *row;
          ++report.rows;
          return true;
        }
      }
    } catch (const std::bad_alloc&) {
      status = no_memory();
    }
    left = 0;
    return false;
  }
};

Rows::Rows(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;
const Schema& Rows::schema() const { return state_->groups ? state_->groups->schema() : state_->file->schema(); }
bool Rows::next() { return state_->next(); }
RecordView Rows::record() const { return state_->record.view(); }
std::int64_t Rows::number() const { return state_->number; }
const Status& Rows::status() const { return state_->status; }
const QueryReport& Rows::report() const { return state_->report; }

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

// The steps between the question and its rows.
struct Query::Work {
  static constexpr std::int64_t kFew = 100000;       // to read so many twice costs nothing
  static constexpr std::int64_t kSpare = 1000;       // in place of damaged rows
  static constexpr std::int64_t kFewSorted = 10000;  // the start of a thread costs as much as to sort some thousands
  static constexpr std::int64_t kFar = 10000;        // an offset from which on rows are passed over unread
  const Query& query;
  const Schema& schema = query.file_->schema();
  Selection selection = query.selection_;  ///< with the conditions of where() behind prepare()

  // All candidates, sorted by what `add_key` says; the key ends with 8 bytes for the row.
  using AddKey = std::function<void(RecordView, std::int64_t row, std::string& key)>;
  Result<std::unique_ptr<Sorter>> sort(const Candidates& candidates, std::int64_t keep, const AddKey& add_key) const {
    const std::int64_t count = query.file_->count();
    const bool few = candidates.chosen && candidates.chosen->size() <= kFewSorted;
    const int workers = few ? 1 : workers_for(count, query.jobs_);
    const Sorter::Settings settings{query.memory_ / static_cast<std::size_t>(workers), query.folder_, keep};
    std::vector<std::unique_ptr<Sorter>> sorters;
    std::vector<Looker> lookers;
    for (int i = 0; i < workers; ++i) {
      sorters.push_back(std::make_unique<Sorter>(settings));
      lookers.emplace_back(candidates);
    }
    const auto add_rows = [&](int worker, std::int64_t from, std::int64_t end) {
      Status status;
      std::string key;
      lookers[static_cast<std::size_t>(worker)].between(from, end, [&](std::int64_t row, RecordView record) {
        key.clear();
        add_key(record, row, key);
        status = sorters[static_cast<std::size_t>(worker)]->add(key);
        return status.ok();
      });
      return status;
    };
    if (few) {
      IMREG_TRY(add_rows(0, 0, count));
    } else {
      IMREG_TRY(each_block(count, workers, add_rows));
    }
    for (std::size_t i = 1; i < sorters.size(); ++i) IMREG_TRY(sorters[0]->absorb(std::move(*sorters[i])));
    IMREG_TRY(sorters[0]->finish());
    return std::move(sorters[0]);
  }

  // Sorted by the whole key, rows of one identity are neighbours and the one to keep is the first: exact, whatever the
  // number.
  Status keep_unique(Candidates& candidates) const {
    std::vector<Operand> identity;
    std::optional<Operand> bias;  // of Elixir's records the value tells whether it was measured
    const FieldInfo* const state = find_procstate(schema);
    for (const auto& name : split_expressions(query.unique_->empty() ? "filename,ccd" : *query.unique_)) {
      auto operand = Operand::parse(name, schema, query.settings_);
      if (!operand) return {operand.status().code(), "unique: " + operand.status().message()};
      identity.push_back(*std::move(operand));
    }
    if (!state && schema.find("bias")) {
      IMREG_ASSIGN(bias, Operand::parse("bias", schema, query.settings_));
    }
    const auto is_worse = [&](RecordView record) {
      if (!query.unique_->empty()) return false;
      if (bias) return bias->number_key(record) == kUnknownKey;
      return state && state_in(record[Field<std::int16_t>{state->offset}], Statistic::bias) != StatisticState::measured;
    };
    const auto add_key = [&](RecordView record, std::int64_t row, std::string& key) {
      for (const auto& operand : identity) operand.add_key(record, false, key);
      key += is_worse(record) ? '\1' : '\0';
      add_big(static_cast<std::uint64_t>(row), key);
    };
    IMREG_ASSIGN(const auto sorted, sort(candidates, std::numeric_limits<std::int64_t>::max(), add_key));
    RowSet kept(query.file_->count());
    std::optional<std::string> before;
    for (;;) {
      IMREG_ASSIGN(const auto* item, sorted->next());
      if (!item) break;
      const auto what = item->substr(0, item->size() - 9);
      if (before && *before == what) continue;
      before = what;
      kept.add(row_of(*item));
    }
    kept.finish();
    candidates.chosen = std::move(kept);
    return {};
  }

  // As the index tells them, without looking at the others: the `most` first rows by time, with all of the time of the last
  // one when `ties` is set. Nothing when there is no index or it cannot be trusted.
  using TimedRow = std::pair<double, std::int64_t>;
  std::optional<std::vector<TimedRow>> rows_by_time(const Operand& time, bool newest_first, std::int64_t most,
                                                    bool ties, QueryReport& report) const {
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

  static void add_to(QueryReport& report, ScanReport found) {
    report.damaged.add(std::move(found.damaged));
    for (auto& line : found.plan) {
      if (std::find(report.plan.begin(), report.plan.end(), line) == report.plan.end())
        report.plan.push_back(std::move(line));  // not twice that there is no index
    }
  }

  void tell_way(const Candidates& candidates, QueryReport& report) const {
    if (!candidates.chosen) report.plan.push_back("every row is looked at: " + std::to_string(query.file_->count()));
  }

  Result<Operand> time_operand(std::string_view who) const {
    auto time = Operand::parse("obstime", schema, query.settings_);
    if (!time) return Status(time.status().code(), std::string(who) + ": " + time.status().message());
    if (time->is_text()) return Status(Code::mismatch, std::string(who) + ": field obstime holds text, not times");
    return time;
  }

  // The newest ones by the index, the oldest of them first.
  std::optional<std::vector<TimedRow>> newest_by_index(const Operand& time, QueryReport& report) const {
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

  Status keep_last(Candidates& candidates, QueryReport& report) const {
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

  ScanOptions scan_options(std::int64_t from = 0) const { return {query.jobs_, query.use_index_, from}; }

  // Of a plain query with a large offset: the row where its answer begins, as the index tells it; and nothing is left to
  // be passed over then.
  std::int64_t pass_over(std::int64_t& offset, QueryReport& report) const {
    if (offset < kFar || !query.use_index_) return 0;
    ScanReport found;
    const auto row = row_of_match(*query.file_, selection, offset, found);
    add_to(report, std::move(found));
    if (row) offset = 0;
    return row.value_or(0);
  }

  // An index can serve something of the selection: without one, looking and collecting is one way through the file.
  bool index_may_help() const {
    const auto& conditions = selection.conditions();
    return query.use_index_ && std::any_of(conditions.begin(), conditions.end(), [](const Condition& condition) {
             return condition.kind != Condition::Kind::deleted &&
                    (condition.kind != Condition::Kind::test || condition.region);
           });
  }

  Result<Candidates> candidates(QueryReport& report) const {
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

  // In file order, with nothing to do but to find them.
  bool is_plain() const { return query.sort_.empty() && !query.group_ && !query.unique_ && !query.last_; }

  // The rows of a plain query: no more of them than are wanted.
  RowSet first_rows(std::int64_t& offset, QueryReport& report) const {
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

  // Rows of each combination of the keys, when nothing else is asked and the index knows: of their fields, or, where a key
  // is made of obstime alone, of groups of it.
  std::optional<std::vector<Groups::Counted>> counts_of_index(const Grouping& grouping, QueryReport& report) const {
    if (!grouping.operands.empty() || grouping.keys.empty()) return std::nullopt;
    std::vector<const FieldInfo*> fields;
    std::vector<const Operand*> of_time;
    for (const auto& key : grouping.keys) {
      const auto needed = key.fields();
      const auto is_time = [](const FieldInfo& field) { return field.name == "obstime"; };
      if (!key.has_raw() && !needed.empty() && std::all_of(needed.begin(), needed.end(), is_time)) {
        of_time.push_back(&key);
        continue;
      }
      for (const FieldInfo& one : needed) {
        const FieldInfo* field = schema.find(one.name);
        if (!field || field->offset != one.offset || field->size() != one.size()) return std::nullopt;
        if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
      }
    }
    if (fields.empty() && of_time.empty()) return std::nullopt;
    std::function<std::string(RecordView)> group_of_time;
    if (!of_time.empty()) {
      group_of_time = [&](RecordView record) {
        std::string key;
        for (const Operand* operand : of_time) operand->add_key(record, false, key);
        return key;
      };
    }
    ScanReport found;
    const auto values = count_values(*query.file_, selection, fields, found, group_of_time);
    if (!values) return add_to(report, std::move(found)), std::nullopt;
    if (group_of_time) fields.push_back(schema.find("obstime"));
    std::vector<Groups::Counted> out;
    for (const auto& value : *values) {
      out.push_back({query.file_->make_record(), value.rows});
      for (std::size_t i = 0; i < fields.size(); ++i)
        value.values[i].copy(out.back().sample.data() + fields[i]->offset, static_cast<std::size_t>(fields[i]->size()));
    }
    add_to(report, std::move(found));
    return out;
  }

  Status make_groups(Rows::State& state) const {
    IMREG_ASSIGN(auto grouping, Grouping::parse(*query.group_, query.aggregates_, schema, query.settings_));
    const Groups::Settings settings{query.jobs_, query.memory_, query.folder_};
    std::optional<std::vector<Groups::Counted>> counted;
    if (query.use_index_ && !query.unique_ && !query.last_) counted = counts_of_index(grouping, state.report);
    if (counted) {
      IMREG_ASSIGN(state.groups, Groups::make(std::move(grouping), *counted, settings));
    } else {
      IMREG_ASSIGN(state.candidates, candidates(state.report));
      IMREG_ASSIGN(state.groups, Groups::make(std::move(grouping), state.candidates, settings, state.report.damaged));
    }
    if (query.sort_.empty()) return {};
    IMREG_ASSIGN(const auto keys, parse_keys(query.sort_, state.groups->schema(), query.settings_));
    state.sorted = std::make_unique<Sorter>(
        Sorter::Settings{query.memory_ / 4, query.folder_, sum_of(query.limit_, query.offset_)});
    std::string item;
    for (std::uint64_t index = 0;; ++index) {
      IMREG_ASSIGN(const bool more, state.groups->next(state.record));
      if (!more) break;
      item.clear();
      for (const auto& key : keys) key.operand.add_key(state.record.view(), key.descending, item);
      add_big(index, item);
      item += state.record.bytes();
      IMREG_TRY(state.sorted->add(item));
    }
    return state.sorted->finish();
  }

  // "-sort -obstime -limit 10", "-last 40": the rows in their order, as the index tells it.
  bool take_by_time(Rows::State& state) const {
    const bool newest_first = query.sort_.starts_with('-');
    const bool sorted = equal_nocase(std::string_view(query.sort_).substr(newest_first), "obstime");
    if (query.unique_ || !(query.last_ ? query.sort_.empty() : sorted)) return false;
    const auto time = time_operand("sort");
    if (!time) return false;
    const auto timed =
        query.last_ ? newest_by_index(*time, state.report)
                    : rows_by_time(*time, newest_first, sum_of(query.limit_, query.offset_), false, state.report);
    if (!timed) return false;
    for (auto row = timed->rbegin(); row != timed->rend(); ++row) state.batch.push_back(row->second);
    return true;
  }

  Result<std::unique_ptr<Rows::State>> rows() const {
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

  // One part of a condition: what an index can serve as data, everything else as a test.
  Status add(const Conjunct& part, Selection& to) const {
    using Kind = Conjunct::Kind;
    switch (part.kind) {
      case Kind::numbers: {
        std::vector<Interval> intervals;
        for (const auto& range : part.ranges) intervals.push_back({range.low, range.high});
        return to.number(schema, part.field, std::move(intervals));
      }
      case Kind::codes: return to.codes(schema, part.field, part.codes);
      case Kind::texts:
      case Kind::prefix:
      case Kind::glob: {
        const auto how = part.kind == Kind::texts    ? TextPattern::How::exact
                         : part.kind == Kind::prefix ? TextPattern::How::prefix
                                                     : TextPattern::How::glob;
        std::vector<TextPattern> patterns;
        for (const auto& text : part.texts) patterns.push_back({text, how});
        return to.patterns(schema, part.field, std::move(patterns), part.negate);
      }
      case Kind::any: {
        std::vector<Selection> branches(part.branches.size());
        for (std::size_t i = 0; i < branches.size(); ++i) {
          for (const auto& each : part.branches[i]) IMREG_TRY(add(each, branches[i]));
        }
        to.any(std::move(branches));
        return {};
      }
      case Kind::test:
        if (part.region) return to.test_within(schema, *part.region, part.test, part.source);
        to.test(part.test, part.source);
        return {};
    }
    return {};
  }

  Status prepare() {
    if (query.limit_ < 0 || query.offset_ < 0 || query.last_.value_or(0) < 0)
      return {Code::invalid, "limit, offset and last are numbers of rows: 0 or more"};
    for (const auto& text : query.where_) {
      IMREG_ASSIGN(const auto condition, Expression::parse_condition(text, schema, query.settings_));
      for (const auto& part : condition.conjuncts()) IMREG_TRY(add(part, selection));
    }
    return {};
  }
};

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

#include "imreg/query.h"

#include <algorithm>
#include <new>

#include "query/candidates.h"
#include "query/operand.h"
#include "query/sorter.h"

namespace imreg {

namespace {

struct SortKey {
  Operand operand;
  bool descending = false;
};

Result<std::vector<SortKey>> parse_keys(std::string_view text, const Schema& schema) {
  std::vector<SortKey> keys;
  for (const auto& part : split_list(text)) {
    const bool descending = part.starts_with('-');
    const auto name = std::string_view(part).substr(descending ? 1 : 0);
    if (name.empty()) return Status(Code::invalid, "sort by \"" + std::string(text) + "\": a field is missing");
    auto operand = Operand::parse(name, schema);
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

// Where the rows of an answer come from: a sorted list of them, or the file from one end to the other.
struct Rows::State {
  const RecordFile* file;
  Candidates candidates;
  std::int64_t skip = 0, left = 0;  // of offset and limit
  std::unique_ptr<Sorter> sorted;
  std::optional<Looker> looker;
  std::int64_t at = 0;  // next row of the file to look at
  Record record;
  std::int64_t number = -1;
  Status status;
  QueryReport report;

  State(const RecordFile& from, Candidates which)
      : file(&from), candidates(std::move(which)), record(from.make_record()) {}

  // The next candidate of the answer in its order; -1 at the end.
  Result<std::int64_t> next_candidate() {
    for (;;) {
      if (left <= 0) return std::int64_t{-1};
      std::int64_t row = -1;
      if (sorted) {
        IMREG_ASSIGN(const auto* item, sorted->next());
        if (item) row = row_of(*item);
      } else {
        looker->between(at, file->count(), [&](std::int64_t found, RecordView) {
          row = found;
          return false;
        });
        at = row + 1;
      }
      if (row < 0) {
        left = 0;
        return row;
      }
      if (skip > 0) {
        --skip;
      } else {
        --left;
        return row;
      }
    }
  }

  bool next() {
    try {
      for (;;) {
        auto row = next_candidate();
        if (!row) status = row.status();
        if (!row || *row < 0) break;
        if (auto read = file->read(*row, record); !read.ok()) {
          report.damaged.push_back(std::move(read));
        } else if (candidates.selection.matches(record.view())) {  // a writer may have changed it between the two looks
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
const Schema& Rows::schema() const { return state_->file->schema(); }
bool Rows::next() { return state_->next(); }
RecordView Rows::record() const { return state_->record.view(); }
std::int64_t Rows::number() const { return state_->number; }
const Status& Rows::status() const { return state_->status; }
const QueryReport& Rows::report() const { return state_->report; }

Query::Query(const RecordFile& file) : file_(&file), folder_(imreg::temporary_folder()) {
  selection_.without_deleted(file.schema());
}
Query& Query::select(Selection selection) { return selection_ = std::move(selection), *this; }
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
Query& Query::memory(std::size_t bytes) { return memory_ = bytes, *this; }
Query& Query::temporary_folder(std::string folder) { return folder_ = std::move(folder), *this; }

// The steps between the question and its rows.
struct Query::Work {
  const Query& query;
  const Schema& schema = query.file_->schema();

  // All candidates, sorted by what `add_key` says; the key ends with 8 bytes for the row.
  using AddKey = std::function<void(RecordView, std::int64_t row, std::string& key)>;
  Result<std::unique_ptr<Sorter>> sort(const Candidates& candidates, std::int64_t keep, const AddKey& add_key) const {
    const std::int64_t count = query.file_->count();
    const int workers = workers_for(count, query.jobs_);
    const Sorter::Settings settings{query.memory_ / static_cast<std::size_t>(workers), query.folder_, keep};
    std::vector<std::unique_ptr<Sorter>> sorters;
    std::vector<Looker> lookers;
    for (int i = 0; i < workers; ++i) {
      sorters.push_back(std::make_unique<Sorter>(settings));
      lookers.emplace_back(candidates);
    }
    IMREG_TRY(each_block(count, workers, [&](int worker, std::int64_t from, std::int64_t end) {
      Status status;
      std::string key;
      lookers[static_cast<std::size_t>(worker)].between(from, end, [&](std::int64_t row, RecordView record) {
        key.clear();
        add_key(record, row, key);
        status = sorters[static_cast<std::size_t>(worker)]->add(key);
        return status.ok();
      });
      return status;
    }));
    for (std::size_t i = 1; i < sorters.size(); ++i) IMREG_TRY(sorters[0]->absorb(std::move(*sorters[i])));
    IMREG_TRY(sorters[0]->finish());
    return std::move(sorters[0]);
  }

  // Sorted by the whole key, rows of one identity are neighbours and the one to keep is the first: exact, whatever the number.
  Status keep_unique(Candidates& candidates) const {
    std::vector<Operand> identity;
    std::optional<Operand> bias;
    for (const auto& name : split_list(query.unique_->empty() ? "filename,ccd" : *query.unique_)) {
      auto operand = Operand::parse(name, schema);
      if (!operand) return {operand.status().code(), "unique: " + operand.status().message()};
      identity.push_back(*std::move(operand));
    }
    if (query.unique_->empty() && schema.find("bias")) {
      IMREG_ASSIGN(bias, Operand::parse("bias", schema));
    }
    const auto add_key = [&](RecordView record, std::int64_t row, std::string& key) {
      for (const auto& operand : identity) operand.add_key(record, false, key);
      key += bias && bias->number_key(record) == kUnknownKey ? '\1' : '\0';
      add_big(static_cast<std::uint64_t>(row), key);
    };
    IMREG_ASSIGN(const auto sorted, sort(candidates, std::numeric_limits<std::int64_t>::max(), add_key));
    RowBits kept(query.file_->count());
    std::optional<std::string> before;
    for (;;) {
      IMREG_ASSIGN(const auto* item, sorted->next());
      if (!item) break;
      const auto what = item->substr(0, item->size() - 9);
      if (before && *before == what) continue;
      before = what;
      kept.set(row_of(*item));
    }
    candidates.chosen = std::move(kept);
    return {};
  }

  Status keep_last(Candidates& candidates) const {
    auto time = Operand::parse("obstime", schema);
    if (!time) return {time.status().code(), "last: " + time.status().message()};
    const auto add_key = [&](RecordView record, std::int64_t row, std::string& key) {
      time->add_key(record, true, key);
      add_big(~static_cast<std::uint64_t>(row), key);  // the later row is the newer one
    };
    IMREG_ASSIGN(const auto sorted, sort(candidates, *query.last_, add_key));
    RowBits kept(query.file_->count());
    for (;;) {
      IMREG_ASSIGN(const auto* item, sorted->next());
      if (!item || (time->has_unknown() && load_big<std::uint64_t>(item->data()) == kUnknownKey)) break;
      kept.set(~row_of(*item));
    }
    candidates.chosen = std::move(kept);
    return {};
  }

  Result<Candidates> candidates() const {
    Candidates out{query.file_, query.selection_, {}};
    if (query.unique_) IMREG_TRY(keep_unique(out));
    if (query.last_) IMREG_TRY(keep_last(out));
    return out;
  }

  Result<std::unique_ptr<Rows::State>> rows() const {
    IMREG_ASSIGN(auto which, candidates());
    auto state = std::make_unique<Rows::State>(*query.file_, std::move(which));
    state->left = query.limit_;
    state->skip = query.offset_;
    const std::string& order = query.sort_.empty() && query.last_ ? "obstime" : query.sort_;
    if (order.empty()) {
      state->looker.emplace(state->candidates);
      return state;
    }
    IMREG_ASSIGN(const auto keys, parse_keys(order, schema));
    const auto add_key = [&](RecordView record, std::int64_t row, std::string& key) {
      for (const auto& part : keys) part.operand.add_key(record, part.descending, key);
      add_big(static_cast<std::uint64_t>(row), key);
    };
    IMREG_ASSIGN(state->sorted, sort(state->candidates, sum_of(query.limit_, query.offset_), add_key));
    return state;
  }

  Status check() const {
    if (query.limit_ < 0 || query.offset_ < 0 || query.last_.value_or(0) < 0)
      return {Code::invalid, "limit, offset and last are numbers of rows: 0 or more"};
    return {};
  }
};

Result<Rows> Query::rows() const try {
  const Work work{*this};
  IMREG_TRY(work.check());
  IMREG_ASSIGN(auto state, work.rows());
  return Rows(std::move(state));
} catch (const std::bad_alloc&) {
  return no_memory();
}

Result<QueryReport> Query::each(const std::function<bool(std::int64_t index, RecordView)>& visit) const {
  IMREG_ASSIGN(Rows answer, rows());
  while (answer.next() && visit(answer.report().rows, answer.record())) {
  }
  IMREG_TRY(answer.status());
  return answer.report();
}

Result<std::int64_t> Query::count() const try {
  const Work work{*this};
  IMREG_TRY(work.check());
  IMREG_ASSIGN(const auto which, work.candidates());
  const std::int64_t all = which.chosen ? which.chosen->size() : count_matches(*file_, selection_);
  return std::clamp<std::int64_t>(all - std::min(all, offset_), 0, limit_);
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace imreg

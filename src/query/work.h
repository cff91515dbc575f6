// The steps between a question and its rows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "imreg/query.h"
#include "query/answer.h"
#include "query/grouping.h"
#include "query/operand.h"

namespace imreg {

/// One key of an order.
struct SortKey {
  Operand operand;
  bool descending = false;
};

/// "-obstime,filename". Errors: not_found, invalid.
Result<std::vector<SortKey>> parse_keys(std::string_view text, const Schema& schema,
                                        const ExpressionSettings& settings);

/// limit + offset without overflow.
std::int64_t sum_of(std::int64_t a, std::int64_t b);

using TimedRow = std::pair<double, std::int64_t>;

struct Query::Work {
  static constexpr std::int64_t kFew = 100000;       // to read so many twice costs nothing
  static constexpr std::int64_t kSpare = 1000;       // in place of damaged rows
  static constexpr std::int64_t kFewSorted = 10000;  // the start of a thread costs as much as to sort some thousands
  static constexpr std::int64_t kFar = 10000;        // an offset from which on rows are passed over unread
  const Query& query;
  const Schema& schema = query.file_->schema();
  Selection selection = query.selection_;  ///< with the conditions of where() behind prepare()

  // conditions.cc
  Status prepare();

  // query.cc: from candidates to rows
  Result<std::unique_ptr<Rows::State>> rows() const;
  Result<Candidates> candidates(QueryReport& report) const;
  /// In file order, with nothing to do but to find them.
  bool is_plain() const { return query.sort_.empty() && !query.group_ && !query.unique_ && !query.last_; }
  /// The rows of a plain query: no more of them than are wanted.
  RowSet first_rows(std::int64_t& offset, QueryReport& report) const;
  /// Of a plain query with a large offset: the row where its answer begins, as the index tells it; and nothing is left to
  /// be passed over then.
  std::int64_t pass_over(std::int64_t& offset, QueryReport& report) const;
  /// An index can serve something of the selection: without one, looking and collecting is one way through the file.
  bool index_may_help() const;
  ScanOptions scan_options(std::int64_t from = 0) const { return {query.jobs_, query.use_index_, from}; }
  static void add_to(QueryReport& report, ScanReport found);
  void tell_way(const Candidates& candidates, QueryReport& report) const;

  // order.cc
  /// All candidates, sorted by what `add_key` says; the key ends with 8 bytes for the row.
  using AddKey = std::function<void(RecordView, std::int64_t row, std::string& key)>;
  Result<std::unique_ptr<Sorter>> sort(const Candidates& candidates, std::int64_t keep, const AddKey& add_key) const;

  // unique.cc
  Status keep_unique(Candidates& candidates) const;

  // by_time.cc
  /// As the index tells them, without looking at the others: the `most` first rows by time, with all of the time of the last
  /// one when `ties` is set. Nothing when there is no index or it cannot be trusted.
  std::optional<std::vector<TimedRow>> rows_by_time(const Operand& time, bool newest_first, std::int64_t most,
                                                    bool ties, QueryReport& report) const;
  Result<Operand> time_operand(std::string_view who) const;
  /// The newest ones by the index, the oldest of them first.
  std::optional<std::vector<TimedRow>> newest_by_index(const Operand& time, QueryReport& report) const;
  Status keep_last(Candidates& candidates, QueryReport& report) const;
  /// "-sort -obstime -limit 10", "-last 40": the rows in their order, as the index tells it.
  bool take_by_time(Rows::State& state) const;

  // group_steps.cc
  /// Rows of each combination of the keys, when nothing else is asked and the index knows: of their fields, or, where a key
  /// is made of obstime alone, of groups of it.
  std::optional<std::vector<Groups::Counted>> counts_of_index(const Grouping& grouping, QueryReport& report) const;
  Status make_groups(Rows::State& state) const;
};

}  // namespace imreg

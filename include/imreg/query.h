// Questions to a record file, whole: which rows, in which order, how many, one of each, in groups, or as vectors.
//
//   IMREG_ASSIGN(const RecordFile file, RecordFile::open("Imreg.db"));
//   Query query(file);
//   query.where("type = flat and exptime > 10").sort("-obstime").limit(5);
//   IMREG_ASSIGN(Rows rows, query.rows());
//   while (rows.next()) use(rows.record());
//   IMREG_TRY(rows.status());
//
// man 3 imreg has the whole example, and the same from C. Memory is bounded: what does not fit goes to $TMPDIR.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/expression.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"

namespace imreg {

struct QueryReport {
  std::int64_t rows = 0;  ///< given
  DamagedRows damaged;
  std::vector<std::string> plan;  ///< what was done, a line each, for people: -explain
};

/// The answer, a row at a time: rows of the file, each a checked copy, or groups. Must not outlive the record file.
class Rows {
 public:
  /// Of the file, or of the groups: the fields, then one for each aggregate ("count", "median_fwhm").
  const Schema& schema() const;
  /// Goes to the first or next row. False at the end, and after a failure: see status().
  bool next();
  /// Valid until the next next().
  RecordView record() const;
  /// Row number in the file from 0; of groups their number.
  std::int64_t number() const;
  /// Why next() ended too early: io (no room for a temporary file). Damaged rows are no failure; report() has them.
  const Status& status() const;
  const QueryReport& report() const;

  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

 private:
  friend class Query;
  struct State;
  explicit Rows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A question, put together call by call. A mistake in a text shows when the answer is asked for:
/// not_found (no such field), invalid (the message says what and where).
/// The values of one expression, one for each row.
struct Column {
  FieldInfo shape;                     ///< name, unit, meaning; time or plain
  bool is_text = false;                ///< a text, or a field of words
  std::vector<double> numbers{};       ///< times are seconds since 1970 UTC, conditions 1 and 0; NaN: not known
  std::vector<std::uint32_t> codes{};  ///< of texts: places in `texts`
  std::vector<std::string> texts{};    ///< the different ones in order, case-blind, then by bytes; "" is not known
};

struct Columns {
  std::int64_t rows = 0;
  std::vector<Column> columns;
  QueryReport report;
};

class Query {
 public:
  /// All rows that are not deleted, in file order. The file must outlive the query.
  explicit Query(const RecordFile& file);

  /// Instead of all that are not deleted.
  Query& select(Selection selection);
  /// Of these, the rows for which a condition holds (man 7 imreg-expression): "exptime > 60 and filter in ('r', 'i')".
  /// Called again: both must hold.
  Query& where(std::string_view condition);
  /// What NOW is and in which zone dates are typed, for conditions and keys.
  Query& settings(ExpressionSettings settings);
  /// "-obstime,filename": the most important key first; `-` is descending. Rows that agree stay in file order. What is
  /// not known (NaN, Elixir's 0, an empty text) is last in both directions; texts are case-blind, then by bytes; words
  /// (type, mode) by their letters. Fields, elements (teltemp[2]), or expressions (fwhm * 0.187).
  Query& sort(std::string_view keys);
  /// Of the whole sorted result. A damaged row takes no place in it: it is reported.
  Query& limit(std::int64_t rows);
  /// With an index many rows are passed over unread, so that damaged ones among them count.
  Query& offset(std::int64_t rows);
  /// Only the newest rows, by obstime; the oldest of them first unless sort() says otherwise. Of rows of the same time
  /// the later ones are newer; rows without a time are left out.
  Query& last(std::int64_t rows);
  /// One row for each filename and ccd: the first whose bias is measured, else the first.
  Query& unique();
  /// The first row, in file order, for each combination of these fields.
  Query& unique(std::string_view fields);
  /// One row for each combination of these fields (none: one row for all), exact also in case, with aggregates: count,
  /// and of a field count(x) min(x) max(x) first(x) last(x) sum(x) mean(x) median(x) stddev(x). What is not known does
  /// not count. sort() then takes the names of the result; without it groups come in the order of their fields.
  Query& group(std::string_view fields, std::string_view aggregates = "count");

  /// Threads; the answer does not depend on them. Default 1.
  Query& jobs(int threads);
  /// False: an index is left alone. Default true.
  Query& use_index(bool use);
  /// Bytes for sorting and grouping. Default 32 MiB.
  Query& memory(std::size_t bytes);
  /// Where temporary files go; default $TMPDIR, else /tmp.
  Query& temporary_folder(std::string folder);

  Result<Rows> rows() const;
  /// Calls `visit` with the number of each row of the answer, from 1, until it returns false.
  Result<QueryReport> each(const std::function<bool(std::int64_t index, RecordView)>& visit) const;
  /// How many rows the answer has. Rows are not read where that can be avoided, so damaged ones count.
  /// `report` is told what was done.
  Result<std::int64_t> count(QueryReport* report = nullptr) const;
  /// Fields, elements (teltemp[2]) or expressions (fwhm * 0.187) as vectors in memory, by all threads; not of groups. Without
  /// `checked`, order and amount the rows are taken as they stand: several times as fast, and a damaged one counts.
  Result<Columns> columns(const std::vector<std::string>& expressions, bool checked = true) const;

 private:
  struct Work;
  const RecordFile* file_;
  Selection selection_;
  std::vector<std::string> where_;
  ExpressionSettings settings_;
  std::string sort_;
  std::int64_t limit_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t offset_ = 0;
  std::optional<std::int64_t> last_;
  std::optional<std::string> unique_;  ///< empty: the registration's rule
  std::optional<std::string> group_;
  std::string aggregates_;
  int jobs_ = 1;
  bool use_index_ = true;
  std::size_t memory_ = std::size_t{32} << 20;
  std::string folder_;
};

}  // namespace imreg

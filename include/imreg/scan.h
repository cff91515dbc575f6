// Selections of rows, and the scan that finds them. Every condition must hold (AND); within one condition its
// alternatives are ORed; a negated condition must not hold.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imreg/record_file.h"
#include "imreg/sky_region.h"

namespace imreg {

struct Interval {
  double low;
  double high;  ///< included
};

/// What a text must be. Case-blind.
struct TextPattern {
  enum class How { exact, prefix, glob };
  std::string text;
  How how = How::exact;
};

class Selection;

/// One condition over one field (or two, or the whole record), as data: an index looks at what it asks for.
struct Condition {
  enum class Kind { codes, number, overlap, deleted, region, patterns, text, any, test };  ///< in the order of testing
  Kind kind = Kind::test;
  FieldInfo field;
  FieldInfo other;  ///< overlap: the length; region: the declination
  bool negate = false;
  std::vector<Interval> intervals;
  std::array<bool, 256> codes{};
  std::vector<TextPattern> patterns;
  std::vector<std::string>
      exact;  ///< those of `patterns`, in lower case and in order, when all are exact and they are many
  std::optional<SkyRegion> region;  ///< of a test: it holds nowhere else, of positions that are in the sky
  std::vector<Selection> branches;  ///< any: one of them matches
  std::function<bool(std::string_view)> text;
  std::function<bool(RecordView)> test;
  std::string what;  ///< of a test, for people: its text

  /// Remembers answers about texts: one thread at a time.
  bool holds(RecordView record) const;
  /// For kinds patterns and text: of a value of the field.
  bool holds_for(std::string_view value) const;

 private:
  mutable std::string last_text_;  ///< neighbours in a file usually agree
  mutable bool last_answer_ = false;
  mutable std::unordered_map<std::string, bool> answers_;
};

class Selection {
 public:
  /// Errors of all of these: not_found (the schema has no such field), mismatch (the field is of another type).

  /// A number field within one of the intervals. A value that is not known (NaN) is in none, also when negated.
  Status number(const Schema& schema, std::string_view field, std::vector<Interval> intervals, bool negate = false);
  /// A code field (u8, or i32 with words) that is one of these codes.
  Status codes(const Schema& schema, std::string_view field, const std::vector<int>& codes, bool negate = false);
  /// A text field for which `test` holds. Answers are remembered, for the last 4,096
  /// different texts, so it may be slow.
  Status text(const Schema& schema, std::string_view field, std::function<bool(std::string_view)> test,
              bool negate = false);
  /// A text field (usually different in every row) that begins with `pattern`, or matches it when it is a glob; case-blind.
  Status name(const Schema& schema, std::string_view field, std::string pattern, bool negate = false);
  /// A text field that matches one of the patterns.
  Status patterns(const Schema& schema, std::string_view field, std::vector<TextPattern> patterns, bool negate = false);
  /// The exposure [start, start + length] overlaps one of the intervals, both ends included.
  Status overlap(const Schema& schema, std::string_view start, std::string_view length, std::vector<Interval> intervals,
                 bool negate = false);
  /// The position (two number fields, degrees) lies in the region. Without a position it is in none, also when negated.
  Status region(const Schema& schema, std::string_view ra, std::string_view dec, SkyRegion region, bool negate = false);
  /// Anything else about a record. Several threads may call `test` at the same time. `what` tells people what it asks.
  void test(std::function<bool(RecordView)> test, std::string what, bool negate = false);
  /// The same of a test that can hold only within a region of the sky, for the fields ra and dec.
  Status test_within(const Schema& schema, SkyRegion region, std::function<bool(RecordView)> test, std::string what);
  /// One of these matches.
  void any(std::vector<Selection> branches);
  /// Rows that are marked as deleted are left out, where the format knows such rows.
  void without_deleted(const Schema& schema);

  /// A selection remembers answers while it works: one thread at a time, each thread with a copy.
  bool matches(RecordView record) const {
    for (const auto& condition : conditions_) {
      if (!condition.holds(record)) return false;
    }
    return true;
  }
  const std::vector<Condition>& conditions() const { return conditions_; }
  void add(Condition condition);

 private:
  std::vector<Condition> conditions_;
};

struct ScanOptions {
  int jobs = 1;           ///< threads that test rows
  bool use_index = true;  ///< false: every row is looked at
  std::int64_t from = 0;  ///< rows before this are passed over
};

/// Rows that could not be given. They may be millions: all are counted, the first are named.
struct DamagedRows {
  static constexpr std::size_t kMostNamed = 1000;
  std::int64_t count = 0;
  std::vector<Status> first;  ///< corrupt, with file and record

  bool empty() const { return count == 0; }
  void add(Status status);
  void add(DamagedRows more);
};

/// What happened in a scan.
struct ScanReport {
  std::int64_t matched = 0;
  std::int64_t looked_at = 0;  ///< rows whose bytes were tested
  DamagedRows damaged;
  std::vector<std::string> plan;  ///< what was done, a line each, for people: -explain
};

/// Row numbers, each once, in file order. Never more memory than 32 MiB or one bit for each row of the file.
class RowSet {
 public:
  /// For rows below `count`; others are not taken.
  explicit RowSet(std::int64_t count) : count_(count) {}
  void add(std::int64_t row);
  void add_range(std::int64_t from, std::int64_t end);
  /// To be called behind the last add(): order, no row twice.
  void finish();
  std::int64_t size() const { return size_; }
  /// In file order from row `from` on, until `visit` returns false.
  void each(std::int64_t from, const std::function<bool(std::int64_t row)>& visit) const;

 private:
  void make_bits();
  std::int64_t count_;
  std::int64_t size_ = 0;
  std::vector<std::uint64_t> rows_;
  std::vector<std::uint64_t> bits_;  ///< instead of rows_ when there are many
};

/// Visits the rows that match, in file order; each is a checked copy that is valid during the call, which is made by the
/// calling thread. `visit` returns false to stop.
ScanReport scan(const RecordFile& file, const Selection& selection, const ScanOptions& options,
                const std::function<bool(std::int64_t row, RecordView)>& visit);

/// The numbers of all rows that match as they stand: to be read and tested again when they are returned.
RowSet find_rows(const RecordFile& file, const Selection& selection, const ScanOptions& options,
                 ScanReport* report = nullptr);

/// How many rows match. By the fields as they stand: rows are not checked.
std::int64_t count_matches(const RecordFile& file, const Selection& selection, const ScanOptions& options = {},
                           ScanReport* report = nullptr);

/// The same in the order of obstime, equal times in file order, unknown ones last. False, and nothing is visited, when no
/// index can tell the order: the caller sorts.
bool scan_by_time(const RecordFile& file, const Selection& selection, bool newest_first, ScanReport& report,
                  const std::function<bool(std::int64_t row, RecordView)>& visit);

/// How many of the rows that match have each combination of values, if the index can tell it alone. Values are the bytes
/// of the fields in a record. They are codes, or one text; with `group_of_time` also groups of obstime, by what it makes
/// of a record with nothing but a time: values then end with the bytes of one time of the group.
struct ValueCount {
  std::vector<std::string> values;
  std::int64_t rows = 0;
};
std::optional<std::vector<ValueCount>> count_values(const RecordFile& file, const Selection& selection,
                                                    const std::vector<const FieldInfo*>& fields, ScanReport& report,
                                                    const std::function<std::string(RecordView)>& group_of_time = {});

/// The different texts of a field that begin with `prefix` (bytes; of an empty one all), and how many rows have each, deleted
/// rows too; in order. By an index that takes no time for other texts, else by looking at every row.
struct TextCount {
  std::string text;
  std::int64_t rows = 0;
};
std::vector<TextCount> texts_from(const RecordFile& file, const FieldInfo& field, std::string_view prefix);
/// How many rows have a text that is `folder` or begins with folder/ (case-blind), deleted rows too. By an index that takes
/// microseconds however many they are. Not `exactly`: perhaps more, for rows that have changed since, and sooner.
std::int64_t count_in_folder(const RecordFile& file, const FieldInfo& field, const std::string& folder, bool exactly);

/// The row of the n-th match, from 0, in file order, or the number of rows when there are not so many; if the index can
/// tell it alone. Rows before it are not read, so that damaged ones count.
std::optional<std::int64_t> row_of_match(const RecordFile& file, const Selection& selection, std::int64_t n,
                                         ScanReport& report);

}  // namespace imreg

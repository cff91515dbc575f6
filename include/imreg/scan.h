// Selections of rows, and the scan that finds them. Every condition must hold (AND); within one condition its
// alternatives are ORed; a negated condition must not hold.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imreg/record_file.h"

namespace imreg {

struct Interval {
  double low;
  double high;  ///< included
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
  /// The exposure [start, start + length] overlaps one of the intervals, both ends included.
  Status overlap(const Schema& schema, std::string_view start, std::string_view length, std::vector<Interval> intervals,
                 bool negate = false);
  /// Rows that are marked as deleted are left out, where the format knows such rows.
  void without_deleted(const Schema& schema);

  /// A selection remembers answers while it works: one thread at a time.
  bool matches(RecordView record) const;

 private:
  enum class Kind { codes, number, overlap, deleted, name, text };  ///< in the order in which they are tested
  struct Condition {
    Kind kind;
    FieldInfo field;
    FieldInfo length;  ///< overlap only
    bool negate = false;
    std::vector<Interval> intervals;
    std::array<bool, 256> codes{};
    std::string pattern;
    bool glob = false;
    std::function<bool(std::string_view)> test;
    mutable std::string last_text;  ///< neighbours in a file usually agree
    mutable bool last_answer = false;
    mutable std::unordered_map<std::string, bool> answers;
  };
  static Result<Condition> make(const Schema& schema, std::string_view field, Kind kind, bool negate);
  void add(Condition condition);
  static bool holds(const Condition& condition, RecordView record);
  /// Calls `visit(row)` for each row that matches as it stands, until it returns false.
  template <class Visit>
  void each_candidate(const RecordFile& file, const Visit& visit) const;
  friend struct ScanReport scan(const RecordFile&, const Selection&,
                                const std::function<bool(std::int64_t, RecordView)>&);
  friend std::int64_t count_matches(const RecordFile&, const Selection&);
  std::vector<Condition> conditions_;
};

/// What happened in a scan.
struct ScanReport {
  std::int64_t matched = 0;
  std::vector<Status> damaged;  ///< rows that could not be returned: corrupt, with file and record
};

/// Visits the rows that match, in file order; each is a checked copy that is valid during the call. `visit` returns false to stop.
ScanReport scan(const RecordFile& file, const Selection& selection,
                const std::function<bool(std::int64_t row, RecordView)>& visit);

/// How many rows match. By the fields as they stand: rows are not checked.
std::int64_t count_matches(const RecordFile& file, const Selection& selection);

}  // namespace imreg

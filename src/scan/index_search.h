// What an index can say about a selection: which rows may match, how many match, which come first in time.
//
// For each segment the cheapest of these ways gives candidates: a slice of the order of time, whose rows are tested by their
// columns of codes; the zones of a region of the sky; the rows of some texts. Rows that the segments do not know (newer ones,
// changed ones) are always candidates. The caller looks at the record of each.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "imreg/scan.h"
#include "scan/index_file.h"

namespace imreg::index {

class IndexSearch {
 public:
  /// Nothing when there is no index for the file; the report's plan then says why.
  static std::optional<IndexSearch> open(const RecordFile& file, const Selection& selection, ScanReport& report);

  /// Candidates, or false: looking at every row is cheaper, or the index is damaged. The plan says what was done.
  /// `in_place`: the caller looks at each where it stands and does not copy it.
  bool find(RowSet& rows, ScanReport& report, bool in_place = false);
  /// The number of matching rows, when the columns alone can tell it (and the few rows outside the segments).
  std::optional<std::int64_t> count(ScanReport& report);
  std::optional<std::vector<ValueCount>> count_values(const std::vector<const FieldInfo*>& fields, ScanReport& report);
  /// The same by one field of texts, or by fields of codes and groups of times (see index_rows.h).
  std::optional<std::vector<ValueCount>> count_texts(const FieldInfo& field, ScanReport& report);
  std::optional<std::vector<ValueCount>> count_moments(const std::vector<const FieldInfo*>& fields,
                                                       const std::function<std::string(RecordView)>& group,
                                                       ScanReport& report);
  /// Of a selection of all rows.
  std::optional<std::vector<TextCount>> texts_from(const FieldInfo& field, std::string_view prefix, ScanReport& report);
  std::optional<std::int64_t> count_in_folder(const FieldInfo& field, const std::string& folder, bool exactly,
                                              ScanReport& report);
  /// The row of the n-th match, from 0, when the columns alone can tell it.
  std::optional<std::int64_t> row_of_match(std::int64_t n, ScanReport& report);
  /// Candidates in the order of time; `visit` returns false to stop. False when the index has no such order or is damaged;
  /// rows may have been visited before that turns out (see `visited`).
  bool by_time(bool newest_first, ScanReport& report, const std::function<bool(std::int64_t row)>& visit);

  IndexSearch(IndexSearch&&) noexcept;
  IndexSearch& operator=(IndexSearch&&) noexcept;
  ~IndexSearch();

 private:
  class State;
  explicit IndexSearch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace imreg::index

// What an index tells from its columns alone, beside counts of codes: which row is the n-th that matches, how many matching
// rows have each text of a field, and how many each group of moments.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "imreg/scan.h"
#include "scan/index_file.h"
#include "scan/segment_search.h"

namespace imreg::index {

/// The bytes of a field as a segment keeps them: a text with nothing behind its end.
std::string value_of_record(RecordView record, const FieldInfo& field);

constexpr std::size_t kMostGroups = 32768;  ///< each of them is a record for who asks
/// Nothing when they are more.
std::optional<std::vector<ValueCount>> counts_of(const std::map<std::vector<std::string>, std::int64_t>& counts);

/// An index and a selection that its columns decide.
struct DecidedSearch {
  const RecordFile& file;
  const Selection& selection;
  const Index& index;
  std::vector<SegmentSearch>& segments;
  PageReader& pages;  ///< its status tells whether a page is damaged: then no answer counts
  std::function<bool(std::size_t segment, std::int64_t row)> believed;
  std::function<bool(std::size_t segment)> all_believed;
  std::function<void(const std::function<void(std::int64_t row)>&)> each_outside;
};

/// The row of the n-th match, from 0, in file order; count() of the file when there are not so many.
std::int64_t row_of_match(const DecidedSearch& search, std::int64_t n);

/// Nothing: there are too many texts, or the field has none in the index.
std::optional<std::vector<ValueCount>> count_texts(const DecidedSearch& search, const FieldInfo& field);

/// The different texts of a field that begin with `prefix` (case-blind), and how many rows have each. Nothing: the field has
/// none in the index.
std::optional<std::vector<TextCount>> texts_from(const DecidedSearch& search, const FieldInfo& field,
                                                 std::string_view prefix);

/// See imreg::count_in_folder().
std::optional<std::int64_t> count_in_folder(const DecidedSearch& search, const FieldInfo& field,
                                            const std::string& folder, bool exactly);

/// By fields of codes, and by what `group` makes of a record with nothing but a time; values end with the bytes of one
/// time of the group. Nothing: there are too many groups.
std::optional<std::vector<ValueCount>> count_moments(const DecidedSearch& search,
                                                     const std::vector<const FieldInfo*>& fields,
                                                     const std::function<std::string(RecordView)>& group);

}  // namespace imreg::index

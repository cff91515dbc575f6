// What the options of imsearch mean for a record file: filters as conditions of a Selection, conditions, a writer.
#pragma once

#include <memory>
#include <string_view>

#include "imreg/date.h"
#include "imreg/expression.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "imreg/scan.h"
#include "imreg/schema.h"
#include "registry/path_roots.h"

namespace imreg {

/// All filters of a search, and the rule that deleted rows are not found. Error: invalid, beginning with the option.
Result<Selection> make_selection(const SearchOptions& options, const Schema& schema);

/// The one type that a filter names. Error: invalid (a list, a negation, a word that is none).
Result<int> one_type(const SearchFilter& filter, const Schema& schema);

/// What a word means as a value of a filter's field (type, mode); as true or false (dist). Errors: invalid, beginning with the option.
Result<int> code_of_word(const std::string& option, const std::string& word, const Schema& schema);
Result<bool> truth_of_word(const std::string& option, const std::string& word);

/// The two words of -trange: a date, and another one, in any order, or a length from it on. Error: invalid.
Result<TimeRange> parse_time_range(std::string_view date, std::string_view until, const DateSettings& dates);

/// For conditions: dates, and paths as they are printed. `roots` must outlive it.
ExpressionSettings expression_settings(const SearchOptions& options, const PathRoots& roots);
/// Adds every -where. Error: invalid, beginning with the option, in three lines.
Status add_conditions(const SearchOptions& options, const Schema& schema, const ExpressionSettings& settings,
                      Selection& selection);

/// How many threads, and whether the index is asked.
ScanOptions scan_options(const SearchOptions& options);

/// What the writer of rows needs to know. `roots` must outlive it.
EmitOptions emit_options(const SearchOptions& options, const PathRoots& roots);

}  // namespace imreg

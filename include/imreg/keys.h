// What there is in header tables: tables, keywords, and which values they have.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/date.h"
#include "imreg/emit.h"
#include "imreg/status.h"

namespace imreg {

struct KeyOptions {
  std::string folder;  ///< that imingest wrote
  /// A table, whose keywords are told; else a keyword, or a pattern (DATE*), told of each table that has it; a pattern that only
  /// tables match: these tables. Empty: all tables.
  std::string word;
  std::vector<std::string> tables;  ///< only these; names or patterns
  std::vector<std::string> where;   ///< only rows for which all hold; tables without their fields are left out
  /// A table that cannot be read, when others can be told. Without it such a table ends the list with its error.
  std::function<void(const Status&)> on_fault;
  /// What the lines do not say: that a table has values which are in no column.
  std::function<void(const std::string&)> on_note;
  DateSettings dates;
  int jobs = 0;  ///< threads; 0: as many as there are processors
  std::string format = "table";
  EmitOptions emit;
};

/// Writes a line for each table, with the fields table, rows, keywords, others, files, bytes, written; or for each keyword of a table, with
/// the fields table, keyword, type, unit, rows, values, min, max, common. Rows are taken as they stand, unchecked.
/// How many lines. Errors: not_found (no such table or keyword, with near names), invalid (-where), those of RecordFile::open.
Result<std::int64_t> list_keys(const KeyOptions& options, const Sink& sink);

/// The column that header tables have for a keyword: DATE_OBS for DATE-OBS.
std::string column_of_keyword(std::string_view keyword);

}  // namespace imreg

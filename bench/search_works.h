// The searches that search_bench times: the words for imsearch, and the same question in SQL.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/record.h"

namespace imreg::bench {

struct Work {
  std::string name;
  std::vector<std::string> words;  ///< behind imsearch -db F
  std::string sql;                 ///< behind SELECT ... FROM, for both peers
  std::string sqlite = {};         ///< instead of it for SQLite, when not empty
  bool ordered = false;            ///< the order of the lines is part of the answer; else any order is equal
  bool groups = false;             ///< each line is filter,type,count
  /// Whether the row belongs to the answer, by a naive test; empty: all rows do.
  std::function<bool(RecordView)> holds = {};
};

/// The works for a database of so many simulated rows. Windows and radii are such that the size of the answer depends little
/// on the number of rows: one night and half a degree at 10 million.
std::vector<Work> search_works(std::int64_t rows);

/// SELECT lists without the number of the row: as values, or as texts that are what imsearch prints, byte for byte but
/// for DuckDB's floats.
std::string row_values();
std::string row_texts_sqlite();
std::string row_texts_duckdb();  ///< in one column
std::string group_text();        ///< of works with groups, in one column

enum class Lines {
  numbered,      ///< the number of the row comes first
  plain,         ///< without it
  other_floats,  ///< without it, and floats have more digits than they need
};
/// What imsearch or a peer printed, comparable: no row numbers, no head line, any order when order does not count.
std::string comparable(const Work& work, const std::string& printed, Lines kind);

}  // namespace imreg::bench

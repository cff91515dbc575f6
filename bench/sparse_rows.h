// A database that is larger than the disk: the record file has holes where no search of the bench finds a row, and only what
// an index answers can be asked. The index is built from all rows, as they stream by.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/record.h"
#include "search_works.h"

namespace imreg::bench {

/// What wants to see every row once, in file order: the builder of an index.
struct RowWatcher {
  std::function<void(std::int64_t row, RecordView record)> add;
  std::function<void(const std::string& database)> finish;  ///< the record file is whole now
};

/// Makes the database when it is missing, or when its rows or the works are others now. Written are the rows that belong to
/// an answer, one exposure in a hundred of the rest, and the last one.
std::string sparse_database(std::int64_t rows, const std::vector<Work>& works, const RowWatcher& watcher);
/// What the work must print, without row numbers, in file order, by the naive test of every row; for works with `holds` that
/// are not ordered, and for groups.
std::string expected_output(const std::string& database, const Work& work);

}  // namespace imreg::bench

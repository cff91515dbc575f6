// A database that is larger than the disk: the record file has holes where no search of the bench finds a row, and only what
// an index answers can be asked. Its index has all rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search_works.h"

namespace imreg::bench {

/// Makes the database when it is missing, or when its rows or the works are others now. Written are the rows that belong to
/// an answer, one exposure in a hundred of the rest, and the last one.
std::string sparse_database(std::int64_t rows, const std::vector<Work>& works);
/// What the work must print, without row numbers, in file order, by the naive test of every row; for works with `holds` that
/// are not ordered, and for groups.
std::string expected_output(const std::string& database, const Work& work);

}  // namespace imreg::bench

// LMDB with the same records, for comparison: a table by row number and, where asked, indexes by time, by filter, type, ccd and
// time, by name, and by a cell of the sky, each kept in its transaction.
#pragma once

#include <cstdint>
#include <string>

namespace imreg::bench {

/// Writes `rows` (records of regimage) into a new environment in transactions of `group` rows, each durable. Seconds.
double lmdb_bulk(const std::string& folder, const std::string& rows, std::int64_t group, bool indexed);

}  // namespace imreg::bench

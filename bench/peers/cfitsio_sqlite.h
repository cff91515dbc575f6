// imingest's work as CFITSIO and SQLite do it: a table for each kind of HDU, a column for each keyword, the whole header as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace imreg::bench {

/// Reads every header of these files into the new database `path`, a transaction for each `batch` files, durable when it returns
/// (WAL, synchronous=FULL). The table of an HDU is that of its EXTNAME without number, or `primary`. How many headers.
std::int64_t cfitsio_to_sqlite(const std::vector<std::string>& files, const std::string& path, std::size_t batch);

}  // namespace imreg::bench

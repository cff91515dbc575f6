// SQLite as a peer of searches: the copy of a database that a good user would make, and prepared queries on it.
#pragma once

#include <sqlite3.h>

#include <string>

namespace imreg::bench {

/// A copy of a database with indexes (night, filter + type + ccd + night, name without case, R*Tree of positions), made once;
/// returns its path. Floats are stored as the decimals that people would have given.
std::string sqlite_with_indexes(const std::string& database);

/// A prepared query on an open database, read-only, mapped, with 256 MiB of cache.
class SqliteQuery {
 public:
  enum class Columns {
    values,  ///< of row_values() (search_works.h): made text by hand, in C++
    texts    ///< any: joined by blanks
  };
  SqliteQuery(const std::string& path, const std::string& sql, Columns columns);
  ~SqliteQuery();
  SqliteQuery(const SqliteQuery&) = delete;
  SqliteQuery& operator=(const SqliteQuery&) = delete;
  /// The result as text, each line as imsearch prints it (without the number).
  std::string run();

 private:
  sqlite3* db_ = nullptr;
  sqlite3_stmt* query_ = nullptr;
  Columns columns_;
};

}  // namespace imreg::bench

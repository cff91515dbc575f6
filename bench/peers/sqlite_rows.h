// SQLite as a peer: one table `images` with a column for every field of a record, the same values in it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "imreg/record_file.h"

namespace imreg::bench {

/// An open SQLite database with the table, and a prepared INSERT for it.
class SqliteRows {
 public:
  /// Makes the table when it is missing. WAL and synchronous=FULL: a commit is durable when it returns.
  enum class Floats { exact, decimal };  ///< decimal: 0.1F as the double 0.1, which is what a user would have inserted
  SqliteRows(const std::string& path, const Schema& schema, Floats floats = Floats::exact);
  ~SqliteRows();
  SqliteRows(const SqliteRows&) = delete;
  SqliteRows& operator=(const SqliteRows&) = delete;

  void run(const std::string& sql);
  void insert(RecordView row);
  std::int64_t number(const std::string& sql);
  sqlite3* handle() { return db_; }

 private:
  const Schema& schema_;
  Floats floats_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

/// A copy of a database's rows, made when missing; without indexes.
void sqlite_copy(const std::string& database, const std::string& path);
/// Opens `path` and returns the number that a query gives.
std::int64_t sqlite_number(const std::string& path, const std::string& sql);

}  // namespace imreg::bench

// DuckDB as a peer, by the C interface of its shared library (the npm package @duckdb/node-bindings-*, fetched by
// peers/get_duckdb.sh), which is loaded when it is there: one table `images` with a column for every field of a record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "imreg/schema.h"

namespace imreg {
class RecordFile;
}

namespace imreg::bench {

/// Where libduckdb.so is: $IMREG_DUCKDB, else below the folder of the benches. Empty: it is not there.
std::string duckdb_library();

/// An open DuckDB database with two threads. What fails ends the program.
class Duckdb {
 public:
  Duckdb(const std::string& path, bool read_only);
  ~Duckdb();
  Duckdb(const Duckdb&) = delete;
  Duckdb& operator=(const Duckdb&) = delete;

  /// A prepared statement, to be used any number of times as long as this object lives.
  void* prepare(const std::string& sql);
  /// Runs it and fetches all chunks of its result. Texts of column 0, a line each, are added to `text` when it is given.
  std::int64_t run(void* statement, std::string* text = nullptr);
  void run(const std::string& sql);
  /// Appends all rows of a file to the table `images`.
  void append(const RecordFile& file);

 private:
  std::vector<void*> statements_;
  void* database_ = nullptr;
  void* connection_ = nullptr;
};

/// The column list of CREATE TABLE: the same columns with the same types.
std::string duckdb_columns(const Schema& schema);

}  // namespace imreg::bench

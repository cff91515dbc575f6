// DuckDB as a whole process: duckdb_query DATABASE SQL prints the texts of the first column. Its own shell is no npm
// package, and node takes longer to start than most queries take.
#include <unistd.h>

#include <string>

#include "bench_data.h"
#include "peers/duckdb_rows.h"

int main(int argc, char** argv) {
  if (argc != 3) imreg::bench::die("usage: duckdb_query DATABASE SQL");
  imreg::bench::Duckdb database(argv[1], std::string_view(argv[1]) != ":memory:");
  std::string text;
  database.run(database.prepare(argv[2]), &text);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = ::write(1, text.data() + at, text.size() - at);
    if (written < 0) return 3;
    at += static_cast<std::size_t>(written);
  }
  return 0;
}

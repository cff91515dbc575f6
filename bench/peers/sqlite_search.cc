// Gives SQLite's copy its indexes, and runs prepared queries on it.
#include "peers/sqlite_search.h"

#include <filesystem>

#include "bench_data.h"
#include "imreg/record_file.h"
#include "peers/row_text.h"
#include "peers/sqlite_rows.h"

namespace imreg::bench {

namespace {

// Rows come in the order of time, so the table is nearly clustered by it. The composite index holds all that counts by
// filter and type need. LIKE uses an index on text without case.
constexpr const char* kIndexes[] = {
    "CREATE INDEX by_time ON images (obstime, exptime, deleted)",
    "CREATE INDEX by_kind ON images (filter, type, ccd, obstime, exptime, deleted)",
    "CREATE INDEX by_name ON images (filename COLLATE NOCASE, pathname, extension, slice)",
    "CREATE VIRTUAL TABLE positions USING rtree(id, ra0, ra1, dec0, dec1)",
    "INSERT INTO positions SELECT rowid, ra, ra, dec, dec FROM images WHERE ra IS NOT NULL ORDER BY CAST(dec AS "
    "INTEGER), ra",
    "ANALYZE",
};

[[noreturn]] void fail(sqlite3* db, const std::string& what) { die("SQLite: " + what + ": " + sqlite3_errmsg(db)); }

std::string_view text_of(sqlite3_stmt* query, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(query, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(query, column))};
}

}  // namespace

std::string sqlite_with_indexes(const std::string& database) {
  std::string all;
  for (const char* sql : kIndexes) all += sql;
  const std::string path = database + "." + short_hash(all) + ".indexed.sqlite";
  if (std::filesystem::exists(path)) return path;
  const auto file = RecordFile::open(database);
  if (!file) die(file.status().text());
  const std::string part = path + ".part";
  std::filesystem::remove(part);
  {
    SqliteRows rows(part, file->schema(), SqliteRows::Floats::decimal);
    for (const char* pragma : {"journal_mode=OFF", "synchronous=OFF", "cache_size=-2000000", "threads=2"})
      rows.run(std::string("PRAGMA ") + pragma);
    Record scratch = file->make_record();
    rows.run("BEGIN");
    for (std::int64_t row = 0; row < file->count(); ++row) rows.insert(file->peek(row, scratch));
    rows.run("COMMIT");
    for (const char* sql : kIndexes) rows.run(sql);
  }
  std::filesystem::rename(part, path);
  return path;
}

SqliteQuery::SqliteQuery(const std::string& path, const std::string& sql, Columns columns) : columns_(columns) {
  if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) fail(db_, path);
  sqlite3_exec(db_, "PRAGMA mmap_size=8589934592; PRAGMA cache_size=-262144", nullptr, nullptr, nullptr);
  if (sqlite3_prepare_v3(db_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &query_, nullptr) != SQLITE_OK)
    fail(db_, sql);
}

SqliteQuery::~SqliteQuery() {
  sqlite3_finalize(query_);
  sqlite3_close(db_);
}

std::string SqliteQuery::run() {
  std::string text;
  char line[512];
  const int count = sqlite3_column_count(query_);
  int code;
  while ((code = sqlite3_step(query_)) == SQLITE_ROW) {
    if (columns_ == Columns::texts) {
      for (int i = 0; i < count; ++i) text.append(text_of(query_, i)) += i + 1 < count ? ' ' : '\n';
      continue;
    }
    char* out = put(line, kTypes[static_cast<std::size_t>(sqlite3_column_int(query_, 0))]);
    out = put_word(out, kModes[static_cast<std::size_t>(sqlite3_column_int(query_, 1))]);
    *out++ = ' ';
    out = std::to_chars(out, out + 8, sqlite3_column_int(query_, 2)).ptr;
    for (int i = 3; i < 6; ++i) out = put_word(out, text_of(query_, i));
    out = put_real(out, static_cast<float>(sqlite3_column_double(query_, 6)));
    out = put_time(out, sqlite3_column_double(query_, 7));
    for (int i = 8; i < 11; ++i) out = put_real(out, static_cast<float>(sqlite3_column_double(query_, i)));
    *out++ = '\n';
    text.append(line, static_cast<std::size_t>(out - line));
  }
  if (code != SQLITE_DONE) fail(db_, "step");
  sqlite3_reset(query_);
  return text;
}

}  // namespace imreg::bench

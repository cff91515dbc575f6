// Copies the records of a database into a table of SQLite.
#include "peers/sqlite_rows.h"

#include <charconv>
#include <filesystem>

#include "bench_data.h"

namespace imreg::bench {

namespace {

[[noreturn]] void fail(sqlite3* db, const std::string& what) { die("SQLite: " + what + ": " + sqlite3_errmsg(db)); }

std::string columns(const Schema& schema) {
  std::string out;
  for (const auto& field : schema.fields) {
    const bool text = field.type == Type::text;
    const char* type = text ? " TEXT" : field.type == Type::f32 || field.type == Type::f64 ? " REAL" : " INTEGER";
    for (int i = 0; i < (text ? 1 : field.count); ++i) {
      out += (out.empty() ? "" : ", ") +
             ("\"" + field.name + (text || field.count == 1 ? "" : std::to_string(i)) + "\"") + type;
    }
  }
  return out;
}

double shortest_decimal(float value) {
  char text[64];
  double out = static_cast<double>(value);  // also NaN
  if (value == value) std::from_chars(text, std::to_chars(text, text + sizeof text, value).ptr, out);
  return out;
}

}  // namespace

SqliteRows::SqliteRows(const std::string& path, const Schema& schema, Floats floats)
    : schema_(schema), floats_(floats) {
  if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) fail(db_, path);
  run("PRAGMA journal_mode=WAL");
  run("PRAGMA synchronous=FULL");
  run("CREATE TABLE IF NOT EXISTS images (" + columns(schema) + ")");
  std::string sql = "INSERT INTO images VALUES (?";
  for (const char c : columns(schema)) sql += c == ',' ? ", ?" : "";
  if (sqlite3_prepare_v2(db_, (sql + ")").c_str(), -1, &insert_, nullptr) != SQLITE_OK) fail(db_, sql);
}

SqliteRows::~SqliteRows() {
  sqlite3_finalize(insert_);
  sqlite3_close(db_);
}

void SqliteRows::run(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(db_, sql);
}

// Straight from the bytes, so that little but SQLite's own work is measured. SQLite stores NaN as NULL.
void SqliteRows::insert(RecordView row) {
  int at = 1;
  for (const auto& field : schema_.fields) {
    const char* from = row.bytes() + field.offset;
    if (field.type == Type::text) {
      const auto text = load(row.bytes(), Field<Text>{field.offset, field.count});
      sqlite3_bind_text(insert_, at++, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
      continue;
    }
    for (int i = 0; i < field.count; ++i, ++at, from += size_of(field.type)) {
      switch (field.type) {
        case Type::boolean: sqlite3_bind_int(insert_, at, *from == 'T' ? 1 : 0); break;
        case Type::u8: sqlite3_bind_int(insert_, at, load_big<std::uint8_t>(from)); break;
        case Type::i16: sqlite3_bind_int(insert_, at, load_big<std::int16_t>(from)); break;
        case Type::i32: sqlite3_bind_int(insert_, at, load_big<std::int32_t>(from)); break;
        case Type::u32: sqlite3_bind_int64(insert_, at, load_big<std::uint32_t>(from) ^ 0x80000000U); break;
        case Type::raw_u32: sqlite3_bind_int64(insert_, at, load_big<std::uint32_t>(from)); break;
        case Type::i64: sqlite3_bind_int64(insert_, at, load_big<std::int64_t>(from)); break;
        case Type::f32: {
          const float value = load_big<float>(from);
          sqlite3_bind_double(insert_, at,
                              floats_ == Floats::exact ? static_cast<double>(value) : shortest_decimal(value));
          break;
        }
        case Type::f64: sqlite3_bind_double(insert_, at, load_big<double>(from)); break;
        case Type::text: break;
      }
    }
  }
  if (sqlite3_step(insert_) != SQLITE_DONE) fail(db_, "INSERT");
  sqlite3_reset(insert_);
}

std::int64_t SqliteRows::number(const std::string& sql) {
  sqlite3_stmt* query = nullptr;
  if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &query, nullptr) != SQLITE_OK || sqlite3_step(query) != SQLITE_ROW)
    fail(db_, sql);
  const std::int64_t out = sqlite3_column_int64(query, 0);
  sqlite3_finalize(query);
  return out;
}

void sqlite_copy(const std::string& database, const std::string& path) {
  const auto file = RecordFile::open(database);
  if (!file) die(file.status().text());
  {
    SqliteRows old(path, file->schema());
    if (old.number("SELECT count(*) FROM images") == file->count()) return;
  }
  for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(path + ending);
  SqliteRows rows(path, file->schema());
  Record scratch = file->make_record();
  rows.run("BEGIN");
  for (std::int64_t row = 0; row < file->count(); ++row) rows.insert(file->peek(row, scratch));
  rows.run("COMMIT");
}

std::int64_t sqlite_number(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) fail(db, path);
  sqlite3_exec(db, "PRAGMA mmap_size=8589934592", nullptr, nullptr, nullptr);
  sqlite3_stmt* query = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &query, nullptr) != SQLITE_OK || sqlite3_step(query) != SQLITE_ROW)
    fail(db, sql);
  const std::int64_t out = sqlite3_column_int64(query, 0);
  sqlite3_finalize(query);
  sqlite3_close(db);
  return out;
}

}  // namespace imreg::bench

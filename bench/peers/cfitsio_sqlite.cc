// As somebody would write it who knows both: cards are read once, statements are prepared once for each form of a table.
#include "peers/cfitsio_sqlite.h"

#include <fitsio.h>
#include <sqlite3.h>

#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "bench_data.h"

namespace imreg::bench {

namespace {

struct Value {
  char type = 'C';  // as fits_get_keytype says
  std::string text;
};

// A table that grows with the keywords that come.
struct Table {
  std::string name;
  std::unordered_map<std::string, int> columns{};  // number of the parameter
  sqlite3_stmt* insert = nullptr;
};

class Database {
 public:
  explicit Database(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) fail("open");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE files (number INTEGER PRIMARY KEY, path TEXT, hdus INTEGER)");
  }
  ~Database() {
    for (auto& [name, table] : tables_) sqlite3_finalize(table.insert);
    sqlite3_close(db_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
  }

  void add(const std::string& name, std::int64_t file, int hdu,
           const std::vector<std::pair<std::string, Value>>& values, const std::string& cards) {
    Table& table = table_of(name);
    for (const auto& [keyword, value] : values) {
      if (table.columns.contains(keyword)) continue;
      const char* const type = value.type == 'C' ? "TEXT" : value.type == 'F' ? "REAL" : "INTEGER";
      run("ALTER TABLE \"" + table.name + "\" ADD COLUMN \"" + keyword + "\" " + type);
      table.columns.emplace(keyword, kOwn + static_cast<int>(table.columns.size()) + 1);
      sqlite3_finalize(table.insert);
      table.insert = nullptr;
    }
    if (!table.insert) prepare(table);
    sqlite3_clear_bindings(table.insert);
    sqlite3_bind_int64(table.insert, 1, file);
    sqlite3_bind_int(table.insert, 2, hdu);
    sqlite3_bind_text(table.insert, 3, cards.data(), static_cast<int>(cards.size()), SQLITE_STATIC);
    for (const auto& [keyword, value] : values) {
      const int at = table.columns.at(keyword);
      switch (value.type) {
        case 'I': sqlite3_bind_int64(table.insert, at, std::strtoll(value.text.c_str(), nullptr, 10)); break;
        case 'F': sqlite3_bind_double(table.insert, at, std::strtod(value.text.c_str(), nullptr)); break;
        case 'L': sqlite3_bind_int(table.insert, at, value.text == "T"); break;
        default:
          sqlite3_bind_text(table.insert, at, value.text.data(), static_cast<int>(value.text.size()), SQLITE_STATIC);
      }
    }
    if (sqlite3_step(table.insert) != SQLITE_DONE) fail("insert");
    sqlite3_reset(table.insert);
  }

  void add_file(std::int64_t number, const std::string& path, int hdus) {
    run("INSERT INTO files VALUES (" + std::to_string(number) + ", '" + path + "', " + std::to_string(hdus) + ")");
  }

 private:
  static constexpr int kOwn = 3;
  [[noreturn]] void fail(const std::string& what) { die("SQLite: " + what + ": " + sqlite3_errmsg(db_)); }

  Table& table_of(const std::string& name) {
    const auto [at, is_new] = tables_.try_emplace(name, Table{name});
    if (is_new) run("CREATE TABLE \"" + name + "\" (\"file\" INTEGER, \"hdu\" INTEGER, \"cards of\" TEXT)");
    return at->second;
  }

  void prepare(Table& table) {
    std::string sql = "INSERT INTO \"" + table.name + "\" VALUES (?, ?, ?";
    for (std::size_t i = 0; i < table.columns.size(); ++i) sql += ", ?";
    if (sqlite3_prepare_v2(db_, (sql + ")").c_str(), -1, &table.insert, nullptr) != SQLITE_OK) fail(sql);
  }

  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, Table> tables_;
};

std::string text_of(const char* quoted) {
  std::string out(quoted);
  if (out.size() >= 2 && out.front() == '\'') out = out.substr(1, out.size() - 2);
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// One HDU: its cards, and each keyword with a value once.
void read_cards(fitsfile* file, std::string& cards, std::vector<std::pair<std::string, Value>>& values,
                std::string& extname) {
  int status = 0, count = 0;
  std::unordered_map<std::string, bool> seen;
  fits_get_hdrspace(file, &count, nullptr, &status);
  for (int i = 1; i <= count; ++i) {
    char card[FLEN_CARD], keyword[FLEN_KEYWORD], value[FLEN_VALUE], comment[FLEN_COMMENT], type = 'C';
    int length = 0;
    fits_read_record(file, i, card, &status);
    const std::size_t size = std::strlen(card);
    cards.append(card, size).append(80 - size, ' ');
    fits_get_keyname(card, keyword, &length, &status);
    fits_parse_value(card, value, comment, &status);
    if (value[0] == '\0' || keyword[0] == '\0' || std::strcmp(keyword, "COMMENT") == 0 ||
        std::strcmp(keyword, "HISTORY") == 0)
      continue;
    if (!seen.try_emplace(keyword, true).second) continue;
    fits_get_keytype(value, &type, &status);
    values.emplace_back(keyword, Value{type, type == 'C' ? text_of(value) : std::string(value)});
    if (std::strcmp(keyword, "EXTNAME") == 0) extname = values.back().second.text;
  }
  if (status != 0) die("CFITSIO: status " + std::to_string(status));
}

}  // namespace

std::int64_t cfitsio_to_sqlite(const std::vector<std::string>& files, const std::string& path, std::size_t batch) {
  Database database(path);
  std::int64_t headers = 0;
  std::string cards;
  std::vector<std::pair<std::string, Value>> values;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i % batch == 0) database.run("BEGIN");
    fitsfile* file = nullptr;
    int status = 0, hdus = 0;
    fits_open_diskfile(&file, files[i].c_str(), READONLY, &status);
    fits_get_num_hdus(file, &hdus, &status);
    for (int hdu = 0; hdu < hdus; ++hdu, ++headers) {
      fits_movabs_hdu(file, hdu + 1, nullptr, &status);
      cards.clear();
      values.clear();
      std::string extname = "primary";
      read_cards(file, cards, values, extname);
      database.add(extname, static_cast<std::int64_t>(i) + 1, hdu, values, cards);
    }
    fits_close_file(file, &status);
    if (status != 0) die("CFITSIO cannot read " + files[i]);
    database.add_file(static_cast<std::int64_t>(i) + 1, files[i], hdus);
    if (i % batch == batch - 1 || i + 1 == files.size()) database.run("COMMIT");
  }
  return headers;
}

}  // namespace imreg::bench

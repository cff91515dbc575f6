// Loads DuckDB's library, copies a database into a table, and asks it.
#include "peers/duckdb_rows.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "bench_data.h"
#include "imreg/record_file.h"

namespace imreg::bench {

namespace fs = std::filesystem;

namespace {

// As in DuckDB's duckdb.h, stable since version 1.0.
struct DuckResult {
  std::uint64_t columns, rows, changed;
  void* data;
  char* error;
  void* internal;
};
struct DuckText {
  std::uint32_t size;
  char prefix[4];
  const char* pointer;  ///< of texts up to 12 bytes: the bytes behind `size`
  std::string_view view() const { return {size <= 12 ? prefix : pointer, size}; }
};

void* library() {
  static void* const handle = [] {
    const std::string path = duckdb_library();
    void* out = path.empty() ? nullptr : ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!out) die("cannot load DuckDB from " + path);
    return out;
  }();
  return handle;
}

// A function of the library by its name: call<int>("duckdb_connect", database, &connection).
template <class Out, class... In>
Out (*function(const char* name))(In...) {
  void* const address = ::dlsym(library(), name);
  if (!address) die(std::string("DuckDB has no function ") + name);
  return reinterpret_cast<Out (*)(In...)>(address);
}

struct Functions {
  int (*create_config)(void**) = function<int, void**>("duckdb_create_config");
  int (*set_config)(void*, const char*,
                    const char*) = function<int, void*, const char*, const char*>("duckdb_set_config");
  void (*destroy_config)(void**) = function<void, void**>("duckdb_destroy_config");
  int (*open_ext)(const char*, void**, void*,
                  char**) = function<int, const char*, void**, void*, char**>("duckdb_open_ext");
  void (*close)(void**) = function<void, void**>("duckdb_close");
  int (*connect)(void*, void**) = function<int, void*, void**>("duckdb_connect");
  void (*disconnect)(void**) = function<void, void**>("duckdb_disconnect");
  int (*prepare)(void*, const char*, void**) = function<int, void*, const char*, void**>("duckdb_prepare");
  const char* (*prepare_error)(void*) = function<const char*, void*>("duckdb_prepare_error");
  void (*destroy_prepare)(void**) = function<void, void**>("duckdb_destroy_prepare");
  int (*execute_prepared)(void*, DuckResult*) = function<int, void*, DuckResult*>("duckdb_execute_prepared");
  const char* (*result_error)(DuckResult*) = function<const char*, DuckResult*>("duckdb_result_error");
  void (*destroy_result)(DuckResult*) = function<void, DuckResult*>("duckdb_destroy_result");
  void* (*fetch_chunk)(DuckResult) = function<void*, DuckResult>("duckdb_fetch_chunk");
  std::uint64_t (*chunk_size)(void*) = function<std::uint64_t, void*>("duckdb_data_chunk_get_size");
  void* (*chunk_vector)(void*, std::uint64_t) = function<void*, void*, std::uint64_t>("duckdb_data_chunk_get_vector");
  void* (*vector_data)(void*) = function<void*, void*>("duckdb_vector_get_data");
  void (*destroy_chunk)(void**) = function<void, void**>("duckdb_destroy_data_chunk");
  int (*appender_create)(void*, const char*, const char*,
                         void**) = function<int, void*, const char*, const char*, void**>("duckdb_appender_create");
  const char* (*appender_error)(void*) = function<const char*, void*>("duckdb_appender_error");
  int (*end_row)(void*) = function<int, void*>("duckdb_appender_end_row");
  int (*appender_destroy)(void**) = function<int, void**>("duckdb_appender_destroy");
  int (*append_null)(void*) = function<int, void*>("duckdb_append_null");
  int (*append_bool)(void*, bool) = function<int, void*, bool>("duckdb_append_bool");
  int (*append_u8)(void*, std::uint8_t) = function<int, void*, std::uint8_t>("duckdb_append_uint8");
  int (*append_i16)(void*, std::int16_t) = function<int, void*, std::int16_t>("duckdb_append_int16");
  int (*append_i32)(void*, std::int32_t) = function<int, void*, std::int32_t>("duckdb_append_int32");
  int (*append_u32)(void*, std::uint32_t) = function<int, void*, std::uint32_t>("duckdb_append_uint32");
  int (*append_i64)(void*, std::int64_t) = function<int, void*, std::int64_t>("duckdb_append_int64");
  int (*append_f32)(void*, float) = function<int, void*, float>("duckdb_append_float");
  int (*append_f64)(void*, double) = function<int, void*, double>("duckdb_append_double");
  int (*append_text)(void*, const char*,
                     std::uint64_t) = function<int, void*, const char*, std::uint64_t>("duckdb_append_varchar_length");
};
const Functions& duck() {
  static const Functions functions;
  return functions;
}

const char* sql_type(Type type) {
  switch (type) {
    case Type::boolean: return "BOOLEAN";
    case Type::u8: return "UTINYINT";
    case Type::i16: return "SMALLINT";
    case Type::i32: return "INTEGER";
    case Type::u32:
    case Type::raw_u32: return "UINTEGER";
    case Type::i64: return "BIGINT";
    case Type::f32: return "FLOAT";
    case Type::f64: return "DOUBLE";
    case Type::text: break;
  }
  return "VARCHAR";
}

// NaN, which says that a value is not known, is NULL.
template <class T>
int append_real(void* appender, int (*append)(void*, T), const char* from) {
  const T value = load_big<T>(from);
  return value == value ? append(appender, value) : duck().append_null(appender);
}

int append_value(void* appender, const FieldInfo& field, const char* from) {
  switch (field.type) {
    case Type::boolean: return duck().append_bool(appender, *from == 'T');
    case Type::u8: return duck().append_u8(appender, load_big<std::uint8_t>(from));
    case Type::i16: return duck().append_i16(appender, load_big<std::int16_t>(from));
    case Type::i32: return duck().append_i32(appender, load_big<std::int32_t>(from));
    case Type::u32: return duck().append_u32(appender, load_big<std::uint32_t>(from) ^ 0x80000000U);
    case Type::raw_u32: return duck().append_u32(appender, load_big<std::uint32_t>(from));
    case Type::i64: return duck().append_i64(appender, load_big<std::int64_t>(from));
    case Type::f32: return append_real<float>(appender, duck().append_f32, from);
    case Type::f64: return append_real<double>(appender, duck().append_f64, from);
    case Type::text: break;
  }
  const auto text = trimmed(from, static_cast<std::size_t>(field.count));
  return duck().append_text(appender, text.data(), text.size());
}

}  // namespace

std::string duckdb_library() {
  if (const char* named = std::getenv("IMREG_DUCKDB")) return fs::exists(named) ? named : "";
  const fs::path packages = fs::path(data_folder()) / "npm/node_modules/@duckdb";
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(packages, none)) {
    if (const auto path = entry.path() / "libduckdb.so"; fs::exists(path)) return path.string();
  }
  return {};
}

std::string duckdb_columns(const Schema& schema) {
  std::string out;
  for (const auto& field : schema.fields) {
    const bool one = field.type == Type::text || field.count == 1;
    for (int i = 0; i < (one ? 1 : field.count); ++i)
      out += (out.empty() ? "\"" : ", \"") + field.name + (one ? "" : std::to_string(i)) + "\" " + sql_type(field.type);
  }
  return out;
}

Duckdb::Duckdb(const std::string& path, bool read_only) {
  void* config = nullptr;
  char* error = nullptr;
  if (duck().create_config(&config) != 0 || duck().set_config(config, "threads", "2") != 0 ||
      duck().set_config(config, "access_mode", read_only ? "READ_ONLY" : "READ_WRITE") != 0 ||
      duck().open_ext(path.c_str(), &database_, config, &error) != 0 || duck().connect(database_, &connection_) != 0)
    die("DuckDB: cannot open " + path + ": " + (error ? error : ""));
  duck().destroy_config(&config);
}

Duckdb::~Duckdb() {
  for (auto& statement : statements_) duck().destroy_prepare(&statement);
  duck().disconnect(&connection_);
  duck().close(&database_);
}

void* Duckdb::prepare(const std::string& sql) {
  void* statement = nullptr;
  if (duck().prepare(connection_, sql.c_str(), &statement) != 0)
    die("DuckDB: " + sql + ": " + duck().prepare_error(statement));
  statements_.push_back(statement);
  return statement;
}

std::int64_t Duckdb::run(void* statement, std::string* text) {
  DuckResult result{};
  if (duck().execute_prepared(statement, &result) != 0) die(std::string("DuckDB: ") + duck().result_error(&result));
  std::int64_t rows = 0;
  while (void* chunk = duck().fetch_chunk(result)) {
    const auto size = duck().chunk_size(chunk);
    rows += static_cast<std::int64_t>(size);
    if (text && size > 0) {
      const auto* lines = static_cast<const DuckText*>(duck().vector_data(duck().chunk_vector(chunk, 0)));
      for (std::uint64_t i = 0; i < size; ++i) text->append(lines[i].view()) += '\n';
    }
    duck().destroy_chunk(&chunk);
  }
  duck().destroy_result(&result);
  return rows;
}

void Duckdb::run(const std::string& sql) {
  run(prepare(sql));
  duck().destroy_prepare(&statements_.back());
  statements_.pop_back();
}

void Duckdb::append(const RecordFile& file) {
  void* appender = nullptr;
  if (duck().appender_create(connection_, nullptr, "images", &appender) != 0)
    die(std::string("DuckDB: ") + duck().appender_error(appender));
  Record scratch = file.make_record();
  int failures = 0;
  for (std::int64_t row = 0; row < file.count(); ++row) {
    const RecordView record = file.peek(row, scratch);
    for (const auto& field : file.schema().fields) {
      const bool one = field.type == Type::text || field.count == 1;
      for (int i = 0; i < (one ? 1 : field.count); ++i)
        failures += append_value(appender, field, record.bytes() + field.offset + i * size_of(field.type));
    }
    failures += duck().end_row(appender);
    if (failures != 0) die(std::string("DuckDB: ") + duck().appender_error(appender));
  }
  if (duck().appender_destroy(&appender) != 0) die("DuckDB: cannot write the rows");
}

}  // namespace imreg::bench

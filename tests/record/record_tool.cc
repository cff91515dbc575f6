// The record engine for scripts: makes files of known rows, and prints what a file holds, one JSON object a row.
//   record_tool make PATH ROWS live|trimmed     native registration records; row i has the values below
//   record_tool dump PATH                       every field by name, also hidden ones; arrays as lists, unknown as null
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "imreg/record_file.h"

namespace {

using namespace imreg;

Status make(const std::string& path, int rows, bool trimmed) {
  const Schema& schema = *builtin_format("regimage", 4);
  IMREG_TRY(RecordWriter::create(path, schema, {}));
  IMREG_ASSIGN(auto writer, RecordWriter::open(path, {}));
  std::string bytes;
  for (int i = 0; i < rows; ++i) {
    Record record(512);
    for (const auto& field : schema.fields) {
      if (field.name == "crc" || field.name == "changeno") continue;
      for (int e = 0; e < (field.type == Type::text ? 1 : field.count); ++e) {
        const std::string text = field.name.substr(0, 8) + std::to_string(i);
        const Value value = field.type == Type::text      ? Value(std::string_view(text))
                            : field.type == Type::boolean ? Value(i % 2 == 1)
                            : field.type == Type::f32 || field.type == Type::f64
                                ? (i % 5 == 4 ? Value() : Value(field.offset + i + e * 0.25))
                                : Value(std::int64_t{(field.offset + i) % 100});
        IMREG_TRY(set_value(record, field, value, e));
      }
    }
    bytes += record.bytes();
  }
  IMREG_TRY(writer.append(bytes));
  if (rows > 3) IMREG_TRY(writer.commit({{3, bytes.substr(3 * 512, 512)}}, bytes.substr(0, 512)));
  return trimmed ? writer.trim() : Status();
}

void print(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value))
    std::fputs(*flag ? "true" : "false", stdout);
  else if (const auto* integer = std::get_if<std::int64_t>(&value))
    std::printf("%lld", static_cast<long long>(*integer));
  else if (const auto* real = std::get_if<double>(&value))
    std::isfinite(*real) ? std::printf("%.17g", *real) : std::fputs("null", stdout);
  else if (const auto* text = std::get_if<std::string_view>(&value)) {
    std::putchar('"');
    for (const char c : *text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 32 || byte > 126 || c == '"' || c == '\\')
        std::printf("\\u%04x", byte);
      else
        std::putchar(c);
    }
    std::putchar('"');
  } else {
    std::fputs("null", stdout);
  }
}

Status dump(const std::string& path) {
  IMREG_ASSIGN(const auto file, RecordFile::open(path));
  Record copy = file.make_record();
  for (std::int64_t row = 0; row < file.count(); ++row) {
    IMREG_TRY(file.read(row, copy));
    const char* comma = "{";
    for (const auto& field : file.schema().fields) {
      std::printf("%s\"%s\":", comma, field.name.c_str());
      comma = ",";
      const int elements = field.type == Type::text ? 1 : field.count;
      if (elements > 1) std::putchar('[');
      for (int e = 0; e < elements; ++e) {
        if (e > 0) std::putchar(',');
        print(value_of(copy.view(), field, e));
      }
      if (elements > 1) std::putchar(']');
    }
    std::puts("}");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Status status(Code::invalid, "usage: record_tool make PATH ROWS live|trimmed | dump PATH");
  if (argc == 5 && std::strcmp(argv[1], "make") == 0)
    status = make(argv[2], std::atoi(argv[3]), std::strcmp(argv[4], "trimmed") == 0);
  if (argc == 3 && std::strcmp(argv[1], "dump") == 0) status = dump(argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "record_tool: %s\n", status.text().c_str());
  return 1;
}

// Fuzz target for .fmt texts: what parses has a layout without overlaps, can be printed by the generator, and stands in
// the header of a record file as columns of the same places and types.
#include <filesystem>

#include "codegen/codegen.h"
#include "fuzz.h"
#include "imreg/schema.h"
#include "record/container.h"

namespace imreg::fuzz {
namespace {

Type in_file(Type type) { return type == Type::raw_u32 ? Type::i32 : type; }

// Columns of an array that is spread over several are fields of their own in the file.
void check_columns(const Schema& schema, const Schema& seen) {
  require(seen.record_size == schema.record_size, "another record size");
  std::size_t n = 0;
  for (const auto& field : schema.fields) {
    int offset = field.offset;
    while (offset < field.offset + field.size()) {
      require(n < seen.fields.size(), "a column is missing", field.column);
      const auto& column = seen.fields[n++];
      require(column.offset == offset && column.type == in_file(field.type), "another place or type", column.column);
      offset += column.size();
    }
    require(offset == field.offset + field.size(), "another size", field.column);
  }
  require(n == seen.fields.size(), "a column too many");
}

void check_file(const Schema& schema) {
  const Uuid uuid = {1, 2, 3};
  const MemoryFile file(make_native_header(schema, uuid, "2003-01-27T00:00:00"));
  auto open = File::open(file.path(), File::Mode::read);
  require(open.ok(), "a memory file does not open");
  const auto container = read_container(*open);
  if (!container && schema.format == "regimage") return;  // another layout or version than those we know
  if (!container && builtin_format(schema.format, schema.version)) return;
  require(container.ok(), "its header cannot be read", container.ok() ? "" : container.status().text());
  require(container->native && container->count == 0 && container->uuid == uuid, "not what was written");
  if (!builtin_format(schema.format, schema.version)) check_columns(schema, *container->schema);
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (const auto& file : std::filesystem::directory_iterator(IMREG_SOURCE_DIR "/formats")) {
    if (file.path().extension() == ".fmt") out.push_back(read_file(file.path()).value_or(""));
  }
  out.emplace_back(
      "format tiny\nversion 1\nsize 64\nextname TINY\ntitle for fuzzing\nfield a A0..3 i16[4] m - four\n"
      "field id ID i64 - - which\n  missing zero\nfield when WHEN f64 s - time\n  display time\n"
      "field b B bool - - yes\nfield kind KIND u8 - - a code\n  words none some 'x \"y\nfield u U u32 - - unsigned\n"
      "field v V raw_u32 - - unsigned\nfield s S text26 - - text\n  display hidden\nfield crc CRC u32 - - check\n");
  return out;
}

}  // namespace

const Target kTarget = {seeds,
                        mutate_text,
                        {"field ", "\nfield x X i16 - - more", "\n  words a b", "\n  display time", "\n  missing zero",
                         "version 1", "size 16777216", "text1048576", "[1048576]", "0..3", "u32", "raw_u32", "f64",
                         "bool", "regimage", "\n", "\t", "#", "- - "},
                        8000};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  const std::string text(data, data + size);
  const auto schema = parse_format(text, "fuzz.fmt");
  if (!schema) {
    require(schema.status().code() == Code::invalid && schema.status().file() == "fuzz.fmt",
            "an error without a place");
    return 0;
  }
  int end = 0;
  for (const auto& field : schema->fields) {
    require(field.offset == end && field.count > 0 && field.offset % size_of(field.type) == 0, "a bad place",
            field.name);
    end += field.size();
    require(schema->find(field.name) == &field, "find() finds another field", field.name);
  }
  require(end == schema->record_size, "the fields do not fill the record");
  require(typed_header(*schema, schema->format).find("kRecordSize") != std::string::npos, "no typed header");
  require(!man_table(*schema).empty() && !lock_line(*schema).empty(), "nothing printed");
  check_file(*schema);
  return 0;
}

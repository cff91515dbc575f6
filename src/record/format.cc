// The .fmt language: one record layout as text (man 5 imreg-format). Lines:
//
//   format NAME / version N / size BYTES / extname NAME / title TEXT
//   field NAME COLUMN TYPE UNIT SOURCE MEANING...     fields follow each other without gaps, "-" is an empty unit or source
//     words W0 W1 ... | display time|hidden | missing zero     indented: more about the field above
//
// Blank lines and lines that begin with # do not count.

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "imreg/schema.h"

namespace imreg {

namespace {

constexpr int kLargestRecord = 1 << 24;
constexpr std::size_t kMostColumns = 999;  // of a FITS table

struct Parser {
  Schema schema;
  std::string file;
  int line_number = 0;
  int offset = 0;
  std::unordered_set<std::string> field_names, columns;  // in lower case; an array may be several columns

  Status fail(const std::string& what) const {
    return Status(Code::invalid, "line " + std::to_string(line_number) + ": " + what).in_file(file);
  }

  Status number(std::string_view text, int low, int high, int& out) const {
    long long value = 0;
    if (!parse_integer(text, value) || value < low || value > high) {
      return fail("\"" + std::string(text) + "\" is not a whole number from " + std::to_string(low) + " to " +
                  std::to_string(high));
    }
    out = static_cast<int>(value);
    return {};
  }

  // "f64", "f32[4]", "text96"
  Status type(std::string_view text, FieldInfo& field) const {
    std::string_view name = text;
    std::string_view count;
    if (text.substr(0, 4) == "text" && text.size() > 4) {
      name = "text";
      count = text.substr(4);
    } else if (const auto open = text.find('['); open != text.npos && text.back() == ']') {
      name = text.substr(0, open);
      count = text.substr(open + 1, text.size() - open - 2);
    }
    for (int i = 0; i <= static_cast<int>(Type::text); ++i) {
      if (name_of(static_cast<Type>(i)) != name) continue;
      field.type = static_cast<Type>(i);
      if (field.type == Type::text && count.empty()) return fail("a text needs its number of bytes, such as text32");
      return count.empty() ? Status() : number(count, 1, 1 << 20, field.count);
    }
    return fail("\"" + std::string(text) +
                "\" is not a type (bool u8 i16 i32 u32 raw_u32 i64 f32 f64 textN, or TYPE[N])");
  }

  // Names become C++ constants, columns FITS keywords' values; both must be the only ones of their kind.
  Status names(const FieldInfo& field) {
    const auto is_word = [](std::string_view text) {
      return !text.empty() && (text[0] < '0' || text[0] > '9') && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_';
      });
    };
    if (!is_word(field.name))
      return fail("\"" + field.name + "\" is not a name: letters, digits and _, a letter first");
    const std::string_view column = field.column;
    const auto dots = column.find("0..");
    const bool spread = dots != column.npos && column.substr(dots + 3) == std::to_string(field.count - 1);
    if (!is_word(spread ? column.substr(0, dots) : column)) {
      return fail("\"" + field.column +
                  "\" is not a column: letters, digits and _, or NAME0..N for the N+1 elements of an array");
    }
    if (!field_names.insert(to_lower(field.name)).second) return fail("two fields are called " + field.name);
    const auto count = spread ? static_cast<std::size_t>(field.count) : 1;
    if (columns.size() + count > kMostColumns)
      return fail("a FITS table has at most " + std::to_string(kMostColumns) + " columns");
    for (std::size_t i = 0; i < count; ++i) {
      const auto name = spread ? std::string(column.substr(0, dots)) + std::to_string(i) : field.column;
      if (!columns.insert(to_lower(name)).second) return fail("two columns are called " + name);
    }
    return {};
  }

  Status field(std::string_view line) {
    const auto item = words(line);
    if (item.size() < 7) return fail("a field needs: field NAME COLUMN TYPE UNIT SOURCE MEANING");
    FieldInfo field;
    field.name = item[1];
    field.column = item[2];
    IMREG_TRY(type(item[3], field));
    IMREG_TRY(names(field));
    if (item[4] != "-") field.unit = item[4];
    if (item[5] != "-") field.source = item[5];
    field.meaning = trim(line.substr(static_cast<std::size_t>(item[6].data() - line.data())));
    const int align = size_of(field.type);
    if (offset % align != 0) {
      return fail("field " + field.name + " would stand at byte " + std::to_string(offset) +
                  ", which is not a multiple of " + std::to_string(align) +
                  ": order the fields, or add a spare one before it");
    }
    field.offset = offset;
    offset += field.size();
    if (offset > kLargestRecord) return fail("the fields take more than " + std::to_string(kLargestRecord) + " bytes");
    schema.fields.push_back(std::move(field));
    return {};
  }

  Status attribute(std::string_view line) {
    if (schema.fields.empty()) return fail("an indented line belongs to a field, and there is none above");
    auto& field = schema.fields.back();
    auto item = words(line);
    if (item[0] == "words" && item.size() > 1) {
      field.display = Display::words;
      field.words.assign(item.begin() + 1, item.end());
    } else if (item[0] == "display" && item.size() == 2 && item[1] == "time") {
      field.display = Display::time;
    } else if (item[0] == "display" && item.size() == 2 && item[1] == "hidden") {
      field.display = Display::hidden;
    } else if (item[0] == "missing" && item.size() == 2 && item[1] == "zero") {
      field.missing = 0;
    } else {
      return fail("\"" + std::string(trim(line)) +
                  "\" is none of: words W0 W1 ..., display time, display hidden, missing zero");
    }
    return {};
  }

  Status head(std::string_view key, std::string_view rest) {
    if (rest.empty()) return fail(std::string(key) + " needs a value");
    if (key == "format")
      schema.format = rest;
    else if (key == "version")
      return number(rest, 1, 999, schema.version);
    else if (key == "size")
      return number(rest, 1, kLargestRecord, schema.record_size);
    else if (key == "extname")
      schema.extname = rest;
    else if (key == "title")
      schema.title = rest;
    else
      return fail("\"" + std::string(key) + "\" is none of: format version size extname title field");
    return {};
  }

  Status line(std::string_view text) {
    const auto body = trim(text);
    if (body.empty() || body.front() == '#') return {};
    if (text.front() == ' ' || text.front() == '\t') return attribute(text);
    const auto key = body.substr(0, body.find_first_of(" \t"));
    return key == "field" ? field(body) : head(key, trim(body.substr(key.size())));
  }
};

}  // namespace

Result<Schema> parse_format(std::string_view text, const std::string& file) {
  Parser parser;
  parser.file = file;
  for (const auto line : split(text, '\n')) {
    ++parser.line_number;
    IMREG_TRY(parser.line(line));
  }
  const auto& schema = parser.schema;
  for (const auto& [name, missing] : {std::pair{"format", schema.format.empty()},
                                      {"version", schema.version == 0},
                                      {"size", schema.record_size == 0},
                                      {"extname", schema.extname.empty()}}) {
    if (missing) return Status(Code::invalid, std::string("the line \"") + name + " ...\" is missing").in_file(file);
  }
  if (auto status = schema.check(); !status.ok()) return std::move(status).in_file(file);
  if (parser.offset != schema.record_size) {
    return Status(Code::invalid, "the fields take " + std::to_string(parser.offset) + " bytes, size says " +
                                     std::to_string(schema.record_size))
        .in_file(file);
  }
  return std::move(parser.schema);
}

}  // namespace imreg

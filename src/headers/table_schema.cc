// Schemas that grow with the values that come: logical, integer, real, and text, which holds everything.
#include "headers/table_schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "base/text.h"

namespace imreg::headers {

namespace {

constexpr std::size_t kWidest = 500;  // bytes of a text in a row

struct OwnField {
  const char* name;
  Type type;
  int count;
  const char* unit;
  const char* meaning;
};
constexpr OwnField kOwn[] = {
    {"file", Type::i64, 1, "", "number of the file in files.db"},
    {"heap", Type::i64, 1, "byte", "where the whole header stands in the heap"},
    {"ingested", Type::f64, 1, "s", "when the header was read, seconds since 1970-01-01 UTC"},
    {"changeno", Type::i64, 1, "", "number of the last change of this record"},
    {"crc", Type::u32, 1, "", "CRC-32C of file UUID, row number (64 bits) and this record with CRC 0"},
    {"heapcrc", Type::u32, 1, "", "check of the header in the heap"},
    {"hdu", Type::i32, 1, "", "number of the HDU, 0 is the primary"},
    {"others", Type::i32, 1, "", "cards with a value that are in no column: imheader shows them"},
    {"deleted", Type::boolean, 1, "", "T: the file is gone; left out when the table is compacted"},
    {"rootname", Type::text, 16, "", "name of the observation"},
    {"filename", Type::text, 32, "", "name of the file"},
};

// Texts grow in steps, so that a longer one seldom changes the table.
std::size_t width_for(std::size_t size) { return std::min(kWidest, (size + 7) / 8 * 8); }

}  // namespace

OwnFields::OwnFields(const Schema& schema)
    : file(*find_field<std::int64_t>(schema, "file")),
      hdu(*find_field<std::int32_t>(schema, "hdu")),
      others(*find_field<std::int32_t>(schema, "others")),
      heap(*find_field<std::int64_t>(schema, "heap")),
      heapcrc(*find_field<std::uint32_t>(schema, "heapcrc")),
      ingested(*find_field<double>(schema, "ingested")),
      deleted(*find_field<bool>(schema, "deleted")),
      rootname(*find_field<Text>(schema, "rootname")),
      filename(*find_field<Text>(schema, "filename")) {}

Status check_own_fields(const Schema& schema) {
  for (const auto& own : kOwn) {
    const FieldInfo* field = schema.find(own.name);
    if (!field || field->type != own.type || (own.type != Type::text && field->count != 1))
      return {Code::mismatch, std::string("is no header table: its column ") + to_upper(own.name) +
                                  (field ? " is of another type" : " is missing")};
  }
  return {};
}

Schema empty_schema(const std::string& name) {
  Schema out;
  out.format = name;
  out.version = 1;
  out.extname = to_upper(name);
  out.title = "header cards of " + name;
  for (const auto& own : kOwn) {
    FieldInfo& field = out.fields.emplace_back();
    field.name = own.name;
    field.column = to_upper(own.name);
    field.type = own.type;
    field.count = own.count;
    field.unit = own.unit;
    field.meaning = own.meaning;
    if (field.name == "ingested") field.display = Display::time;
    field.offset = out.record_size;
    out.record_size += field.size();
  }
  return out;
}

void set_column_type(FieldInfo& field, Type type, std::size_t width) {
  field.type = type;
  field.count = type == Type::text ? static_cast<int>(width_for(std::max<std::size_t>(width, 1))) : 1;
  field.missing.reset();
  if (type == Type::boolean) field.missing = kNeither;
  if (type == Type::i64) field.missing = kNoInteger;
}

bool is_exact(std::int64_t value) {
  constexpr auto kMost = static_cast<std::int64_t>(kExactIntegers);
  return value >= -kMost && value <= kMost;
}

bool is_own_field(std::string_view name) {
  return std::any_of(std::begin(kOwn), std::end(kOwn),
                     [&](const OwnField& own) { return equal_nocase(own.name, name); });
}

Growth::Growth(const Schema& schema) : schema_(schema), order_(schema.fields.size()) {
  std::iota(order_.begin(), order_.end(), 0);
  std::sort(order_.begin(), order_.end(),
            [&](auto a, auto b) { return schema_.fields[a].column < schema_.fields[b].column; });
}

FieldInfo* Growth::find(const std::string& column) {
  const auto at = std::lower_bound(order_.begin(), order_.end(), column, [&](std::size_t i, const std::string& name) {
    return schema_.fields[i].column < name;
  });
  if (at != order_.end() && schema_.fields[*at].column == column) return &schema_.fields[*at];
  if (schema_.fields.size() == kMostColumns) return nullptr;
  order_.insert(at, schema_.fields.size());
  FieldInfo& field = schema_.fields.emplace_back();
  field.column = column;
  field.name = to_lower(column);
  field.count = 0;  // not there yet
  return &field;
}

void Growth::make_text(FieldInfo& field, std::size_t width) {
  if (field.type == Type::text && static_cast<std::size_t>(field.count) >= width) return;
  if (field.type != Type::text && field.count > 0) {
    other_types_ = true;
    constexpr std::size_t kNumber = 24;  // bytes; the old values are seen when the table is made anew
    width = std::max(width, kNumber);
  }
  set_column_type(field, Type::text, width);
  ++changes_;
}

bool holds(const FieldInfo& field, const KeyValue& key) {
  if (key.text.size() > kWidest) return true;  // the heap alone
  if (field.type == Type::text) return static_cast<std::size_t>(field.count) >= key.text.size();
  return field.type == key.type || (field.type == Type::f64 && key.type == Type::i64 && is_exact(key.integer));
}

void Growth::see(const KeyValue& key, const std::function<bool(const FieldInfo&)>& fits) {
  if (key.text.size() > kWidest) return;
  FieldInfo* const field = find(key.column);
  if (field == nullptr) return;
  if (field->count == 0) {
    set_column_type(*field, key.type, key.text.size());
    field->source = key.keyword;
    field->meaning = key.keyword == key.column ? "" : key.keyword;
    field->unit = key.unit;
    ++changes_;
    return;
  }
  if (holds(*field, key)) return;
  if (field->type == Type::i64 && key.type == Type::f64 && fits(*field)) {
    set_column_type(*field, Type::f64, 0);
    ++changes_;
    other_types_ = true;
    return;
  }
  make_text(*field, key.text.size());
}

void Growth::see_text(std::string_view name, std::string_view text) {
  const auto field = std::find_if(schema_.fields.begin(), schema_.fields.end(),
                                  [&](const FieldInfo& one) { return one.name == name; });
  make_text(*field, text.size());
}

Schema Growth::schema() const {
  Schema out = schema_;
  ++out.version;
  std::erase_if(out.fields, [](const FieldInfo& field) { return field.count == 0; });
  out.record_size = 0;
  for (auto& field : out.fields) {
    field.offset = out.record_size;
    out.record_size += field.size();
  }
  return out;
}

bool store_key(const FieldInfo& field, const KeyValue& key, Record& row) {
  switch (field.type) {
    case Type::boolean:
      return key.kind == CardValue::Kind::logical && set_value(row, field, Value(key.text == "T")).ok();
    case Type::i64: return key.type == Type::i64 && set_value(row, field, Value(key.integer)).ok();
    case Type::f64: return !std::isnan(key.real) && set_value(row, field, Value(key.real)).ok();
    // A text that is empty is not the same as none at all: it is one blank.
    default: return set_value(row, field, Value(std::string_view(key.text.empty() ? " " : key.text))).ok();
  }
}

}  // namespace imreg::headers

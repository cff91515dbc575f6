// Puts rows side by side: copies of bytes, worked out once.
#include "query/joined_rows.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/text.h"

namespace imreg {

namespace {

// What the machinery of a table keeps for itself says nothing beside another table.
constexpr std::string_view kInternal[] = {"heap", "heapcrc", "crc", "changeno", "deleted"};

bool is_internal(const FieldInfo& field) {
  return field.display == Display::hidden ||
         std::find(std::begin(kInternal), std::end(kInternal), field.name) != std::end(kInternal);
}

bool is_known(const Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return text ? !text->empty() : !std::holds_alternative<std::monostate>(value);
}

// Gives a field a value that says that nothing is known. False: every value that it can hold may be one.
bool may_be_missing(FieldInfo& field) {
  if (field.missing || field.type == Type::text || field.type == Type::f32 || field.type == Type::f64) return true;
  if (field.type == Type::boolean) field.missing = kNeither;
  if (field.type == Type::i32) field.missing = std::numeric_limits<std::int32_t>::min();
  if (field.type == Type::i64) field.missing = std::numeric_limits<std::int64_t>::min();
  return field.missing.has_value();
}

std::string as_column(std::string_view name) {
  std::string out = to_upper(name);
  std::replace(out.begin(), out.end(), '.', '_');
  return out;
}

}  // namespace

JoinedRows::JoinedRows(const std::vector<Table>& tables, bool whole,
                       const std::function<bool(const FieldInfo&)>& wanted)
    : pieces_(tables.size()) {
  schema_.format = "joined";
  schema_.version = 1;
  schema_.extname = "JOINED";
  schema_.title = "rows of several tables";
  const Schema& first = *tables[0].schema;
  const auto qualified = [](const std::string& table, FieldInfo field) {
    field.name = table + "." + field.name;
    field.column = as_column(field.name);
    return field;
  };
  if (whole) {
    schema_.record_size = first.record_size;
    pieces_[0].push_back({0, 0, first.record_size});
  }
  std::vector<FieldInfo> aliases;
  for (const auto& field : first.fields) {
    FieldInfo alias = qualified(tables[0].name, field);
    if (!whole && !wanted(field) && !wanted(alias)) continue;
    FieldInfo own = field;
    own.offset = whole ? field.offset : add_bytes(field.offset, field.size(), pieces_[0]);
    if (!add_heir(tables, own)) schema_.fields.push_back(own);
    alias = qualified(tables[0].name, schema_.fields.back());
    aliases.push_back(std::move(alias));
  }
  for (std::size_t i = 1; i < tables.size(); ++i) {
    for (const auto& field : tables[i].schema->fields) {
      const bool inherits = !tables[i].inherited.empty();
      if (inherits && (!tables[i].inherited.contains(field.column) || first.find(field.column))) continue;
      FieldInfo joined = inherits ? field : qualified(tables[i].name, field);
      if (!is_internal(field) && may_be_missing(joined) && wanted(joined))
        add(std::move(joined), field.offset, pieces_[i]);
    }
  }
  Record empty(static_cast<std::size_t>(schema_.record_size));
  for (const auto& field : schema_.fields) {
    for (int element = 0; element < (field.type == Type::text ? 1 : field.count); ++element)
      (void)set_value(empty, field, Value(), element);
  }
  empty_ = empty.bytes();
  names_ = schema_;
  names_.fields.insert(names_.fields.end(), aliases.begin(), aliases.end());
}

int JoinedRows::add_bytes(int from, int size, std::vector<Piece>& pieces) {
  const int to = schema_.record_size;
  schema_.record_size += size;
  if (!pieces.empty() && pieces.back().from + pieces.back().size == from && pieces.back().to + pieces.back().size == to)
    pieces.back().size += size;
  else
    pieces.push_back({from, to, size});
  return to;
}

void JoinedRows::add(FieldInfo field, int from, std::vector<Piece>& pieces) {
  field.offset = add_bytes(from, field.size(), pieces);
  schema_.fields.push_back(std::move(field));
}

// The value has a place of its own: what the row itself says must still be known when the next partner comes.
bool JoinedRows::add_heir(const std::vector<Table>& tables, FieldInfo own) {
  for (std::size_t i = 1; i < tables.size(); ++i) {
    const FieldInfo* const inherited =
        tables[i].inherited.count(own.column) > 0 ? tables[i].schema->find(own.column) : nullptr;
    const auto type = inherited ? common_type(own, *inherited) : std::nullopt;
    if (!type) continue;
    FieldInfo value = own.type == *type ? own : *inherited;
    value.name = own.name;
    value.count = std::max(own.count, inherited->count);
    value.offset = schema_.record_size;
    schema_.record_size += value.size();
    schema_.fields.push_back(value);
    heirs_.push_back({std::move(own), *inherited, std::move(value), i});
    return true;
  }
  return false;
}

void JoinedRows::put(std::size_t i, const char* row, Record& to) const {
  for (const auto& piece : pieces_[i])
    std::copy_n(row ? row + piece.from : empty_.data() + piece.to, piece.size, to.data() + piece.to);
  for (const auto& heir : heirs_) {
    if (heir.table != i) continue;
    Value value = value_of(to.view(), heir.own);
    if (row && !is_known(value)) value = value_of(RecordView(row), heir.inherited);
    (void)set_value(to, heir.value, value);
  }
}

std::optional<Type> common_type(const FieldInfo& one, const FieldInfo& other) {
  const auto is_number = [](const FieldInfo& field) { return field.type == Type::i64 || field.type == Type::f64; };
  if (one.count != 1 && one.type != Type::text) return {};
  if (one.type == other.type) return one.type;
  return is_number(one) && is_number(other) ? std::optional(Type::f64) : std::nullopt;
}

bool may_name(const std::vector<std::string>& texts, const FieldInfo& field) {
  // "TELTEMP0..3": any of TELTEMP0 ... TELTEMP3.
  const auto dots = field.column.find("0..");
  const std::string name = to_lower(field.name), column = to_lower(field.column.substr(0, dots));
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    const std::string low = to_lower(text);
    return low.find(name) != low.npos || low.find(column) != low.npos;
  });
}

}  // namespace imreg

#include "expression/fields.h"

#include "base/text.h"

namespace imreg::expression {

namespace {

const FieldInfo* find_by(const Schema& schema, std::string_view name, std::string FieldInfo::*member, bool& ambiguous) {
  const FieldInfo* found = nullptr;
  int count = 0;
  for (const auto& field : schema.fields) {
    if (field.*member == name) return &field;
    if (!equal_nocase(field.*member, name)) continue;
    ++count;
    found = &field;
  }
  ambiguous = count > 1;
  return ambiguous ? nullptr : found;
}

}  // namespace

const FieldInfo* find_field(const Schema& schema, std::string_view name, int& element, bool& ambiguous) {
  for (const auto member : {&FieldInfo::name, &FieldInfo::column}) {
    if (const FieldInfo* field = find_by(schema, name, member, ambiguous); field || ambiguous) return field;
  }
  for (const auto& field : schema.fields) {
    const auto dots = field.column.find("..");
    if (dots == std::string::npos || dots == 0) continue;
    const auto stem = std::string_view(field.column).substr(0, dots - 1);
    long long number = 0;
    if (!starts_nocase(name, stem) || !parse_integer(name.substr(stem.size()), number)) continue;
    if (number < 0 || number >= field.count) continue;
    element = static_cast<int>(number);
    return &field;
  }
  return nullptr;
}

bool is_elixir_statistic(const FieldInfo& field) {
  if (!field.missing_is_zero || (field.type != Type::f32 && field.type != Type::f64)) return false;
  return equal_nocase(field.name, "bias") || equal_nocase(field.name, "sky") || equal_nocase(field.name, "fwhm");
}

}  // namespace imreg::expression

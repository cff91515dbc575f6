// Finds a field by its name, its FITS column, or an element such as teltemp[2].
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
  return schema.find_element(name, element);
}

}  // namespace imreg::expression

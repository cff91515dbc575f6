// What a schema is made of: types and their sizes, look-up by name, the hash of a layout, and its rules.
#include "imreg/schema.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_set>

#include "base/text.h"

namespace imreg {

namespace {

struct TypeFacts {
  std::string_view name;
  int size;
};
// In the order of enum Type.
constexpr std::array<TypeFacts, 10> kTypes{{{"bool", 1},
                                            {"u8", 1},
                                            {"i16", 2},
                                            {"i32", 4},
                                            {"u32", 4},
                                            {"raw_u32", 4},
                                            {"i64", 8},
                                            {"f32", 4},
                                            {"f64", 8},
                                            {"text", 1}}};

}  // namespace

int size_of(Type type) { return kTypes[static_cast<std::size_t>(type)].size; }
std::string_view name_of(Type type) { return kTypes[static_cast<std::size_t>(type)].name; }

int FieldInfo::size() const { return size_of(type) * count; }

const FieldInfo* Schema::find(std::string_view name) const {
  for (const auto& field : fields) {
    if (equal_nocase(field.name, name)) return &field;
  }
  for (const auto& field : fields) {
    if (equal_nocase(field.column, name)) return &field;
  }
  return nullptr;
}

const FieldInfo* Schema::find_element(std::string_view name, int& element) const {
  long long number = 0;
  const auto take = [&](const FieldInfo& field, std::string_view digits) {
    if (field.type == Type::text || !parse_integer(digits, number) || number < 0 || number >= field.count) return false;
    element = static_cast<int>(number);
    return true;
  };
  if (const auto open = name.find('['); open != name.npos && name.back() == ']') {
    const FieldInfo* field = find(trim(name.substr(0, open)));
    if (field && take(*field, name.substr(open + 1, name.size() - open - 2))) return field;
  }
  for (const auto& field : fields) {
    const auto dots = field.column.find("..");
    if (dots == std::string::npos || dots == 0) continue;
    const auto stem = std::string_view(field.column).substr(0, dots - 1);
    if (starts_nocase(name, stem) && take(field, name.substr(stem.size()))) return &field;
  }
  return nullptr;
}

Status Schema::no_field(std::string_view name) const {
  if (trim(name).empty()) return {Code::invalid, "a field is missing between the commas"};
  if (const auto open = name.find('['); open != name.npos) {
    const FieldInfo* field = find(trim(name.substr(0, open)));
    if (field && field->type == Type::text)
      return {Code::not_found, "field " + field->name + " is a text and has no elements"};
    if (field) {
      return {Code::not_found, "there is no " + visible(name) + "; field " + field->name +
                                   " has the elements [0] to [" + std::to_string(field->count - 1) + "]"};
    }
  }
  std::vector<std::string> names;
  for (const auto& field : fields) names.push_back(field.name);
  const std::string near = nearest_names(name.substr(0, name.find('[')), names);
  std::string message = "there is no field \"" + visible(name) + "\"";
  if (!near.empty()) return {Code::not_found, message + "; near: " + near};
  constexpr std::size_t kFew =
      10;  // more would not be read; who asks for no word at all, as completion does, wants them
  const bool is_word = std::any_of(name.begin(), name.end(), [](char c) { return lower(c) != upper(c); });
  if (is_word && names.size() > kFew)
    return {Code::not_found, message + ", and none is spelt like it: imstatus fields lists the " +
                                 std::to_string(names.size()) + " that there are (of header tables: imkeys)"};
  for (std::size_t i = 0; i < names.size(); ++i) message += (i > 0 ? ", " : "; there are: ") + names[i];
  return {Code::not_found, message};
}

std::string Schema::layout_hash() const {
  std::string text = format + ' ' + std::to_string(version) + ' ' + std::to_string(record_size);
  for (const auto& field : fields) {
    text += '\n' + field.name + ' ' + field.column + ' ' + std::string(name_of(field.type)) + ' ' +
            std::to_string(field.count) + ' ' + std::to_string(field.offset) + ' ' + field.unit;
    for (const auto& word : field.words) text += ' ' + word;
    if (field.type != Type::boolean && field.missing.value_or(0) != 0)
      text += " missing " + std::to_string(*field.missing);
  }
  // FNV-1a, 64 bits: enough to notice that two layouts differ, short enough for a header card.
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(hash));
  return hex;
}

Status Schema::check() const {
  const std::string which = "format " + format + " version " + std::to_string(version) + ": ";
  std::unordered_set<std::string> names;
  int end = 0;
  for (const auto& field : fields) {
    if (!names.insert(to_lower(field.name)).second)
      return {Code::invalid, which + "two fields are called " + field.name};
    if (field.count < 1) return {Code::invalid, which + "field " + field.name + " has no element"};
    if (field.offset < end) return {Code::invalid, which + "field " + field.name + " overlaps the one before it"};
    end = field.offset + field.size();
  }
  if (fields.empty()) return {Code::invalid, which + "it has no fields"};
  if (end > record_size) {
    return {Code::invalid,
            which + "the fields take " + std::to_string(end) + " bytes, the record has " + std::to_string(record_size)};
  }
  return {};
}

}  // namespace imreg

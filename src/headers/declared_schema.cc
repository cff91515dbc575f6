// formats/acs: a file for each table with its keywords, and one, `keywords`, that says what each of them is.
#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "base/embedded.h"
#include "base/text.h"
#include "headers/table_schema.h"

namespace imreg::headers {

namespace {

std::optional<std::string_view> text_of(std::string_view name) {
  for (const EmbeddedFile& file : embedded_header_formats()) {
    if (file.name == name) return file.text;
  }
  return {};
}

// "text24", "f64", "i64", "bool".
bool read_type(std::string_view word, FieldInfo& field) {
  long long width = 0;
  if (word == "bool" || word == "i64" || word == "f64") {
    set_column_type(field, word == "bool" ? Type::boolean : word == "i64" ? Type::i64 : Type::f64, 0);
  } else if (word.starts_with("text") && parse_integer(word.substr(4), width) && width > 0) {
    set_column_type(field, Type::text, static_cast<std::size_t>(width));
  } else {
    return false;
  }
  return true;
}

// Lines of words, without what stands behind #.
template <class Each>
Status each_line(const std::string& file, std::string_view text, const Each& each) {
  int number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    const auto said = words(line.substr(0, line.find('#')));
    if (!said.empty() && !each(said))
      return Status(Code::invalid, "line " + std::to_string(number) + " makes no sense").in_file(file);
  }
  return {};
}

Result<std::map<std::string, FieldInfo, std::less<>>> read_keywords() {
  std::map<std::string, FieldInfo, std::less<>> out;
  IMREG_TRY(each_line("keywords", text_of("keywords").value_or(""), [&](const auto& said) {
    FieldInfo field;
    if (said.size() != 3 || !read_type(said[1], field)) return false;
    field.column = said[0];
    field.name = to_lower(said[0]);
    field.source = field.column.starts_with("KEY_") ? field.column.substr(4) : field.column;
    if (said[2] != "-") field.unit = said[2];
    return out.emplace(field.column, field).second;
  }));
  return out;
}

}  // namespace

Result<Schema> declared_schema(const std::string& name) {
  Schema out = empty_schema(name);
  const std::string file = name + ".fmt";
  const auto text = text_of(file);
  if (!text) return out;
  IMREG_ASSIGN(const auto keywords, read_keywords());
  IMREG_TRY(each_line(file, *text, [&](const auto& said) {
    if (said[0] != "keys") return false;
    return std::all_of(said.begin() + 1, said.end(), [&](std::string_view column) {
      const auto found = keywords.find(column);
      if (found == keywords.end()) return false;
      FieldInfo& field = out.fields.emplace_back(found->second);
      field.offset = out.record_size;
      out.record_size += field.size();
      return true;
    });
  }));
  return out;
}

}  // namespace imreg::headers

// Writes the header of constants, the table of the man page and the layout's line from a .fmt.
#include "codegen/codegen.h"

#include "base/text.h"

namespace imreg {

namespace {

// "obstime" -> "Obstime", "start_time" -> "StartTime"
std::string camel(const std::string& name) {
  std::string out;
  bool up = true;
  for (const char c : name) {
    if (c != '_') out += up ? upper(c) : c;
    up = c == '_';
  }
  return out;
}

// "obstime" -> "kObstime"; a field must not take the name of a constant about the whole record.
std::string constant(const std::string& field) {
  const std::string name = "k" + camel(field);
  return name == "kFormat" || name == "kVersion" || name == "kRecordSize" ? name + "Field" : name;
}

std::string cpp_type(Type type) {
  switch (type) {
    case Type::boolean: return "bool";
    case Type::u8: return "std::uint8_t";
    case Type::i16: return "std::int16_t";
    case Type::i32: return "std::int32_t";
    case Type::u32: return "std::uint32_t";
    case Type::raw_u32: return "RawU32";
    case Type::i64: return "std::int64_t";
    case Type::f32: return "float";
    case Type::f64: return "double";
    case Type::text: return "Text";
  }
  return "";
}

std::string_view cpp_display(Display display) {
  switch (display) {
    case Display::plain: return "plain";
    case Display::time: return "time";
    case Display::words: return "words";
    case Display::hidden: return "hidden";
  }
  return "";
}

// As a literal of C++.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string typed_header(const Schema& schema, const std::string& name) {
  std::string space = name;
  for (char& c : space) {
    if (c == '.') c = '_';
  }
  std::string out = "// Made from formats/" + name + ".fmt by imreg-codegen. Do not edit.\n// " + schema.title +
                    "\n#pragma once\n\n#include <cstdint>\n\n#include \"imreg/record.h\"\n\nnamespace imreg::" + space +
                    " {\n\n";
  out += "inline constexpr char kFormat[] = \"" + schema.format + "\";\n";
  out += "inline constexpr int kVersion = " + std::to_string(schema.version) + ";\n";
  out += "inline constexpr int kRecordSize = " + std::to_string(schema.record_size) + ";\n\n";
  for (const auto& field : schema.fields) {
    const std::string unit = field.unit.empty() ? "" : " [" + field.unit + "]";
    out += "/// " + field.meaning + unit + "\n";
    out += "inline constexpr Field<" + cpp_type(field.type) + "> " + constant(field.name) + "{" +
           std::to_string(field.offset) + ", " + std::to_string(field.count) + "};\n";
  }
  for (const auto& field : schema.fields) {
    if (field.words.empty()) continue;
    out += "\n/// Codes of the field " + field.name + ".\nenum class " + camel(field.name) + " : int {";
    for (std::size_t code = 0; code < field.words.size(); ++code) {
      out += (code > 0 ? ", " : " ") + to_lower(field.words[code]) + " = " + std::to_string(code);
    }
    out += " };\n";
  }
  return out + "\n}  // namespace imreg::" + space + "\n";
}

std::string builtin_table(const std::vector<Schema>& schemas) {
  std::string fields, formats;
  for (const auto& schema : schemas) {
    const std::string name = "k" + camel(schema.format) + std::to_string(schema.version);
    fields += "constexpr FieldRow " + name + "[] = {\n";
    for (const auto& field : schema.fields) {
      std::string words;
      for (const auto& word : field.words) words += (words.empty() ? "" : " ") + word;
      fields += "    {" + quoted(field.name) + ", " + quoted(field.column) +
                ", Type::" + (field.type == Type::boolean ? "boolean" : std::string(name_of(field.type))) + ", " +
                std::to_string(field.count) + ", " + std::to_string(field.offset) + ", " + quoted(field.unit) + ", " +
                quoted(field.source) + ", " + quoted(field.meaning) +
                ", Display::" + std::string(cpp_display(field.display)) + ", " + quoted(words) + ", " +
                (field.missing ? std::to_string(*field.missing) : "{}") + "},\n";
    }
    fields += "};\n";
    formats += "    {" + quoted(schema.format) + ", " + std::to_string(schema.version) + ", " + quoted(schema.extname) +
               ", " + quoted(schema.title) + ", " + std::to_string(schema.record_size) + ", " + name + "},\n";
  }
  return "// Made from formats/*.fmt by imreg-codegen. Do not edit.\n#include \"record/builtin.h\"\n\nnamespace imreg "
         "{\n\n"
         "namespace {\n\n" +
         fields + "constexpr FormatRow kFormats[] = {\n" + formats +
         "};\n\n}  // namespace\n\nstd::span<const FormatRow> format_table() { return kFormats; }\n\n}  // namespace "
         "imreg\n";
}

std::string man_table(const Schema& schema) {
  std::string out = ".TS\nl l l r l lx.\n\\fBfield\tcolumn\ttype\tbyte\tunit\tmeaning\\fR\n";
  for (const auto& field : schema.fields) {
    std::string type(name_of(field.type));
    if (field.type == Type::text)
      type += std::to_string(field.count);
    else if (field.count > 1)
      type += "[" + std::to_string(field.count) + "]";
    out += field.name + "\t" + field.column + "\t" + type + "\t" + std::to_string(field.offset) + "\t" +
           (field.unit.empty() ? "\\-" : escaped(field.unit)) + "\tT{\n" + escaped(field.meaning) + "\nT}\n";
  }
  out += ".TE\n";
  for (const auto& field : schema.fields) {
    if (field.words.empty()) continue;
    out += ".PP\nCodes of " + field.name + ":";
    for (std::size_t code = 0; code < field.words.size(); ++code)
      out += (code > 0 ? ", " : " ") + std::to_string(code) + " " + field.words[code];
    out += ".\n";
  }
  return out;
}

std::string lock_line(const Schema& schema) {
  return schema.format + ' ' + std::to_string(schema.version) + ' ' + std::to_string(schema.record_size) + ' ' +
         schema.layout_hash();
}

}  // namespace imreg

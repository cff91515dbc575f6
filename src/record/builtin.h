// The built-in formats as imreg-codegen writes them from formats/*.fmt: constants, so that a search, which starts often,
// parses none.
#pragma once

#include <span>
#include <string_view>

#include "imreg/schema.h"

namespace imreg {

/// A FieldInfo.
struct FieldRow {
  std::string_view name, column;
  Type type;
  int count, offset;
  std::string_view unit, source, meaning;
  Display display;
  std::string_view words;  ///< with blanks between
  std::optional<std::int64_t> missing;
};

/// A Schema.
struct FormatRow {
  std::string_view format;
  int version;
  std::string_view extname, title;
  int record_size;
  std::span<const FieldRow> fields;
};

std::span<const FormatRow> format_table();

}  // namespace imreg

// Makes schemas of the constants that imreg-codegen wrote.
#include "record/builtin.h"

#include <memory>
#include <mutex>

#include "base/text.h"

namespace imreg {

namespace {

Schema schema_of(const FormatRow& row) {
  Schema out;
  out.format = row.format;
  out.version = row.version;
  out.extname = row.extname;
  out.title = row.title;
  out.record_size = row.record_size;
  out.fields.reserve(row.fields.size());
  for (const auto& from : row.fields) {
    FieldInfo& field = out.fields.emplace_back();
    field.name = from.name;
    field.column = from.column;
    field.type = from.type;
    field.count = from.count;
    field.offset = from.offset;
    field.unit = from.unit;
    field.source = from.source;
    field.meaning = from.meaning;
    field.display = from.display;
    for (const auto word : words(from.words)) field.words.emplace_back(word);
    field.missing = from.missing;
  }
  return out;
}

}  // namespace

const std::vector<Schema>& builtin_formats() {
  static const std::vector<Schema> all = [] {
    std::vector<Schema> out;
    for (const auto& row : format_table()) out.push_back(schema_of(row));
    return out;
  }();
  return all;
}

// Only the one that is asked for is made.
const Schema* builtin_format(std::string_view name, int version) {
  static std::mutex mutex;
  static std::vector<std::unique_ptr<const Schema>> made(format_table().size());
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const FormatRow& row = format_table()[i];
    if (row.format != name || row.version != version) continue;
    if (!made[i]) made[i] = std::make_unique<const Schema>(schema_of(row));
    return made[i].get();
  }
  return nullptr;
}

}  // namespace imreg

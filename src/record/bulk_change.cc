// Relocation and deletion: rows found, changed, and given to commit_many one by one.
#include "imreg/bulk_change.h"

#include <algorithm>

#include "base/text.h"
#include "imreg/record.h"

namespace imreg {

namespace {

// Without the slashes at its end; "/" is every absolute path's beginning and stays "".
std::string_view without_slash(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return !text.empty() && text.starts_with(prefix) && (text.size() == prefix.size() || text[prefix.size()] == '/');
}

// The first row from `row` on that has the prefix as it stands.
std::int64_t find_prefix(const RecordFile& file, std::int64_t row, Field<Text> field, std::string_view prefix,
                         const NextRow& next, Record& scratch) {
  constexpr std::size_t kAhead = 16;
  const auto size = static_cast<std::size_t>(file.schema().record_size);
  if (!next) {
    const auto run = file.run_in_place(row);
    const char* text = run.bytes + field.offset;
    for (; row < run.end; ++row, text += size) {
      __builtin_prefetch(text + kAhead * size);  // never faults
      // Few rows have it, and most of the others differ at once.
      if (std::memcmp(text, prefix.data(), std::min(prefix.size(), static_cast<std::size_t>(field.count))) != 0)
        continue;
      if (begins_with(trimmed(text, static_cast<std::size_t>(field.count)), prefix)) return row;
    }
  }
  for (;; ++row) {
    if (next) row = next(row);
    if (row >= file.count()) return file.count();
    if (begins_with(file.peek(row, scratch)[field], prefix)) return row;
  }
}

}  // namespace

Result<std::int64_t> relocate(RecordWriter& writer, const FieldInfo& field, const std::string& from,
                              const std::string& to, const NextRow& next, const CommitSteps& steps) {
  const RecordFile& file = writer.file();
  if (field.type != Type::text)
    return Status(Code::invalid, "field " + field.name + " is no text").in_file(file.path());
  if (from.empty() || to.empty() || to.find('\0') != std::string::npos)
    return Status(Code::invalid, "the beginnings of a relocation are texts that are not empty").in_file(file.path());
  const Field<Text> place{field.offset, field.count};
  const std::string_view prefix = without_slash(from), fresh = without_slash(to);
  std::int64_t row = 0, changed = 0, too_long = 0, first_too_long = 0;
  Record copy = file.make_record(), scratch = file.make_record();
  const auto give = [&](RowChange& change) -> Result<bool> {
    for (;; ++row) {
      row = find_prefix(file, row, place, prefix, next, scratch);
      if (row >= file.count()) break;
      IMREG_TRY(file.read(row, copy));
      const std::string_view old = copy[place];
      if (!begins_with(old, prefix)) continue;
      std::string text(fresh);
      text += old.substr(prefix.size());
      if (text.empty()) text = "/";
      if (text.size() > static_cast<std::size_t>(field.count)) {
        if (too_long++ == 0) first_too_long = row;
      } else if (too_long == 0) {
        (void)copy.set(place, text);
        change.bytes = copy.bytes();
        change.row = row++;
        ++changed;
        return true;
      }
    }
    if (too_long == 0) return false;
    return Status(Code::invalid, "field " + field.name + " has " + std::to_string(field.count) +
                                     " bytes, too few for " + counted(too_long, "row") +
                                     " with the new beginning, the first of which is this one; nothing is changed")
        .in_file(file.path())
        .at_record(first_too_long);
  };
  IMREG_TRY(writer.commit_many(give, steps));
  return changed;
}

Result<std::int64_t> mark_deleted(RecordWriter& writer, std::vector<std::int64_t> rows) {
  const RecordFile& file = writer.file();
  const auto deleted = find_field<bool>(file.schema(), "deleted");
  if (!deleted) return Status(Code::invalid, "its format has no field deleted").in_file(file.path());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::int64_t changed = 0;
  Record copy = file.make_record();
  auto at = rows.begin();
  const auto give = [&](RowChange& change) -> Result<bool> {
    for (; at != rows.end(); ++at) {
      IMREG_TRY(file.read(*at, copy));
      if (copy[*deleted]) continue;
      copy.set(*deleted, true);
      change.row = *at++;
      change.bytes = copy.bytes();
      ++changed;
      return true;
    }
    return false;
  };
  IMREG_TRY(writer.commit_many(give));
  return changed;
}

}  // namespace imreg

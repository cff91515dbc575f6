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

}  // namespace

Result<std::int64_t> relocate(RecordWriter& writer, const FieldInfo& field, const std::string& from,
                              const std::string& to, const NextRow& next, const CommitSteps& steps) {
  const RecordFile& file = writer.file();
  if (field.type != Type::text)
    return Status(Code::invalid, "field " + field.name + " is no text").in_file(file.path());
  if (from.empty() || to.empty() || to.find('\0') != std::string::npos)
    return Status(Code::invalid, "the beginnings of a relocation are texts that are not empty").in_file(file.path());
  const auto room = static_cast<std::size_t>(field.count);
  const std::string_view prefix = without_slash(from), fresh = without_slash(to);
  std::int64_t changed = 0, too_long = 0, first_too_long = 0;
  std::string value;
  const auto edit = [&](std::int64_t row, std::int64_t& rows, std::string_view bytes) -> Result<std::string_view> {
    const std::string_view old = trimmed(bytes.data(), bytes.size());
    if (!begins_with(old, prefix)) return std::string_view();
    (value = fresh) += old.substr(prefix.size());
    if (value.empty()) value = "/";
    if (value.size() > room && (too_long += rows) == rows) first_too_long = row;
    if (too_long > 0) return std::string_view();
    changed += rows;
    value.resize(room, '\0');
    return std::string_view(value);
  };
  const auto fit = [&] {
    if (too_long == 0) return Status();
    return Status(Code::invalid, "field " + field.name + " has " + std::to_string(room) + " bytes, too few for " +
                                     counted(too_long, "row") +
                                     " with the new beginning, the first of which is this one; nothing is changed")
        .in_file(file.path())
        .at_record(first_too_long);
  };
  CommitSteps checked = steps;
  checked.ready = [&](std::int64_t number) -> Status {
    IMREG_TRY(fit());
    return steps.ready ? steps.ready(number) : Status();
  };
  IMREG_TRY(writer.change_field(field, next, edit, checked));
  IMREG_TRY(fit());  // where no row was changed
  return changed;
}

Result<std::int64_t> mark_deleted(RecordWriter& writer, std::vector<std::int64_t> rows) {
  const RecordFile& file = writer.file();
  const FieldInfo* const deleted = file.schema().find("deleted");
  if (!deleted || deleted->type != Type::boolean)
    return Status(Code::invalid, "its format has no field deleted").in_file(file.path());
  std::sort(rows.begin(), rows.end());
  for (const std::int64_t row : {rows.empty() ? 0 : rows.front(), rows.empty() ? 0 : rows.back()}) {
    if (!rows.empty() && (row < 0 || row >= file.count()))
      return Status(Code::invalid, "there is no such row").in_file(file.path()).at_record(row);
  }
  const auto next = [&, at = rows.cbegin()](std::int64_t from) mutable {
    at = std::find_if(at, rows.cend(), [from](std::int64_t row) { return row >= from; });
    return at == rows.cend() ? file.count() : *at;
  };
  std::int64_t changed = 0;
  const auto edit = [&](std::int64_t, std::int64_t& many, std::string_view old) -> Result<std::string_view> {
    if (old == "T") return std::string_view();
    changed += many;
    return std::string_view("T");
  };
  IMREG_TRY(writer.change_field(*deleted, next, edit));
  return changed;
}

}  // namespace imreg

// Records to changes and back.
//
// A change is complete when its head is there, the last of its records: parts without a head behind them are what a program
// left that was killed, and nobody looks at them.
#include "history/history_file.h"

#include <algorithm>

#include "base/text.h"
#include "history/details.h"
#include "os/file.h"

namespace imreg::history {

namespace {

template <class T>
Field<T> field_of(std::string_view name) {
  return *find_field<T>(schema(), name);  // formats/history.fmt is built in
}

void set_text(Record& record, Field<Text> field, std::string text) {
  text.resize(std::min(text.size(), static_cast<std::size_t>(field.count)));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';  // columns of text are ASCII in FITS; the details have it as it is
  }
  (void)record.set(field, text);
}

// Calls visit(record, row) for each head, newest first, until it returns false.
template <class Visit>
Status each_head(const RecordFile& file, std::int64_t& damaged, const Visit& visit) {
  Record record = file.make_record();
  for (std::int64_t row = file.count() - 1; row >= 0; --row) {
    if (const Status status = file.read(row, record); !status.ok()) {
      if (status.code() != Code::corrupt) return status;
      ++damaged;
      continue;
    }
    if (record[fields().kind] == 0) continue;
    if (!visit(record.view(), row)) return {};
    row -= std::clamp<std::int64_t>(record[fields().parts], 0, row);
  }
  return {};
}

}  // namespace

const Schema& schema() { return *builtin_format("history", 1); }

const Fields& fields() {
  static const Fields all = {
      field_of<double>("time"),       field_of<std::int64_t>("change"), field_of<std::int64_t>("number"),
      field_of<std::int64_t>("rows"), field_of<std::int64_t>("undoes"), field_of<std::int64_t>("parts"),
      field_of<std::uint8_t>("kind"), field_of<std::int16_t>("bytes"),  field_of<Text>("uuid"),
      field_of<Text>("program"),      field_of<Text>("user"),           field_of<Text>("host"),
      field_of<Text>("command"),      field_of<std::uint8_t>("data")};
  return all;
}

std::string path_of(const RecordFile& database) { return resolved_path(database.path()) + ".history"; }

Result<RecordFile> open(const std::string& path) {
  IMREG_ASSIGN(RecordFile file, RecordFile::open(path));
  if (file.schema().layout_hash() != schema().layout_hash())
    return Status(Code::mismatch, "is no history of bulk changes that this release knows").in_file(path);
  return file;
}

Record record_of(const BulkChange& change) {
  Record record(static_cast<std::size_t>(schema().record_size));
  const Fields& f = fields();
  record.set(f.time, change.time);
  record.set(f.change, change.id);
  record.set(f.number, change.number);
  record.set(f.rows, change.rows);
  record.set(f.undoes, change.undoes);
  record.set(f.parts, change.parts);
  record.set(f.kind, static_cast<std::uint8_t>(change.kind));
  set_text(record, f.uuid, change.uuid);
  set_text(record, f.program, change.program);
  set_text(record, f.user, change.user);
  set_text(record, f.host, change.host);
  set_text(record, f.command, change.command);
  return record;
}

BulkChange change_of(RecordView record, std::int64_t row) {
  const Fields& f = fields();
  BulkChange out;
  out.id = record[f.change];
  out.kind = static_cast<BulkChange::Kind>(record[f.kind]);
  out.time = record[f.time];
  out.number = record[f.number];
  out.rows = record[f.rows];
  out.undoes = record[f.undoes];
  out.uuid = record[f.uuid];
  out.program = record[f.program];
  out.user = record[f.user];
  out.host = record[f.host];
  out.command = record[f.command];
  out.record = row;
  out.parts = std::clamp<std::int64_t>(record[f.parts], 0, row);
  return out;
}

DetailsReader details_of(const RecordFile& file, const BulkChange& change) {
  return DetailsReader([&file, row = change.record - change.parts, end = change.record, id = change.id,
                        record = file.make_record()]() mutable -> Result<std::string_view> {
    if (row == end) return std::string_view();
    IMREG_TRY(file.read(row++, record));
    const auto& f = fields();
    const auto size = record[f.bytes];
    if (record[f.kind] != 0 || record[f.change] != id || size <= 0 || size > f.data.count)
      return Status(Code::corrupt, "is no part of the change behind it").in_file(file.path()).at_record(row - 1);
    return std::string_view(record.bytes())
        .substr(static_cast<std::size_t>(f.data.offset), static_cast<std::size_t>(size));
  });
}

namespace {

// All of it is there and means something.
Status check_details(const RecordFile& file, const BulkChange& change) {
  auto reader = details_of(file, change);
  IMREG_TRY(reader.command().status());
  DetailsReader::Run run;
  std::int64_t rows = 0;
  for (;;) {
    IMREG_ASSIGN(const bool more, reader.next(run));
    if (!more) break;
    if (run.row >= 0) rows += run.count;
  }
  if (rows == change.rows) return {};
  return {Code::corrupt, "they tell of " + counted(rows, "row") + ", its head of " + std::to_string(change.rows)};
}

}  // namespace

Result<std::vector<BulkChange>> heads_of(const RecordFile& file, std::int64_t& damaged) {
  std::vector<BulkChange> out;
  IMREG_TRY(each_head(file, damaged, [&](RecordView record, std::int64_t row) {
    out.push_back(change_of(record, row));
    return true;
  }));
  std::reverse(out.begin(), out.end());
  return out;
}

Result<std::int64_t> next_id(const RecordFile& file) {
  std::int64_t last = 0, damaged = 0;
  IMREG_TRY(each_head(file, damaged, [&](RecordView record, std::int64_t) {
    last = record[fields().change];
    return false;
  }));
  return last + 1 + damaged;
}

}  // namespace imreg::history

namespace imreg {

Status check_history(const RecordFile& file, const std::function<void(std::int64_t, const std::string&)>& wrong) {
  Record record = file.make_record();
  std::int64_t last = 0;
  for (std::int64_t row = 0; row < file.count(); ++row) {
    const Status status = file.read(row, record);
    if (status.code() == Code::corrupt) continue;  // which whoever looks at the records has seen
    IMREG_TRY(status);
    if (record[history::fields().kind] == 0) continue;
    const BulkChange change = history::change_of(record.view(), row);
    const std::string name = "change " + std::to_string(change.id);
    if (change.id <= last) wrong(row, name + " stands behind change " + std::to_string(last));
    last = change.id;
    const Status details = history::check_details(file, change);
    if (details.code() == Code::corrupt)
      wrong(row, "the details of " + name + " are damaged, it cannot be undone: " + details.message());
    else
      IMREG_TRY(details);
  }
  return {};
}

std::string_view word_of(BulkChange::Kind kind) {
  const auto& words = history::schema().find("kind")->words;
  const auto at = static_cast<std::size_t>(kind);
  return at < words.size() ? std::string_view(words[at]) : "unknown";
}

}  // namespace imreg

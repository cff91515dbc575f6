// Rows to lines, lines to rows.
#include "acquire/row_lines.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "formats/regimage.h"
#include "imreg/expression.h"
#include "imreg/query.h"
#include "imreg/record_file.h"
#include "os/file.h"
#include "os/walk.h"
#include "registry/image_row.h"
#include "registry/key_table.h"
#include "registry/new_database.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

constexpr std::size_t kAtOnce = 50000;  // lines

ExpressionSettings settings_with(const PathRoots& roots) {
  ExpressionSettings settings;
  settings.dates.now = current_time();
  settings.expand_path = [roots](std::string_view path) { return roots.expand(path); };
  return settings;
}

}  // namespace

namespace acquire {

namespace {

bool same_image(RecordView row, const QueueLine& line) {
  return row[regimage::kExtension] == line.extension && row[regimage::kSlice] == line.slice &&
         row[regimage::kFilesize] == line.filesize && row[regimage::kMtime] == line.mtime &&
         row[regimage::kFingerprint] == line.fingerprint;
}

}  // namespace

Result<std::vector<std::string>> current_paths(const std::string& database, const std::vector<QueueLine>& lines) {
  std::vector<std::string> out(lines.size());
  const auto file = RecordFile::open_as_left(database);              // who registers next finds the rows of the dead
  if (!file && file.status().code() == Code::not_found) return out;  // it was never made
  if (!file) return file.status();
  IMREG_TRY(check_format(*file));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(database));
  std::vector<std::string> names;
  for (const auto& line : lines) names.push_back(name_of(line.path));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  KeyTable keys;
  IMREG_TRY(keys.take(*file, roots, names));
  Record row = file->make_record();
  std::unordered_multimap<std::int64_t, std::size_t> gone;  // by fingerprint: those whose file is not there any more
  for (std::size_t i = 0; i < lines.size(); ++i) {
    bool removed = false;  // by imrm, which leaves its row
    for (const std::int64_t number : keys.rows_of(file_key_of(lines[i].path), *file, roots)) {
      IMREG_TRY(file->read(number, row));
      if (!same_image(row.view(), lines[i])) continue;
      removed = row[regimage::kDeleted];
      if (!removed) out[i] = lines[i].path;
    }
    if (out[i].empty() && !removed && is_missing(lines[i].path)) gone.emplace(lines[i].fingerprint, i);
  }
  const auto look_at = [&](std::int64_t number) {
    const auto [from, to] = gone.equal_range(file->peek(number, row)[regimage::kFingerprint]);
    if (from == to || !file->read(number, row).ok() || row[regimage::kDeleted]) return;
    for (auto at = from; at != to;) {
      const bool same = same_image(row.view(), lines[at->second]);
      if (same) out[at->second] = queue_line_of(row.view(), roots).path;
      at = same ? gone.erase(at) : std::next(at);
    }
  };
  // In another folder now; or with another name, too: then only the content tells, and new images are the likeliest.
  for (const std::int64_t number : keys.rows()) look_at(number);
  for (std::int64_t number = file->count(); number-- > 0 && !gone.empty();) look_at(number);
  return out;
}

}  // namespace acquire

QueueLine queue_line_of(RecordView row, const PathRoots& roots) {
  QueueLine line;
  line.path = roots.expand(row[regimage::kPathname]);
  if (!line.path.ends_with('/')) line.path += '/';
  line.path += row[regimage::kFilename];
  line.ccd = row[regimage::kCcd];
  line.extension = row[regimage::kExtension];
  line.slice = row[regimage::kSlice];
  line.mode = row[regimage::kMode];
  line.filesize = row[regimage::kFilesize];
  line.fingerprint = row[regimage::kFingerprint];
  line.mtime = row[regimage::kMtime];
  return line;
}

Result<std::function<bool(RecordView)>> rows_for(const QueuePlan& plan, const PathRoots& roots) {
  using Rule = std::function<bool(RecordView)>;
  if (plan.rows.empty()) return Rule([](RecordView) { return false; });
  if (plan.rows == "all") return Rule([](RecordView) { return true; });
  auto condition = Expression::parse_condition(plan.rows, *builtin_format(regimage::kFormat, regimage::kVersion),
                                               settings_with(roots));
  if (!condition)
    return Status(Code::invalid, "QUEUE_" + plan.name + " of the configuration: " + condition.status().message());
  return Rule([wanted = *std::move(condition)](RecordView row) { return wanted.truth(row) == Truth::yes; });
}

Status follow_moved(const std::string& database, std::vector<QueueLine>& lines) {
  std::vector<std::size_t> gone;
  std::vector<QueueLine> asked;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!is_missing(lines[i].path)) continue;
    gone.push_back(i);
    asked.push_back(lines[i]);
  }
  if (gone.empty()) return {};
  // Then nothing can be known about them: that is not the same as no row.
  if (is_missing(database)) return Status(Code::not_found, "there is no such database").in_file(database);
  IMREG_ASSIGN(auto paths, acquire::current_paths(database, asked));
  for (std::size_t i = 0; i < gone.size(); ++i) lines[gone[i]].path = std::move(paths[i]);
  return {};
}

Result<std::int64_t> fill_queue(const std::string& database, const QueuePlan& plan, const Queue::Options& options,
                                bool all) {
  if (plan.rows.empty()) return std::int64_t{0};
  // Lines that are done from now on belong to rows that seem unmeasured below.
  const double begun = all ? 0 : current_time();
  IMREG_ASSIGN(Queue queue, Queue::open(database, plan.name, options));
  IMREG_ASSIGN(const RecordFile file, RecordFile::open(database));
  IMREG_TRY(check_format(file));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(database));
  IMREG_TRY(rows_for(plan, roots).status());
  Query query(file);
  query.settings(settings_with(roots));
  if (!all) query.where("procstate = 0");
  if (plan.rows != "all") query.where(plan.rows);
  std::vector<QueueLine> lines;
  std::int64_t added = 0;
  const auto add = [&]() -> Status {
    IMREG_ASSIGN(const auto count, queue.add(lines, begun));
    added += count;
    lines.clear();
    return {};
  };
  IMREG_ASSIGN(auto rows, query.rows());
  while (rows.next()) {
    lines.push_back(queue_line_of(rows.record(), roots));
    if (lines.size() >= kAtOnce) IMREG_TRY(add());
  }
  IMREG_TRY(rows.status());
  IMREG_TRY(add());
  return added;
}

}  // namespace imreg

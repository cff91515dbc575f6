// Whether header tables are whole: their rows, the headers in their heaps, and that each file has the rows that files.db says.
#include <map>
#include <utility>

#include "base/text.h"
#include "formats/files.h"
#include "headers/heap.h"
#include "headers/table_schema.h"
#include "imreg/ingest.h"
#include "imreg/record_file.h"
#include "imreg/upkeep.h"
#include "ingest/file_table.h"
#include "ingest/tables.h"
#include "os/file.h"
#include "os/walk.h"

namespace imreg {

namespace {

using namespace ingest;
using Counts = std::map<std::int64_t, std::int64_t>;  // headers by number of the file

constexpr char kRemedy[] = "imingest -again FILE reads it again";

// The rows of one table; whether those are whole says check_database(). False: nobody can tell of which files its rows are.
bool check_headers(const std::string& path, CheckReport& report, Counts* counts) {
  const auto table = RecordFile::open(path);
  if (!table || !headers::check_own_fields(table->schema()).ok()) return false;
  const auto heap = headers::Heap::open(headers::heap_of(path));
  if (!heap) report.add(Finding::Kind::damage, heap.status());
  const headers::OwnFields own(table->schema());
  Record row = table->make_record();
  for (std::int64_t i = 0; i < table->count(); ++i) {
    if (!table->read(i, row).ok() || row[own.deleted]) continue;
    if (counts) ++(*counts)[row[own.file]];
    const Status whole = heap ? heap->read({row[own.heap], row[own.heapcrc]}).status() : Status();
    if (whole.ok()) continue;
    report.add(Finding::Kind::damage,
               Status(whole.code(), whole.message() + ": that of HDU " + std::to_string(row[own.hdu]) + " of " +
                                        visible(row[own.filename]) + "; " + kRemedy)
                   .in_file(headers::heap_of(path))
                   .at_record(i));
  }
  return true;
}

void check_table(const std::string& path, const CheckOptions& options, CheckReport& report) {
  CheckOptions beside;
  beside.jobs = options.jobs;
  beside.remedy = kRemedy;
  auto found = check_database(path, beside);
  if (!found) return report.add(Finding::Kind::damage, with_remedy(found.status()));
  std::erase_if(found->findings, [](const Finding& finding) { return finding.kind == Finding::Kind::note; });
  report.add(*std::move(found));
}

// Each file has as many headers as were read of it.
void check_counts(const RecordFile& table, const Counts& counts, CheckReport& report) {
  Record row = table.make_record();
  for (std::int64_t i = 0; i < table.count(); ++i) {
    if (!table.read(i, row).ok() || !has_headers(row.view())) continue;
    const auto found = counts.find(row[files::kNumber]);
    const std::int64_t there = found == counts.end() ? 0 : found->second;
    if (there == row[files::kHdus]) continue;
    report.add(Finding::Kind::damage,
               Status(Code::mismatch, visible(path_of(row.view())) + ": " + std::to_string(there) + " of its " +
                                          counted(row[files::kHdus], "header") + " are in the tables; " + kRemedy)
                   .in_file(table.path())
                   .at_record(i));
  }
}

}  // namespace

bool has_headers_only(const std::string& database) {
  return name_of(database) == "Imreg.db" && is_missing(database) &&
         !is_missing(FileTable::path_in(folder_of(database)));
}

void check_ingest(const std::string& database, const CheckOptions& options, CheckReport& report) {
  if (!is_missing(headers::heap_of(database))) return void(check_headers(database, report, nullptr));
  const std::string folder = folder_of(database), list = FileTable::path_in(folder);
  if (name_of(database) != "Imreg.db" || is_missing(list)) return;
  const auto before = RecordFile::open(list);
  if (!before) return report.add(Finding::Kind::damage, before.status());
  if (before->schema().format != files::kFormat) return;  // somebody else's
  const std::int64_t change = before->change_number();
  for (const char* const name : {"files", "master", "datasets"})
    check_table(below(folder, std::string(name) + ".db"), options, report);
  const auto names = header_tables(folder);
  if (!names) return report.add(Finding::Kind::damage, names.status());
  Counts counts;
  bool all = true;
  for (const auto& name : *names) {
    check_table(table_path(folder, name), options, report);
    if (!check_headers(table_path(folder, name), report, &counts)) all = false;
  }
  if (!all) return;  // what is missing is in the table that was named
  const auto after = RecordFile::open(list);
  if (after && after->change_number() == change) return check_counts(*after, counts, report);
  report.add(Finding::Kind::warning, Status(Code::busy,
                                            "an imingest is at work: whether each file has its headers was not "
                                            "looked at; try again when it has ended")
                                         .in_file(list));
}

}  // namespace imreg

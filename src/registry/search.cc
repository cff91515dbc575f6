// imsearch's work: filters to a Selection, a scan, rows to a writer. man 1 imsearch tells the filters.
#include <string_view>

#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "imreg/scan.h"
#include "registry/path_roots.h"
#include "registry/search_filters.h"

namespace imreg {

namespace {

Result<RecordFile> open_database(const std::string& path) {
  auto file = RecordFile::open(path);
  if (file.ok() || file.status().code() != Code::not_found) return file;
  return Status(Code::not_found, "there is no such database; name another one with -db, or make it with imregister")
      .in_file(path);
}

}  // namespace

Result<SearchReport> search(const SearchOptions& options, const Sink& sink) {
  IMREG_ASSIGN(const RecordFile file, open_database(options.database));
  IMREG_ASSIGN(const Selection selection, make_selection(options, file.schema()));
  IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options.database));
  EmitOptions emit = options.emit;
  if (!roots.empty()) emit.expand_path = [&roots](std::string_view path) { return roots.expand(path); };
  for (const auto& root : roots.roots())
    emit.expanded_bytes = std::max(emit.expanded_bytes, static_cast<int>(root.prefix.size() - root.name.size()) - 1);
  IMREG_ASSIGN(const auto writer, make_row_writer(options.format, file.schema(), emit, sink));
  SearchReport report;
  std::int64_t index = 0;
  auto found = scan(file, selection, {}, [&](std::int64_t, RecordView row) { return writer->row(++index, row); });
  writer->finish();
  IMREG_TRY(writer->status());
  report.matched = found.matched;
  report.damaged = std::move(found.damaged);
  return report;
}

}  // namespace imreg

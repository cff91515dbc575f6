// What every kind of search does with its options, its rows and its mistakes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "imreg/emit.h"
#include "imreg/registry.h"
#include "registry/path_roots.h"

namespace imreg {

/// Which options cannot stand together; the first pair that does is named. Error: invalid.
Status check_together(const SearchOptions& options);

/// A writer, and how far it has come.
struct Printer {
  std::unique_ptr<RowWriter> writer;
  std::int64_t index = 0;

  Status end() {
    writer->finish();
    return writer->status();
  }
};

/// Errors: those of make_row_writer.
Result<Printer> make_printer(const SearchOptions& options, const Schema& schema, const PathRoots& roots,
                             const Sink& sink);

/// -explain: the plan, and how many rows.
void explain(const std::vector<std::string>& plan, std::int64_t matched, const Sink& sink);

/// "sort: ..." is of the option -sort.
Status named(const Status& status);

}  // namespace imreg

// Rows out: one writer interface, formats registered by name.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"
#include "imreg/status.h"

namespace imreg {

/// Where finished text goes. False: the reader has gone (closed pipe); the writer then stops quietly.
using Sink = std::function<bool(std::string_view)>;

struct EmitOptions {
  std::vector<std::string>
      fields;  ///< -fields: names in order; empty: all but hidden ones (json, csv, tsv), a chosen few (table)
  double tz_hours = 0;
  bool registration_time = false;  ///< -treg: regtime instead of obstime in the row
  int width = 0;                   ///< columns of the terminal for `table`; 0: not a terminal, never cut
  /// Turns "$ROOT/rest" of the pathname field into a full path; empty function: leave it.
  std::function<std::string(std::string_view)> expand_path;
};

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  /// `index` counts the printed rows from 1. False when the sink is closed.
  virtual bool row(std::int64_t index, RecordView record) = 0;
  /// Writes what is still held back. To be called once.
  virtual bool finish() = 0;
};

/// "row" (Elixir's 12 words), "table", "csv", "tsv", "json".
std::vector<std::string> emit_formats();

/// Errors: invalid (no such format, or for "row" a schema without the needed fields), not_found (no such field; near names are offered).
Result<std::unique_ptr<RowWriter>> make_row_writer(std::string_view format, const Schema& schema,
                                                   const EmitOptions& options, Sink sink);

}  // namespace imreg

// Rows out: one writer interface, formats registered by name.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "imreg/record.h"
#include "imreg/schema.h"
#include "imreg/status.h"

namespace imreg {

/// Where finished bytes go. Any function bool(std::string_view) is one. False: the reader has gone (closed pipe), or
/// writing failed; the writer then stops quietly.
class Sink {
 public:
  using Write = std::function<bool(std::string_view)>;
  using Patch = std::function<bool(std::int64_t, std::string_view)>;

  Sink() = default;
  template <class F>
    requires(!std::is_same_v<F, Sink> && std::is_invocable_r_v<bool, F&, std::string_view>)
  Sink(F write) : write_(std::move(write)) {}
  /// A file: `patch` writes over bytes that went out before; its offset counts from the first of them. Formats that
  /// begin with the number of rows use it; without it they collect the rows in an unlinked temporary file ($TMPDIR,
  /// else /tmp).
  Sink(Write write, Patch patch) : write_(std::move(write)), patch_(std::move(patch)) {}

  bool operator()(std::string_view bytes) const { return write_(bytes); }
  bool can_patch() const { return static_cast<bool>(patch_); }
  bool patch(std::int64_t offset, std::string_view bytes) const { return patch_(offset, bytes); }

 private:
  Write write_;
  Patch patch_;
};

struct EmitOptions {
  std::vector<std::string>
      fields;  ///< -fields: names in order; empty: a chosen few (table), whole records (fits), else all but hidden ones
  double tz_hours = 0;
  bool registration_time = false;  ///< -treg: regtime instead of obstime in the row
  int width = 0;                   ///< columns of the terminal for `table`; 0: not a terminal, never cut
  bool ascii = false;  ///< the terminal shows no UTF-8: what `table` cuts is marked by ~, not by an ellipsis
  /// Turns "$ROOT/rest" of the pathname field into a full path; empty function: leave it. Several threads may call it.
  std::function<std::string(std::string_view)> expand_path;
  int expanded_bytes = 0;  ///< by how much expand_path makes a path longer at most: npy and fits need columns that wide
};

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  /// `index` counts the printed rows from 1. False when the sink is closed, or status() is not ok.
  virtual bool row(std::int64_t index, RecordView record) = 0;
  /// Writes what is still held back. To be called once.
  virtual bool finish() = 0;
  /// What went wrong in the writer itself: no room for its temporary file, a value that its format cannot hold.
  virtual Status status() const { return {}; }

  /// Lines for many rows, by several threads at once (row, trigger, csv, tsv, json): each appends the lines of its
  /// records, the first of which is row `first`, to a text of its own; lines() then takes the texts in the order of the
  /// rows.
  virtual bool can_format_rows() const { return false; }
  virtual void format_rows(std::int64_t first, std::span<const RecordView> records, std::string& out) const;
  virtual bool lines(std::string_view text);
};

/// "row" (Elixir's 12 words), "trigger", "table", "csv", "tsv", "json", "votable", "npy", "fits", "fits-table".
std::vector<std::string> emit_formats();
/// Not for a terminal.
bool is_binary_format(std::string_view format);

/// Errors: invalid (no such format, or a schema without the fields that it needs), not_found (no such field; near names
/// are offered).
Result<std::unique_ptr<RowWriter>> make_row_writer(std::string_view format, const Schema& schema,
                                                   const EmitOptions& options, Sink sink);

}  // namespace imreg

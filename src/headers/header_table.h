// One header table: a row for each HDU of its kind, a column for each keyword, and the whole headers in X.heap. Keywords and
// values that do not fit change the table: its next version has room for them, made beside it and renamed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "headers/header_reader.h"
#include "headers/heap.h"
#include "headers/table_schema.h"
#include "imreg/record_file.h"

namespace imreg::headers {

/// What one row is made of.
struct HeaderRow {
  std::int64_t file = 0;  ///< its number in files.db
  int hdu = 0;
  std::string rootname, filename;
  std::string cards;  ///< whole ones, without END; not needed when they are parsed
  double time = 0;    ///< when they were read, seconds since 1970 UTC
  /// Its cards, read as a header of this table's kind; who has many threads does that there, else write() does it.
  std::optional<ParsedHeader> parsed = {};
};

struct TableReport {
  struct NewKeyword {
    std::int64_t file;
    std::string keyword;
  };
  std::int64_t added = 0, changed = 0, deleted = 0;
  int version = 0;                         ///< of the schema now
  std::vector<NewKeyword> new_keywords{};  ///< that the table did not have, each once; none of a table that was empty
  std::vector<NewKeyword>
      texts{};  ///< columns of numbers or logicals that hold texts now, and the file that brought one
};

/// Error: not_found (the table has `rows`, and its heap is missing), with what helps.
Status check_heap_is_there(const std::string& table, std::int64_t rows);

/// The fields of a schema by their columns.
using Columns = std::unordered_map<std::string_view, const FieldInfo*>;

class HeaderTable {
 public:
  /// Makes it when there is none, as `first` says. Errors: those of RecordWriter::open_or_create and of Heap; mismatch (it is no
  /// header table).
  static Result<HeaderTable> open(const std::string& path, const Schema& first, const RecordWriter::Options& options);

  /// Adds rows, and replaces those of the same file and HDU that are there, as one durable step, behind the step that changes the
  /// table where it must. Rows of `files` that are not among them are marked as deleted: HDUs and files that are gone.
  /// A file and HDU may be among `rows` once.
  Result<TableReport> write(std::vector<HeaderRow> rows, const std::vector<std::int64_t>& files);

  /// Gives back room and journal, at the end of the work.
  Status trim() { return writer_->trim(); }

  const RecordFile& file() const { return writer_->file(); }
  const Heap& heap() const { return *heap_; }

 private:
  HeaderTable() = default;
  Status make_room(const std::vector<HeaderRow>& rows, TableReport& report);
  Status remake(const Schema& schema, bool other_types);
  Status each_header(const std::function<void(const ParsedHeader&)>& visit) const;
  Record row_of(const HeaderRow& from);
  void find_rows();
  void know_columns();

  std::string path_;
  RecordWriter::Options options_;
  std::optional<RecordWriter> writer_;
  std::optional<Heap> heap_;
  HeaderReader reader_;

  /// What a form looks like in a row of this schema.
  struct StoredForm {
    std::shared_ptr<const Form> form;        ///< kept: its address is the key
    std::vector<const FieldInfo*> fields{};  ///< of its values; none: there is no such column
    int others = 0;                          ///< values that only the heap has
    Record row{0};
  };
  const StoredForm& stored(const std::shared_ptr<const Form>& form);

  Columns columns_;
  std::unordered_map<const Form*, StoredForm> stored_forms_;
  Record empty_{0};  ///< a row without keywords
  /// The rows of each file that are not deleted; made when they are first asked for.
  std::optional<std::unordered_map<std::int64_t, std::vector<std::int64_t>>> rows_;
};

}  // namespace imreg::headers

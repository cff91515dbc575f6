// The records of X.db.history: their fields, and how a change stands in them.
#pragma once

#include <string>

#include "imreg/history.h"
#include "imreg/record.h"

namespace imreg::history {

struct Fields {
  Field<double> time;
  Field<std::int64_t> change, number, rows, undoes, parts;
  Field<std::uint8_t> kind;
  Field<std::int16_t> bytes;
  Field<Text> uuid, program, user, host, command;
  Field<std::uint8_t> data;
};
const Schema& schema();
const Fields& fields();

/// X.db.history of a database.
std::string path_of(const RecordFile& database);
/// Opens it. Errors: those of RecordFile::open, mismatch (another format).
Result<RecordFile> open(const std::string& path);

Record record_of(const BulkChange& change);
BulkChange change_of(RecordView record, std::int64_t row);

/// The heads of all changes, oldest first; `damaged`: records that cannot be read, the newest first.
Result<std::vector<BulkChange>> heads_of(const RecordFile& file, std::vector<std::int64_t>& damaged);
/// The number that the next change gets.
Result<std::int64_t> next_id(const RecordFile& file);

}  // namespace imreg::history

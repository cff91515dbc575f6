// The answer of a query, a row at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "imreg/query.h"
#include "query/candidates.h"
#include "query/group.h"
#include "query/sorter.h"
#include "scan/row_reader.h"

namespace imreg {

/// Where the rows of an answer come from: a sorted list of them, or a set in file order.
struct Rows::State {
  const RecordFile* file;
  RowReader reader;
  Candidates candidates;
  std::int64_t skip = 0, left = 0;  // of offset and limit
  std::unique_ptr<Sorter> sorted;
  std::unique_ptr<Groups> groups;
  std::vector<std::int64_t> batch;  // of the set, or all when there is none; last one first
  std::int64_t at = 0;              // the next batch begins here
  Record record;
  std::int64_t number = -1;
  Status status;
  QueryReport report;

  State(const RecordFile& from, Candidates which)
      : file(&from), reader(from), candidates(std::move(which)), record(from.make_record()) {}

  bool next();

 private:
  /// The next candidate of the answer in its order; -1 at the end.
  Result<std::int64_t> next_candidate();
  /// The next group, of the sorted ones or as they come.
  Result<bool> next_group();
};

/// A key of the Sorter ends with the number of a row.
std::int64_t row_of(std::string_view item);

}  // namespace imreg

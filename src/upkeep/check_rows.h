// Every row of a file: its check, its fields, its key, and what the index must say of it.
#pragma once

#include "imreg/record_file.h"
#include "imreg/upkeep.h"
#include "scan/index_check.h"
#include "upkeep/findings.h"

namespace imreg::upkeep {

struct RowsReport {
  std::int64_t deleted = 0;
  std::int64_t damaged = 0;
  std::int64_t newest_change = 0;  ///< the highest change number that a row says
};

/// `index`: nullptr when there is none that could be compared. `data_offset`: where the rows begin in the file. `done` is called now and then with bytes.
RowsReport check_rows(const RecordFile& file, const index::IndexCheck* index, std::int64_t data_offset,
                      const CheckOptions& options, int jobs, const std::function<void(std::int64_t bytes)>& done,
                      Findings& findings);

}  // namespace imreg::upkeep

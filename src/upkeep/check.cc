// Looks at all files of a database.
#include "imreg/record_file.h"
#include "imreg/upkeep.h"

namespace imreg {

Result<CheckReport> check_database(const std::string& path, const CheckOptions&) {
  IMREG_ASSIGN(const RecordFile file, RecordFile::open(path));
  CheckReport report;
  report.rows = file.count();
  return report;
}

}  // namespace imreg

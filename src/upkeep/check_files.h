// What stands around the rows: header, room behind them, journal, lock, and what else lies beside the file.
#pragma once

#include <string>
#include <vector>

#include "upkeep/findings.h"

namespace imreg::upkeep {

/// Looks at a native file while nobody writes. A program that does makes many things look torn that are not: then it is
/// tried again a few times, and of a file that never rests only what does not change is judged.
/// `newest_change`: the highest change number of its rows.
void check_surroundings(const std::string& path, std::int64_t newest_change, Findings& findings);

/// The record files beside X.db that are data of their own: what each must hold by its name. The check goes through them in turn.
struct RecordFileBeside {
  std::string path;
  std::string format;  ///< empty: any
  std::int64_t bytes = 0;
};
std::vector<RecordFileBeside> record_files_beside(const std::string& path);
/// Whether it is what its name says, and what only its format can tell. Errors: io, and those of RecordFile::open.
Status check_beside(const RecordFileBeside& which, Findings& findings);

/// X.db.lost, and what killed programs left.
void check_companions(const std::string& path, Findings& findings);

/// Of Elixir's files and tables of others: what can be known without checks.
void check_foreign(const std::string& path, Findings& findings);

}  // namespace imreg::upkeep

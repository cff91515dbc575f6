// Upkeep of a database: whether it is whole, and new files made out of old ones. man 1 imcheck.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/status.h"

namespace imreg {

/// One thing that was found, in one of the files of a database.
struct Finding {
  enum class Kind {
    damage,   ///< something is lost or wrong
    warning,  ///< it can be as it is, and somebody should look
    note      ///< good to know
  };
  Kind kind = Kind::damage;
  std::string file;
  std::int64_t record = -1;  ///< from 0; -1: not about one record
  std::int64_t byte = -1;    ///< in the file; -1: not about one place
  std::string what;          ///< what is wrong; what to do
};

struct CheckOptions {
  int jobs = 0;  ///< threads; 0: one for each processor
  /// Bytes that are looked at by now, and all of them. Called by the thread that called check_database().
  std::function<void(std::int64_t done, std::int64_t all)> progress;
};

struct CheckReport {
  static constexpr std::size_t kMostNamed = 1000;
  std::vector<Finding> findings;  ///< the first kMostNamed
  std::int64_t damages = 0;       ///< all, named or not
  std::int64_t warnings = 0;
  std::int64_t rows = 0;
  std::int64_t deleted = 0;
  std::int64_t bytes = 0;  ///< that were read
  bool whole() const { return damages == 0; }
};

/// Looks at every byte of a database and of the files beside it. Never writes, never waits for a writer and never holds one
/// up; what a writer changes meanwhile is no damage. Errors: not_found, io; damage is in the report.
Result<CheckReport> check_database(const std::string& path, const CheckOptions& options = {});

}  // namespace imreg

// The log of a run, in acsql's lines ("11/22/2026 14:03:20 INFO: jcw501eq: Updated master table.") or as JSON, a file for each run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg::ingest {

class Log {
 public:
  enum class Format { acsql, json };
  /// No log.
  Log() = default;
  /// FOLDER/<module>_YYYY-MM-DD-HH-MM.log (or .json), UTC; the folder is made when it is missing. Error: io.
  static Result<Log> open(const std::string& folder, const std::string& module, Format format);

  /// `subject`: the observation; empty: the run. Errors of the disk come with flush().
  void info(std::string_view subject, std::string_view message) { add("INFO", subject, message); }
  void warning(std::string_view subject, std::string_view message) { add("WARNING", subject, message); }
  void error(std::string_view subject, std::string_view message) { add("ERROR", subject, message); }
  Status flush();

 private:
  void add(std::string_view level, std::string_view subject, std::string_view message);

  File file_;
  Format format_ = Format::acsql;
  std::int64_t written_ = 0;
  std::string waiting_;  ///< to be written there
};

}  // namespace imreg::ingest

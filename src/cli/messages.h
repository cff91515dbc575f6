// Exit codes, and what a program says about trouble.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/scan.h"
#include "imreg/status.h"

namespace imreg::cli {

/// Exit codes of every program.
enum Exit : int {
  kOk = 0,
  kNothing = 1,  ///< nothing matched
  kUsage = 2,    ///< the command line makes no sense
  kTrouble = 3,  ///< the database or the machine failed
  kInputs = 4    ///< some or all input files failed; the others are done
};

/// Prints "program: FILE: what is wrong" to standard error: always one line.
void complain(std::string_view program, const Status& status);
/// A line for each that is named, and one that counts the others.
void complain(std::string_view program, const DamagedRows& rows);
/// The same for a text that is no failure.
void warn(std::string_view program, std::string_view text);

/// What a program that runs for long says: with the time, or for journald, which knows it, with its priority (syslog(3)).
void log(std::string_view program, int priority, std::string_view text);

/// Complains and returns the exit code: 2 for what the command line asks for in vain (such a status names no file), else 3.
/// Lines of an expression and of the caret below it become lines of their own.
int end_with(std::string_view program, const Status& status);

/// Many like lines as one: a few are told as they are, more are counted by their kind; of many kinds the most frequent.
class Tally {
 public:
  explicit Tally(std::size_t few = 1) : few_(few) {}
  void add(const std::string& kind, const std::string& line);
  /// "program: passed over 3 files that are not FITS (a JPEG image: 1, a text file: 2); -v names them"
  void tell(std::string_view program, std::string_view before, std::string_view what) const;

 private:
  std::size_t few_;
  std::vector<std::string> first_;
  std::int64_t lines_ = 0;
  std::map<std::string, std::int64_t> kinds_;
};

}  // namespace imreg::cli

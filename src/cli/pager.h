// A pager between a program and the terminal.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "imreg/status.h"

namespace imreg::cli {

/// $IMREG_PAGER, else $PAGER, else `less -FRSX` when there is a less: it shows what one screen holds and goes, and does
/// not break long lines. One at a time.
class Pager {
 public:
  /// nullptr: none is wanted (empty, cat), there, or could be started. What it shows is written to descriptor().
  static std::unique_ptr<Pager> start();

  int descriptor() const { return descriptor_; }
  /// Ends its input and waits until the person has read. Error: io, when the shell could not start it.
  Status finish();

  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;
  ~Pager() { (void)finish(); }

 private:
  Pager(std::string command, int descriptor, pid_t child);
  std::string command_;
  int descriptor_;
  pid_t child_;
};

}  // namespace imreg::cli

// Standard output in large pieces.
#pragma once

#include <string>
#include <string_view>

#include "imreg/status.h"

namespace imreg::cli {

/// Collects text and writes it in pieces of 256 KiB; on a terminal after every line. One thread.
class Output {
 public:
  explicit Output(int descriptor = 1);
  ~Output() { (void)flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// False when nothing more can be written: the reader has gone, or writing failed. Fits imreg::Sink.
  bool write(std::string_view text);
  /// Writes what is held back.
  bool flush();

  /// Ok also when the reader has gone (that is how `| head` ends); io when writing failed.
  const Status& status() const { return status_; }
  bool closed() const { return closed_; }

 private:
  bool put(std::string_view text);

  int descriptor_;
  bool terminal_;
  bool closed_ = false;
  std::string held_;
  Status status_;
};

/// Columns of the terminal that standard output is; 0 when it is none.
int terminal_columns();

}  // namespace imreg::cli

// Progress of long work: one line on the terminal, nothing when standard error is not a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace imreg::cli {

/// "  1234/9000 MB  456 MB/s  12 s left", rewritten at most ten times a second and gone at the end. Safe from several threads.
class Progress {
 public:
  /// `total` 0: not known. `unit`: of what is counted; empty: it needs no name.
  explicit Progress(std::int64_t total = 0, std::string unit = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void set_total(std::int64_t total);
  void add(std::int64_t done = 1);
  /// So much of all is done: for work that tells it so.
  void at(std::int64_t done, std::int64_t total);

  /// What clears the line of the terminal if one stands there now, else nothing; messages begin with it.
  static std::string erase();
  /// The line itself, for `seconds` of work.
  static std::string line(std::int64_t done, std::int64_t total, double seconds, const std::string& unit = {});

 private:
  void show();

  std::mutex mutex_;
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
  std::string unit_;
  bool terminal_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace imreg::cli

// Slots: bytes of one file that processes lock, so that others see whether such a process is still there. A number is used
// once: whoever comes later never stands for one that has gone.
#pragma once

#include <cstdint>
#include <string>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

class SlotLock {
 public:
  /// Locks a byte of `path`, which is made, like `like`, when it is missing. Errors: not_found (no such folder), io.
  static Result<SlotLock> take(const std::string& path, const std::string& like);
  std::int64_t number() const { return number_; }

 private:
  File file_;
  std::int64_t number_ = 0;
};

/// Asks about slots; needs no permission to write.
class Slots {
 public:
  explicit Slots(std::string path) : path_(std::move(path)) {}
  /// Somebody holds it. True also when that cannot be known.
  bool is_held(std::int64_t number);

 private:
  std::string path_;
  File file_;
};

std::string host_name();
/// "host pid program", of this process.
std::string worker_text(const std::string& program);

}  // namespace imreg

// A file seen as memory, read-only. Writing always goes through File::write.
#pragma once

#include <cstdint>
#include <memory>

#include "imreg/status.h"

namespace imreg {

class File;

/// A file that shrinks, or whose disk fails, under a map does not end the process with SIGBUS: the first Map installs a
/// handler that puts a page of zeros there and notes it. Other SIGBUS go to the handler that was installed before.
class Map {
 public:
  /// The first `size` bytes of a file. Error: io.
  static Result<Map> of(const File& file, std::int64_t size);
  Map();
  Map(Map&&) noexcept;
  Map& operator=(Map&&) noexcept;
  ~Map();

  const char* data() const { return data_; }
  std::int64_t size() const { return size_; }
  /// These bytes will be looked at soon: the system may begin to read them. Returns at once, or as soon as its queue has room.
  void want(std::int64_t offset, std::int64_t size) const;
  /// True when some page was no longer there when it was looked at: what was read may be zeros.
  bool lost() const;

 private:
  struct Region;
  std::unique_ptr<Region> region_;
  const char* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace imreg

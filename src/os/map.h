// A file seen as memory, read-only. Writing always goes through File::write.
#pragma once

#include <cstdint>
#include <memory>

#include "imreg/status.h"

namespace imreg {

class File;

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

 private:
  struct Region;
  std::unique_ptr<Region> region_;
  const char* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace imreg

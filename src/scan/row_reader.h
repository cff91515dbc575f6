// Reading the rows of an answer, by the map or by calls of the kernel, whichever is cheaper.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "imreg/record_file.h"

namespace imreg {

/// Rows in about any order. The first look at a page of the map costs as much as half a dozen reads, and brings 15 more
/// pages: worth it only where many rows lie together, not for the few CCDs of an exposure that a cone touches.
class RowReader {
 public:
  explicit RowReader(const RecordFile& file) : file_(&file) {}
  Status read(std::int64_t row, Record& copy) {
    constexpr std::int64_t kNear = 128;  // rows, in those 16 pages
    constexpr int kMany = 8;
    neighbours_ = std::abs(row - last_) <= kNear ? neighbours_ + 1 : 0;
    last_ = row;
    return neighbours_ > kMany ? file_->read(row, copy) : file_->read_far(row, copy);
  }

 private:
  const RecordFile* file_;
  std::int64_t last_ = 0;
  int neighbours_ = 0;
};

}  // namespace imreg

// Writes of neighbouring pieces become one.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "os/file.h"

namespace imreg {

class WriteBehind {
 public:
  /// `file` must stay where it is.
  explicit WriteBehind(File& file) : file_(&file) {}
  Status write(std::int64_t offset, std::string_view bytes) {
    if (offset != end_ || held_.size() >= kPiece) IMREG_TRY(flush());
    if (held_.empty()) held_.reserve(kPiece + bytes.size());
    held_ += bytes;
    end_ = offset + static_cast<std::int64_t>(bytes.size());
    return {};
  }
  Status flush() {
    const auto status = held_.empty() ? Status() : file_->write(end_ - static_cast<std::int64_t>(held_.size()), held_);
    held_.clear();
    return status;
  }

 private:
  static constexpr std::size_t kPiece = 1 << 20;
  File* file_;
  std::string held_;
  std::int64_t end_ = 0;
};

}  // namespace imreg

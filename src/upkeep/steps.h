// How far work of several parts is: one count that only rises, and ends at all of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "imreg/backup.h"

namespace imreg {

class Steps {
 public:
  explicit Steps(OnProgress progress) : progress_(std::move(progress)) {}
  /// A part of so much; known before the first one begins.
  void expect(std::int64_t part) { all_ += part; }
  /// So far is the part that is at work.
  void at(std::int64_t done) { tell(before_ + done); }
  /// It is done; it may have become longer meanwhile.
  void end(std::int64_t part) { tell(before_ += part); }
  void finish() { tell(all_); }

 private:
  void tell(std::int64_t done) {
    done = std::min(done, all_);
    if (progress_ && done > shown_) progress_(shown_ = done, all_);
  }
  OnProgress progress_;
  std::int64_t all_ = 0, before_ = 0, shown_ = 0;
};

}  // namespace imreg

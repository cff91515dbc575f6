// Finished bytes on their way to the sink: one large buffer, handed over when it is full.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "imreg/emit.h"

namespace imreg::emit {

/// Use: char* at = buffer.room(most that may come); write; buffer.commit(end).
class Buffer {
 public:
  explicit Buffer(Sink sink) : sink_(std::move(sink)) { grow(kFull + kSlack); }

  /// Room for `size` more bytes; what was committed before may go to the sink.
  char* room(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) make_room(size);
    return at_;
  }
  void commit(char* end) { at_ = end; }

  /// Behind each row: hands the bytes over when there are enough. False when the sink is closed.
  bool row_done() {
    if (at_ - bytes_.get() >= static_cast<std::ptrdiff_t>(kFull)) flush();
    return open_;
  }
  bool flush() {
    const std::string_view text(bytes_.get(), static_cast<std::size_t>(at_ - bytes_.get()));
    if (open_ && !text.empty()) open_ = sink_(text);
    at_ = bytes_.get();
    return open_;
  }
  /// Bytes of the caller, behind all that was committed.
  bool pass(std::string_view text) {
    if (flush() && !text.empty()) open_ = sink_(text);
    return open_;
  }
  bool open() const { return open_; }

 private:
  // Memory is slow when it is touched first, 1.7 us a page of a search that takes 1,000: larger pieces gain nothing.
  static constexpr std::size_t kFull = 64 * 1024;
  static constexpr std::size_t kSlack = 32 * 1024;

  void grow(std::size_t size) {
    bytes_.reset(new char[size]);
    at_ = bytes_.get();
    end_ = at_ + size;
  }
  void make_room(std::size_t size) {
    flush();
    if (static_cast<std::size_t>(end_ - at_) < size) grow(size + kSlack);
  }

  Sink sink_;
  std::unique_ptr<char[]> bytes_;
  char* at_ = nullptr;
  char* end_ = nullptr;
  bool open_ = true;
};

}  // namespace imreg::emit

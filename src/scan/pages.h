// Pages of an index: 4,096 bytes of which the last 8 are a check, so that bytes that rotted, never reached the disk, or
// belong to something else are noticed when they are looked at, and only those that are looked at are checked.
//
// A run of pages holds a column: values of 1, 2, 4 or 8 bytes in the order of the machine, 4,088 bytes a page. 4,088 values
// (a "batch") therefore fill a whole number of pages whatever their width, and columns can be walked side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg::index {

constexpr std::int64_t kPage = 4096;
constexpr std::int64_t kPayload = 4088;
constexpr std::int64_t kBatch = 4088;  ///< values

/// Where a column stands: its first page in the file, and its bytes without the checks.
struct Extent {
  std::int64_t page = 0;
  std::int64_t bytes = 0;

  std::int64_t pages() const { return (bytes + kPayload - 1) / kPayload; }
};

/// The check of the page that is number `page` of the file, of which `payload` are the first 4,088 bytes.
std::uint64_t page_check(std::uint64_t nonce, std::int64_t page, const char* payload);

/// Reads pages, keeps the last ones. One thread at a time. By pread: a fault of a mapped page costs two of them.
class PageReader {
 public:
  /// The file must outlive it. `nonce` is the number of this index.
  PageReader(const File& file, std::uint64_t nonce) : file_(&file), nonce_(nonce) {}

  /// Pages of the file.
  std::int64_t count() const { return file_->size().value_or(0) / kPage; }
  /// The payload of a page; the pointer lives until the next call. nullptr: it is damaged, see status().
  const char* payload(std::int64_t page);
  /// Bytes from..from+size-1 of an extent, copied. False when damaged.
  bool copy(const Extent& extent, std::int64_t from, std::int64_t size, char* to);

  template <class T>
  bool at(const Extent& extent, std::int64_t i, T& value) {
    constexpr std::int64_t kPer = kPayload / static_cast<std::int64_t>(sizeof(T));
    const char* page = payload(extent.page + i / kPer);
    if (!page) return false;
    std::memcpy(&value, page + (i % kPer) * static_cast<std::int64_t>(sizeof(T)), sizeof value);
    return true;
  }
  /// Values from..from+count-1.
  template <class T>
  bool values(const Extent& extent, std::int64_t from, std::int64_t count, T* to) {
    constexpr auto kSize = static_cast<std::int64_t>(sizeof(T));
    return copy(extent, from * kSize, count * kSize, reinterpret_cast<char*>(to));
  }

  /// The first of the values from..end-1, which stand in order, that is not below `value`, or is above it. `first` and `last`
  /// are about those at the ends: the page is guessed from them, so few are read when values lie about evenly; every
  /// third guess is the middle, so none are read in vain for long when they do not. False when damaged.
  template <class T>
  bool bound(const Extent& extent, std::int64_t from, std::int64_t end, T value, bool above, T first, T last,
             std::int64_t& out) {
    constexpr std::int64_t kPer = kPayload / static_cast<std::int64_t>(sizeof(T));
    const auto is_before = [&](T there) { return there < value || (above && there == value); };
    for (int guesses = 1; from < end; ++guesses) {
      const double share = (static_cast<double>(value) - static_cast<double>(first)) /
                           (static_cast<double>(last) - static_cast<double>(first));
      std::int64_t guess = share > 0 ? end - 1 : from;  // not a number: from
      if (guesses % 3 == 0)
        guess = (from + end) / 2;
      else if (share > 0 && share < 1)
        guess = from + static_cast<std::int64_t>(share * static_cast<double>(end - 1 - from));
      std::int64_t low = std::max(from, guess - guess % kPer), high = std::min(end, guess - guess % kPer + kPer);
      T lowest, highest;
      if (!at(extent, low, lowest) || !at(extent, high - 1, highest)) return false;
      if (!is_before(lowest)) {
        end = low, last = lowest;
        continue;
      }
      from = high, first = highest;
      if (is_before(highest)) continue;
      for (--high, ++low; low < high;) {  // in this page, and not its first
        const std::int64_t middle = (low + high) / 2;
        T there;
        if (!at(extent, middle, there)) return false;
        (is_before(there) ? low : high) = is_before(there) ? middle + 1 : middle;
      }
      from = end = low;
    }
    out = from;
    return true;
  }

  /// corrupt or io, once something could not be read; ok before.
  const Status& status() const { return status_; }

 private:
  bool fail(Status status);
  bool damaged(std::int64_t page);
  bool read_run(std::int64_t page, std::int64_t pages, char* to);
  static constexpr std::size_t kSlots = 64;
  const File* file_;
  std::uint64_t nonce_;
  Status status_;
  std::array<std::int64_t, kSlots> held_{};               ///< page + 1
  std::array<std::unique_ptr<char[]>, kSlots> payloads_;  ///< memory that is never touched costs nothing: one by one
  std::size_t last_ = 0, next_ = 0;                       ///< slots: of the last call, and to be filled next
};

/// Writes one column.
class PageWriter {
 public:
  PageWriter(File& file, std::uint64_t nonce, const Extent& extent)
      : file_(&file), nonce_(nonce), next_(extent.page), left_(extent.bytes) {}

  void add(const void* bytes, std::size_t size) {
    const char* from = static_cast<const char*>(bytes);
    left_ -= static_cast<std::int64_t>(size);
    while (size > 0) {
      if (!open_) start_page();
      const std::size_t part = std::min(size, static_cast<std::size_t>(kPayload) - filled_);
      std::memcpy(held_.data() + held_.size() - kPage + filled_, from, part);
      filled_ += part;
      from += part;
      size -= part;
      if (filled_ == static_cast<std::size_t>(kPayload)) close_page();
    }
  }
  template <class T>
  void value(const T& v) {
    add(&v, sizeof v);
  }
  template <class T>
  void all(const std::vector<T>& values) {
    if (!values.empty()) add(values.data(), values.size() * sizeof(T));
  }
  /// Writes what is still held back; to be called once. Says whether everything was written, and that the column is full.
  Status finish();

 private:
  void start_page();
  void close_page();
  void flush();
  static constexpr std::size_t kPagesHeld = 32;
  File* file_;
  std::uint64_t nonce_;
  std::int64_t next_;       ///< the page that is being filled
  std::int64_t left_;       ///< bytes that are still to come
  std::vector<char> held_;  ///< pages that are not written yet, the last one perhaps not full
  std::size_t filled_ = 0;  ///< bytes in the last one
  bool open_ = false;
  Status status_;
};

}  // namespace imreg::index

// Whole columns out, and columns in one value after the other: what building and merging of segments need.
#pragma once

#include <vector>

#include "scan/segment.h"

namespace imreg::index {

/// Texts of one width, that of the longest.
inline std::vector<char> fence_column(const std::vector<std::string>& fences) {
  std::size_t width = 0, at = 0;
  for (const auto& text : fences) width = std::max(width, text.size());
  std::vector<char> out(width * fences.size());
  for (const auto& text : fences) text.copy(out.data() + width * at++, text.size());
  return out;
}

/// Hands out pages for columns and writes each as a whole.
class Columns {
 public:
  Columns(File& file, std::uint64_t nonce, std::int64_t& page) : file_(file), nonce_(nonce), page_(page) {}
  Extent take(std::int64_t bytes) {
    const Extent extent{page_, bytes};
    page_ += extent.pages();
    return extent;
  }
  template <class T>
  void write(const Extent& extent, const std::vector<T>& values) {
    PageWriter writer(file_, nonce_, extent);
    writer.all(values);
    if (status_.ok()) status_ = writer.finish();
  }
  template <class T>
  Extent write(const std::vector<T>& values) {
    const Extent extent = take(static_cast<std::int64_t>(values.size() * sizeof(T)));
    write(extent, values);
    return extent;
  }
  /// The segment is complete with its head.
  Status finish(const SegmentHead& head) {
    std::vector<char> bytes(sizeof head);
    std::memcpy(bytes.data(), &head, sizeof head);
    write(bytes);
    return status_;
  }

 private:
  File& file_;
  std::uint64_t nonce_;
  std::int64_t& page_;
  Status status_;
};

/// Walks a column from its beginning, a page in memory at a time.
template <class T>
class Cursor {
 public:
  Cursor(const SegmentSource& source, const Extent& extent)
      : file_(source.file), nonce_(source.nonce), page_(extent.page), left_(extent.bytes / kSize) {}
  std::int64_t left() const { return left_; }
  /// False at the end, and from a page on that is damaged or could not be read: see status().
  bool next(T& value) {
    if (left_ == 0 || (at_ == kPer && !fetch())) return false;
    std::memcpy(&value, bytes_.data() + at_ * kSize, kSize);
    ++at_;
    --left_;
    return true;
  }
  const Status& status() const { return status_; }

 private:
  static constexpr std::int64_t kSize = static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t kPer = kPayload / kSize;

  bool fetch() {
    // Not once more: whoever has missed a value would take the next one for it.
    if (!status_.ok()) return false;
    if (bytes_.empty()) bytes_.resize(kPage);
    status_ = file_->read_exactly(page_ * kPage, bytes_.data(), kPage);
    if (!status_.ok()) return false;
    std::uint64_t check;
    std::memcpy(&check, bytes_.data() + kPayload, sizeof check);
    if (check != page_check(nonce_, page_, bytes_.data())) {
      status_ = Status(Code::corrupt, "a page of the index is damaged").in_file(file_->path()).at_byte(page_ * kPage);
      return false;
    }
    ++page_;
    at_ = 0;
    return true;
  }

  const File* file_;
  std::uint64_t nonce_;
  std::int64_t page_;
  std::int64_t left_;
  std::int64_t at_ = kPer;
  std::vector<char> bytes_;
  Status status_;
};

}  // namespace imreg::index

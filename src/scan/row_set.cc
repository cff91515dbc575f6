// A set of rows: a list while it is small, bits when it is large.
#include <algorithm>

#include "imreg/scan.h"

namespace imreg {

namespace {
constexpr std::size_t kMostNumbers = 4u << 20;  // 32 MiB
}

void RowSet::make_bits() {
  bits_.assign(static_cast<std::size_t>((count_ + 63) / 64), 0);
  for (const std::uint64_t row : rows_) bits_[row / 64] |= std::uint64_t{1} << (row % 64);
  rows_ = {};
}

void RowSet::add(std::int64_t row) {
  if (row < 0 || row >= count_) return;
  const auto at = static_cast<std::uint64_t>(row);
  if (bits_.empty()) {
    // One bit a row takes less from here on.
    if (rows_.size() < kMostNumbers && (rows_.size() < 1024 || rows_.size() * 64 < static_cast<std::size_t>(count_))) {
      rows_.push_back(at);
      return;
    }
    make_bits();
  }
  bits_[at / 64] |= std::uint64_t{1} << (at % 64);
}

void RowSet::add_range(std::int64_t from, std::int64_t end) {
  for (std::int64_t row = from; row < end; ++row) add(row);
}

void RowSet::finish() {
  if (!bits_.empty()) {
    size_ = 0;
    for (const std::uint64_t word : bits_) size_ += __builtin_popcountll(word);
    return;
  }
  if (!std::is_sorted(rows_.begin(), rows_.end())) std::sort(rows_.begin(), rows_.end());
  rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
  size_ = static_cast<std::int64_t>(rows_.size());
}

void RowSet::each(std::int64_t from, const std::function<bool(std::int64_t row)>& visit) const {
  from = std::max<std::int64_t>(from, 0);
  if (bits_.empty()) {
    auto at = std::lower_bound(rows_.begin(), rows_.end(), static_cast<std::uint64_t>(from));
    for (; at != rows_.end(); ++at) {
      if (!visit(static_cast<std::int64_t>(*at))) return;
    }
    return;
  }
  for (auto word = static_cast<std::size_t>(from / 64); word < bits_.size(); ++word) {
    std::uint64_t bits = bits_[word];
    if (static_cast<std::int64_t>(word) == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
    for (; bits != 0; bits &= bits - 1) {
      if (!visit(static_cast<std::int64_t>(word) * 64 + __builtin_ctzll(bits))) return;
    }
  }
}

}  // namespace imreg

// Rows of a file by a key that they have: eight bytes a row, whatever the key.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "imreg/record_file.h"

namespace imreg::ingest {

std::uint64_t hash_of(std::uint64_t number);
std::uint64_t hash_of(std::string_view text, std::uint64_t seed = 0);

class KeyIndex {
 public:
  /// `key` gives the hash of a row's key, 0: the row has none. Several threads call it. Errors: io (no memory), invalid (more than
  /// 2^32 rows).
  static Result<KeyIndex> make(const RecordFile& file, int jobs, const std::function<std::uint64_t(RecordView)>& key);

  /// Calls visit(row) for rows whose key may be that one, in file order: the caller compares keys.
  template <class Visit>
  void each(std::uint64_t hash, const Visit& visit) const {
    const auto start = hash >> (64 - kStartBits);
    const auto begin = items_.begin() + starts_[start], end = items_.begin() + starts_[start + 1];
    const auto high = hash >> 32 << 32;
    for (auto at = std::lower_bound(begin, end, high); at != end && *at >> 32 == hash >> 32; ++at)
      visit(static_cast<std::int64_t>(*at & 0xffffffffU));
  }
  std::int64_t size() const { return std::ssize(items_); }

 private:
  static constexpr int kStartBits = 16;
  std::vector<std::uint64_t> items_;    ///< in order: upper half of the hash, number of the row
  std::vector<std::ptrdiff_t> starts_;  ///< where in it the items begin whose first bits are these
};

}  // namespace imreg::ingest

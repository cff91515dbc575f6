// Several segments become one: what the parts of the merge share. The order of time is in merge.cc, places and texts stand beside.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "scan/columns.h"

namespace imreg::index::merging {

inline constexpr auto kMost = static_cast<std::int64_t>(std::numeric_limits<std::uint32_t>::max());

inline Status damaged(const Status& status) {
  return status.ok() ? Status(Code::corrupt, "the columns of a segment do not fit together") : status;
}

/// What a merge needs to know of one of its segments.
struct Input {
  const SegmentSource& source;
  std::vector<std::int64_t> skipped;                  ///< rows that a later segment has again, in order
  std::vector<std::uint16_t> codes[kMostCodes] = {};  ///< its code -> the merged one
  std::int64_t base_shift = 0;                        ///< to be added to its row numbers

  bool skips(std::uint32_t row) const {
    return !skipped.empty() && std::binary_search(skipped.begin(), skipped.end(), source.head.base + row);
  }
};

class Merger {
 public:
  Merger(const std::vector<SegmentSource>& sources, const Fields& fields, File& to, std::uint64_t nonce,
         std::int64_t& page)
      : fields_(fields), to_(to), nonce_(nonce), columns_(to, nonce, page), head_(new_head()) {
    for (const auto& source : sources) inputs_.push_back({source, {}, {}, 0});
  }

  Status run();

 private:
  std::uint32_t shifted(const Input& input, std::uint32_t row) const {
    return static_cast<std::uint32_t>(row + input.base_shift);
  }

  bool has_codes(std::size_t field) const { return head_.values[field].bytes > 0; }
  bool wide(std::size_t field) const { return head_.codes[field].bytes > head_.rows; }

  Status merge_values();
  Status merge_times();
  Status add_tallies(Tally& tally, bool& tallied) const;
  Status merge_places();
  Status merge_odd_places();
  template <class Visit>
  Status each_text(std::size_t field, const Visit& visit);
  Status merge_names(std::size_t field);

  const Fields& fields_;
  File& to_;
  std::uint64_t nonce_;
  Columns columns_;
  SegmentHead head_;
  std::vector<Input> inputs_;
  bool skips_some_ = false;
};

}  // namespace imreg::index::merging

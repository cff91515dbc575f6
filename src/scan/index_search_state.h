// What the answers of an index share: its segments, and the rows that they must not be believed about.
#pragma once

#include <algorithm>
#include <map>
#include <unordered_set>

#include "base/text.h"
#include "scan/index_rows.h"
#include "scan/index_search.h"
#include "scan/segment_search.h"

namespace imreg::index {

class IndexSearch::State {
 public:
  State(const RecordFile& file, const Selection& selection, Index index);

  bool find(RowSet& rows, ScanReport& report, bool in_place);
  std::optional<std::int64_t> count(ScanReport& report);
  std::optional<std::vector<ValueCount>> count_values(const std::vector<const FieldInfo*>& wanted, ScanReport& report);
  bool by_time(bool newest_first, ScanReport& report, const std::function<bool(std::int64_t row)>& visit);

  /// What `ask` makes of the columns, when they decide the selection; `how` tells people.
  template <class Ask>
  auto decided(const char* how, ScanReport& report, const Ask& ask) -> decltype(ask(std::declval<DecidedSearch&>())) {
    const bool decided = std::all_of(segments_.begin(), segments_.end(), [](const auto& s) { return s.decided(); });
    if (!decided || knows_little(report)) return std::nullopt;
    DecidedSearch search{file_,
                         selection_,
                         index_,
                         segments_,
                         pages_,
                         [this](std::size_t segment, std::int64_t row) { return believed(segment, row); },
                         [this](std::size_t segment) { return all_believed(segment); },
                         [this](const auto& visit) { this->each_outside(visit); }};
    auto out = ask(search);
    if (!ok()) return damaged(report), std::nullopt;
    if (!out) return out;
    report.plan.push_back(how);
    tell_outside(report);
    return out;
  }

 private:
  bool ok() const { return pages_.status().ok(); }
  /// Rows that no segment knows, and those that changed since.
  std::int64_t outside() const {
    return file_.count() - std::min(index_.covered(), file_.count()) + static_cast<std::int64_t>(changed_.size());
  }
  /// An index that is missing grows by and by: at first it knows little.
  bool knows_little(ScanReport& report) const;
  template <class Visit>
  void each_outside(const Visit& visit) const {
    for (const std::int64_t row : changed_) {
      if (row < file_.count()) visit(row);
    }
    for (std::int64_t row = index_.covered(); row < file_.count(); ++row) visit(row);
  }
  /// Rows of a segment that are not to be believed: changed, in a later segment again, or newer than the file as it was
  /// opened. Nothing, usually.
  bool believed(std::size_t segment, std::int64_t row);
  bool all_believed(std::size_t segment) const {
    const auto& head = index_.segments()[segment];
    const auto at = std::lower_bound(changed_.begin(), changed_.end(), head.base);
    return !overlaid_.contains(segment) && head.end <= file_.count() && (at == changed_.end() || *at >= head.end);
  }
  /// Few rows, one bit each decides for all others.
  void find_suspects();
  /// Where the rows of a segment stand that must not be believed, when they are few: then all are counted, and these taken
  /// away. Nothing: they are many, or cannot be found because their times changed.
  std::optional<std::vector<std::int64_t>> stale_positions(std::size_t segment);
  void tell_outside(ScanReport& report) const {
    if (outside() > 0) report.plan.push_back("outside the index: " + counted(outside(), "row"));
  }
  bool damaged(ScanReport& report) const {
    report.plan.push_back("the index is not used: " + pages_.status().text());
    return false;
  }

  /// How many rows there are of each combination of the codes of `fields`, without rows outside the segments. False: they
  /// cannot tell, or `visit` has had enough.
  template <class Visit>
  bool each_count(const std::vector<std::size_t>& fields, ScanReport& report, const Visit& visit);

  const RecordFile& file_;
  const Selection& selection_;
  Index index_;
  PageReader pages_;
  std::vector<SegmentSearch> segments_;
  std::vector<std::int64_t> changed_;
  std::unordered_set<std::size_t> overlaid_;                 ///< segments of which a later one has rows again
  std::vector<bool> suspects_;                               ///< rows that some segment must not be believed about
  std::map<std::size_t, std::vector<std::uint32_t>> later_;  ///< rows of segments that lie over others, in order
};

}  // namespace imreg::index

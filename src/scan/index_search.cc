// Asks each segment of an index for candidates, joins the answers, and says what was used.
#include "scan/index_search.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "scan/index_search_state.h"

namespace imreg::index {

namespace {

// Rows outside the segments, which one thread looks at: beyond these it is better done by who looks at all rows.
constexpr std::int64_t kFewOutside = 4096, kMostOutside = 1 << 20;

}  // namespace

IndexSearch::State::State(const RecordFile& file, const Selection& selection, Index index)
    : file_(file), selection_(selection), index_(std::move(index)), pages_(index_.reader()) {
  for (const auto& head : index_.segments()) segments_.emplace_back(index_, head, file_, selection_, pages_);
  changed_ = index_.changed();
  const auto& heads = index_.segments();
  for (std::size_t i = 0; i < heads.size(); ++i) {
    for (std::size_t j = i + 1; j < heads.size(); ++j) {
      if (heads[i].base < heads[j].end && heads[j].base < heads[i].end) overlaid_.insert(i);
    }
  }
}

bool IndexSearch::State::knows_little(ScanReport& report) const {
  if (outside() <= std::max(kFewOutside, std::min(kMostOutside, file_.count() / 2))) return false;
  report.plan.push_back("the index is not used: " + counted(outside(), "row") + " are outside of it");
  return true;
}

bool IndexSearch::State::believed(std::size_t segment, std::int64_t row) {
  if (row >= file_.count()) return false;
  if (changed_.empty() && overlaid_.empty()) return true;  // no bit for each row of the file, then
  if (suspects_.empty()) find_suspects();
  if (!suspects_[static_cast<std::size_t>(row)]) return true;
  if (std::binary_search(changed_.begin(), changed_.end(), row)) return false;
  return std::none_of(later_.upper_bound(segment), later_.end(), [&](const auto& later) {
    const std::int64_t at = row - index_.segments()[later.first].base;
    const auto& rows = later.second;
    return at >= 0 && std::binary_search(rows.begin(), rows.end(), at);
  });
}

void IndexSearch::State::find_suspects() {
  suspects_.resize(static_cast<std::size_t>(file_.count()));
  const auto suspect = [this](std::int64_t row) {
    if (row < file_.count()) suspects_[static_cast<std::size_t>(row)] = true;
  };
  std::for_each(changed_.begin(), changed_.end(), suspect);
  const auto& heads = index_.segments();
  for (std::size_t j = 1; j < heads.size(); ++j) {
    const bool lies_over = std::any_of(overlaid_.begin(), overlaid_.end(), [&](std::size_t i) {
      return i < j && heads[i].base < heads[j].end && heads[j].base < heads[i].end;
    });
    if (!lies_over) continue;
    auto& members = later_[j];
    std::vector<std::uint32_t> rows;
    for (std::int64_t from = 0; from < heads[j].rows && ok(); from += SegmentSearch::kStep) {
      rows.resize(static_cast<std::size_t>(std::min(SegmentSearch::kStep, heads[j].rows - from)));
      if (!pages_.values(heads[j].row, from, static_cast<std::int64_t>(rows.size()), rows.data())) return;
      for (const std::uint32_t row : rows) {
        members.push_back(row);
        suspect(heads[j].base + row);
      }
    }
    std::sort(members.begin(), members.end());
  }
}

bool IndexSearch::State::find(RowSet& rows, ScanReport& report, bool in_place) {
  double cost = static_cast<double>(outside()) * kScanCost;
  for (auto& segment : segments_) {
    segment.weigh(selection_, false);
    cost += segment.cost();
  }
  if (!ok()) return damaged(report);
  // A million rows that are looked at in order are neighbours, mostly.
  if (cost > static_cast<double>(file_.count()) * kScanCost * (in_place ? kLookCost / kInPlaceCost : 1)) {
    report.plan.push_back("the index is not used: it would give too many candidates");
    return false;
  }
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> ways;
  for (auto& segment : segments_) {
    auto& [count, candidates] = ways[segment.way()];
    ++count;
    segment.find([&, &found = candidates](std::int64_t row) { rows.add(row), ++found; });
  }
  if (!ok()) return damaged(report);
  each_outside([&](std::int64_t row) { rows.add(row); });
  rows.finish();
  for (const auto& [way, numbers] : ways) {
    report.plan.push_back("index by " + way + ": " + counted(numbers.first, "segment") + ", " +
                          counted(numbers.second, "candidate"));
  }
  tell_outside(report);
  return true;
}

std::optional<IndexSearch> IndexSearch::open(const RecordFile& file, const Selection& selection, ScanReport& report) {
  std::string why;
  auto index = Index::open(file, why);
  if (!index) {
    report.plan.push_back("no index: " + why);
    return std::nullopt;
  }
  return IndexSearch(std::make_unique<State>(file, selection, *std::move(index)));
}

bool IndexSearch::find(RowSet& rows, ScanReport& report, bool in_place) { return state_->find(rows, report, in_place); }
std::optional<std::int64_t> IndexSearch::count(ScanReport& report) { return state_->count(report); }
std::optional<std::vector<ValueCount>> IndexSearch::count_values(const std::vector<const FieldInfo*>& fields,
                                                                 ScanReport& report) {
  return state_->count_values(fields, report);
}
std::optional<std::vector<ValueCount>> IndexSearch::count_texts(const FieldInfo& field, ScanReport& report) {
  return state_->decided("counted by the index alone: by its texts", report,
                         [&](const DecidedSearch& search) { return index::count_texts(search, field); });
}
std::optional<std::vector<ValueCount>> IndexSearch::count_moments(const std::vector<const FieldInfo*>& fields,
                                                                  const std::function<std::string(RecordView)>& group,
                                                                  ScanReport& report) {
  return state_->decided("counted by the index alone: by its times", report,
                         [&](const DecidedSearch& search) { return index::count_moments(search, fields, group); });
}
std::optional<std::vector<TextCount>> IndexSearch::texts_from(const FieldInfo& field, std::string_view prefix,
                                                              ScanReport& report) {
  return state_->decided("texts by the index alone", report,
                         [&](const DecidedSearch& search) { return index::texts_from(search, field, prefix); });
}
std::optional<std::int64_t> IndexSearch::count_in_folder(const FieldInfo& field, const std::string& folder,
                                                         bool exactly, ScanReport& report) {
  return state_->decided("texts by the index alone", report, [&](const DecidedSearch& search) {
    return index::count_in_folder(search, field, folder, exactly);
  });
}
std::optional<std::int64_t> IndexSearch::row_of_match(std::int64_t n, ScanReport& report) {
  return state_->decided("rows before the first are passed over by the index alone", report,
                         [&](const DecidedSearch& search) { return std::optional(index::row_of_match(search, n)); });
}
bool IndexSearch::by_time(bool newest_first, ScanReport& report, const std::function<bool(std::int64_t row)>& visit) {
  return state_->by_time(newest_first, report, visit);
}

IndexSearch::IndexSearch(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexSearch::IndexSearch(IndexSearch&&) noexcept = default;
IndexSearch& IndexSearch::operator=(IndexSearch&&) noexcept = default;
IndexSearch::~IndexSearch() = default;

}  // namespace imreg::index

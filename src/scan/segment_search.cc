// Sorts the conditions and chooses the cheapest way into a segment.
#include "scan/segment_search.h"

#include <algorithm>
#include <limits>

namespace imreg::index {

namespace {

using Kind = Condition::Kind;

// Nanoseconds, as measured in order of size; only their ratios decide.
constexpr double kColumnCost = 1.5;          // a row in one column, with all that is done with it
constexpr double kPlaceCost = 10;            // a place held against a region
constexpr std::int64_t kMostLong = 1 << 16;  // long exposures that are looked at one by one

}  // namespace

// In order and without overlap.
std::vector<Slice> merged(std::vector<Slice> slices) {
  std::sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) { return a.from < b.from; });
  std::vector<Slice> out;
  for (const Slice& s : slices) {
    if (s.from >= s.end) continue;
    if (!out.empty() && s.from <= out.back().end)
      out.back().end = std::max(out.back().end, s.end);
    else
      out.push_back(s);
  }
  return out;
}

std::int64_t size_of(const std::vector<Slice>& slices) {
  std::int64_t size = 0;
  for (const Slice& s : slices) size += s.end - s.from;
  return size;
}

SegmentSearch::SegmentSearch(const Index& index, const SegmentHead& head, const RecordFile& file,
                             const Selection& selection, PageReader& pages)
    : index_(index), head_(head), pages_(pages) {
  sort_conditions(selection, file);
  find_slices();
}

// Which conditions the columns decide.
void SegmentSearch::sort_conditions(const Selection& selection, const RecordFile& file) {
  const auto& fields = index_.fields();
  Record blank = file.make_record();
  for (const Condition& c : selection.conditions()) {
    const bool on_time = fields.time && c.field.offset == fields.time->offset;
    const bool on_length = fields.length && c.field.offset == fields.length->offset;
    if (c.kind == Kind::number && (on_time || on_length)) {
      moments_.push_back(&c);
      if (on_time) with_unknown_times_ = false;
      continue;
    }
    if (c.kind == Kind::overlap && on_time && fields.length && c.other.offset == fields.length->offset) {
      moments_.push_back(&c);
      with_unknown_times_ = false;
      continue;
    }
    if (c.kind == Kind::any) {
      add_branches(c, selection, file);
      continue;
    }
    std::size_t field = 0;
    while (field < fields.codes.size() && fields.codes[field]->offset != c.field.offset) ++field;
    const bool known = c.kind != Kind::test && c.kind != Kind::region && c.kind != Kind::overlap &&
                       field < fields.codes.size() && head_.values[field].bytes > 0;
    if (!known) {
      decided_ = false;
      continue;
    }
    // The condition itself says which of the field's values it lets pass.
    const auto width = static_cast<std::size_t>(c.field.size());
    CodeTest test{field, {}};
    for (std::int64_t at = 0; at < head_.values[field].bytes; at += static_cast<std::int64_t>(width)) {
      if (!pages_.copy(head_.values[field], at, static_cast<std::int64_t>(width), blank.data() + c.field.offset))
        return;
      test.passes.push_back(c.holds(blank.view()) ? 1 : 0);
    }
    const auto passing = std::count(test.passes.begin(), test.passes.end(), 1);
    if (passing == static_cast<std::ptrdiff_t>(test.passes.size())) continue;
    if (passing == 0) nothing_ = true;
    if (passing == 1)
      test.only = static_cast<int>(std::find(test.passes.begin(), test.passes.end(), 1) - test.passes.begin());
    test.share = static_cast<double>(passing) / static_cast<double>(test.passes.size());
    test.passes.resize(code_width(static_cast<std::int64_t>(test.passes.size())) == 1 ? 256 : 65536);
    code_tests_.push_back(std::move(test));
  }
  std::stable_sort(code_tests_.begin(), code_tests_.end(),
                   [](const CodeTest& a, const CodeTest& b) { return a.share < b.share; });
}

void SegmentSearch::add_branches(const Condition& any, const Selection& selection, const RecordFile& file) {
  auto& branches = ors_.emplace_back();
  for (const Selection& each : any.branches) {
    Branch& branch = branches.emplace_back(Branch{each, nullptr});
    for (const Condition& beside : selection.conditions()) {
      if (beside.kind != Kind::any) branch.selection.add(beside);
    }
  }
  for (Branch& branch : branches) {  // they stay where they are now
    branch.search = std::make_unique<SegmentSearch>(index_, head_, file, branch.selection, pages_);
    decided_ &= branch.search->decided_;
  }
}

bool SegmentSearch::codes_only() const {
  return decided_ && moments_.empty() && std::all_of(ors_.begin(), ors_.end(), [](const auto& branches) {
           return std::all_of(branches.begin(), branches.end(), [](const Branch& b) { return b.search->codes_only(); });
         });
}

// How many columns test() reads.
std::size_t SegmentSearch::columns() const {
  std::size_t sum = code_tests_.size() + 2 * moments_.size();
  for (const auto& branches : ors_) {
    for (const Branch& branch : branches) sum += branch.search->columns();
  }
  return sum;
}

bool SegmentSearch::passes(const Tally::Codes& codes) const {
  return std::all_of(code_tests_.begin(), code_tests_.end(),
                     [&](const CodeTest& t) {
                       const std::size_t code =
                           codes[t.field];  // the tally says it: beyond the values in a forged index
                       return code < t.passes.size() && t.passes[code] != 0;
                     }) &&
         std::all_of(ors_.begin(), ors_.end(), [&](const auto& branches) {
           return std::any_of(branches.begin(), branches.end(),
                              [&](const Branch& branch) { return branch.search->passes(codes); });
         });
}

std::string SegmentSearch::way() const {
  switch (way_) {
    case Way::time: return "time and codes";
    case Way::place: return "place";
    case Way::text: return "text";
    case Way::branches: break;
  }
  std::string out;
  for (const Branch& branch : *union_) {
    const std::string way = branch.search->way();
    if (out.find(way) == out.npos) out += (out.empty() ? "" : " or ") + way;
  }
  return out;
}

std::int64_t SegmentSearch::time_bound(double value, bool above) {
  if (head_.timed == 0 || value < head_.first_time) return 0;
  if (value > head_.last_time) return head_.timed;
  std::int64_t position = 0;
  (void)pages_.bound(head_.time, 0, head_.timed, value, above, head_.first_time, head_.last_time, position);
  return position;
}

// Positions of rows that begin in an interval, or less than `reach` seconds before it.
std::vector<Slice> SegmentSearch::slices_of(const Condition& c, double reach) {
  std::vector<Slice> out;
  for (const Interval& i : c.intervals) {
    // The sum of begin and length was rounded, and the difference is.
    const double slack = reach > 0 && std::isfinite(i.low) ? (std::abs(i.low) + reach) * 1e-15 : 0;
    out.push_back({time_bound(i.low - reach - slack, false), time_bound(i.high, true)});
  }
  return merged(std::move(out));
}

void SegmentSearch::find_slices() {
  if (nothing_) return;
  slices_ = {{0, with_unknown_times_ ? head_.rows : head_.timed}};
  const auto& fields = index_.fields();
  for (const Condition* c : moments_) {
    if (c->negate || c->field.offset != fields.time->offset) continue;
    const bool overlap = c->kind == Kind::overlap;
    auto slices = slices_of(*c, overlap ? head_.longest : 0);
    std::uint32_t position = 0;
    if (overlap && head_.long_rows.bytes / 4 > kMostLong) continue;
    for (std::int64_t k = 0; overlap && k < head_.long_rows.bytes / 4; ++k) {
      if (!pages_.at(head_.long_rows, k, position)) break;
      slices.push_back({position, position + std::int64_t{1}});
    }
    slices = merged(std::move(slices));
    if (imreg::index::size_of(slices) < imreg::index::size_of(slices_)) slices_ = std::move(slices);
  }
  for (const auto& branches : ors_) {
    std::vector<Slice> slices;
    for (const Branch& branch : branches)
      slices.insert(slices.end(), branch.search->slices_.begin(), branch.search->slices_.end());
    slices = merged(std::move(slices));
    if (imreg::index::size_of(slices) < imreg::index::size_of(slices_)) slices_ = std::move(slices);
  }
  const bool one = moments_.size() == 1 && !moments_[0]->negate && moments_[0]->field.offset == fields.time->offset;
  if (one) sure_ = slices_of(*moments_[0], 0);
  // Not even then when something infinite was added to a begin that is -inf.
  const std::int64_t first = one ? time_bound(std::numeric_limits<double>::lowest(), false) : 0;
  for (Slice& s : sure_) s.from = std::max(s.from, first);
}

bool SegmentSearch::tally(const std::function<void(const Tally::Codes&, std::int64_t rows)>& visit) {
  if (head_.tally.bytes == 0) return head_.rows == 0;
  return Tally::each(pages_, head_.tally, index_.fields().codes.size(),
                     [&](const Tally::Codes& codes, std::int64_t rows) {
                       if (passes(codes)) visit(codes, rows);
                     });
}

// The cheapest way, by counting what each would look at.
void SegmentSearch::weigh(const Selection& selection, bool exactly) {
  for (auto& branches : ors_) {
    for (Branch& branch : branches) branch.search->weigh(branch.selection, true);
  }
  const auto slice = static_cast<double>(imreg::index::size_of(slices_));
  const double walk = slice * kColumnCost * static_cast<double>(columns());
  cost_ = walk + slice * kLookCost;
  way_ = Way::time;

  const auto& fields = index_.fields();
  for (PlaceRanges& ranges : PlaceRanges::of(selection, fields, head_)) {
    const auto before = place_slices_;
    if (!ok() || !place_slices(ranges)) break;
    const auto rows = static_cast<double>(imreg::index::size_of(place_slices_));
    const double odd = ranges.odd_too() ? static_cast<double>(head_.odd_rows.bytes) / 4 : 0;
    const double cost = rows * (kPlaceCost + kLookCost / 2) + odd * kLookCost;
    if (cost < cost_) {
      cost_ = cost;
      way_ = Way::place;
      places_ = std::move(ranges);
    } else {
      place_slices_ = before;
    }
  }
  for (const Condition& c : selection.conditions()) {
    if (c.negate || !ok()) continue;
    if (c.kind != Kind::patterns && c.kind != Kind::text) continue;
    for (std::size_t i = 0; i < fields.names.size(); ++i) {
      if (c.field.offset != fields.names[i]->offset || head_.names[i].starts.bytes == 0) continue;
      // Only what is cheaper than the best way so far is worth walking through the texts.
      const auto before = text_slices_;
      if (!text_slices(c, i)) {
        text_slices_ = before;
        continue;
      }
      const auto rows = static_cast<double>(imreg::index::size_of(text_slices_));
      if (rows * kLookCost < cost_) {
        cost_ = rows * kLookCost;
        way_ = Way::text;
        text_field_ = i;
      } else {
        text_slices_ = before;
      }
    }
  }
  for (const auto& branches : ors_) {
    double cost = 0;
    for (const Branch& branch : branches) cost += branch.search->cost_;
    if (cost >= cost_) continue;
    cost_ = cost;
    way_ = Way::branches;
    union_ = &branches;
  }
  // How many rows of the slices pass the tests of codes: it costs some pages to know, so only where it can matter.
  const bool good_enough =
      !exactly && ors_.empty() && way_ == Way::time && cost_ <= static_cast<double>(head_.rows) * kScanCost;
  if ((code_tests_.empty() && ors_.empty()) || slice < 2000 || good_enough || walk > cost_) return;
  std::int64_t passing = 0;
  if (!tally([&](const Tally::Codes&, std::int64_t rows) { passing += rows; }) || head_.rows == 0) return;
  const double expected = slice * static_cast<double>(passing) / static_cast<double>(head_.rows);
  if (way_ != Way::time && walk + expected * kLookCost > cost_) return;
  way_ = Way::time;
  cost_ = walk + expected * kLookCost;
}

}  // namespace imreg::index

// Chooses the cheapest way into a segment and walks it.
#include "scan/segment_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace imreg::index {

namespace {

using Kind = Condition::Kind;

// Nanoseconds, as measured in order of size; only their ratios decide.
constexpr double kColumnCost = 1.5;               // a row in one column, with all that is done with it
constexpr double kReadCost = 0.4;                 // a row of a column of codes, only to test it
constexpr double kLookCost = 300;                 // a record somewhere in the file
constexpr double kTextCost = 60;                  // a text held against a pattern
constexpr double kPlaceCost = 10;                 // a place held against a region
constexpr std::uint32_t kLongest = 4096;          // bytes of a text: fields are shorter
constexpr std::int64_t kMostLong = 1 << 16;       // long exposures that are looked at one by one
constexpr std::size_t kMostTextSlices = 1 << 20;  // of matching texts
constexpr double kBorder = 3e-7;                  // degrees: more than quantised places are off

double seconds_of(const Condition& c, double start, double length) {
  return c.kind == Kind::overlap && length > 0 ? start + length : start;
}

bool moment_holds(const Condition& c, double start, double length, bool on_length) {
  const double value = on_length ? length : start;
  if (std::isnan(value)) return false;
  if (c.kind == Kind::number) {
    const bool in = std::any_of(c.intervals.begin(), c.intervals.end(),
                                [value](const Interval& i) { return i.low <= value && value <= i.high; });
    return in != c.negate;
  }
  const double end = seconds_of(c, start, length);
  const bool in = std::any_of(c.intervals.begin(), c.intervals.end(),
                              [=](const Interval& i) { return start <= i.high && end >= i.low; });
  return in != c.negate;
}

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

// The part of a pattern that every match begins with.
std::string_view literal_start(const TextPattern& pattern) {
  const std::string_view text = pattern.text;
  if (pattern.how != TextPattern::How::glob) return text;
  return text.substr(0, std::min(text.find_first_of("*?[\\"), text.size()));
}

// Many at a time by the processor's wide registers. Returns how many are left.
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("O3")))
#endif
std::int64_t
keep_equal(std::uint8_t* __restrict alive, const std::uint8_t* __restrict codes, std::uint8_t code, std::size_t n) {
  std::uint32_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    alive[i] &= static_cast<std::uint8_t>(codes[i] == code);
    kept += alive[i];
  }
  return kept;
}

template <class Code>
std::int64_t keep_passing(std::uint8_t* alive, const Code* codes, const std::vector<std::uint8_t>& passes,
                          std::size_t n) {
  std::uint32_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    alive[i] &= passes[codes[i]];
    kept += alive[i];
  }
  return kept;
}

}  // namespace

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

bool SegmentSearch::place_slices(const PlaceRanges& ranges) {
  place_slices_.clear();
  std::vector<std::uint32_t> zones(kZones + 1);
  if (!pages_.values(head_.zones, 0, kZones + 1, zones.data())) return false;
  const double step = 180.0 / static_cast<double>(kZones);
  std::vector<Slice> wanted;
  for (const Interval& band : ranges.bands()) {
    const auto zone_of = [&](double dec) {
      return static_cast<std::int64_t>(std::clamp(std::floor((dec + 90) / step), 0.0, kZones - 1.0));
    };
    wanted.push_back({zone_of(band.low - kBorder), zone_of(band.high + kBorder) + 1});
  }
  const auto bound = [&](std::int64_t from, std::int64_t end, std::uint32_t value, bool above) {
    std::int64_t position = from;
    (void)pages_.bound<std::uint32_t>(head_.ra, from, end, value, above, 0, 0xffffffffU, position);
    return position;
  };
  const auto add_zone = [&](std::int64_t zone) {
    const std::int64_t from = zones[static_cast<std::size_t>(zone)], end = zones[static_cast<std::size_t>(zone) + 1];
    if (from >= end) return;
    const double low = static_cast<double>(zone) * step - 90;
    for (const auto& range : ranges.ra_ranges(std::max(low - kBorder, -90.0), std::min(low + step + kBorder, 90.0))) {
      constexpr double kTurn = 4294967296.0;
      const double lowest = std::max(std::floor(range.low / 360 * kTurn) - 8, 0.0);
      const double highest = std::min(std::ceil(range.high / 360 * kTurn) + 8, kTurn - 1);
      place_slices_.push_back({bound(from, end, static_cast<std::uint32_t>(lowest), false),
                               bound(from, end, static_cast<std::uint32_t>(highest), true)});
      // 360 itself stands at 0. (What is just below 0 stands at the end: regions reach over 0h by more than that.)
      if (range.high > 360 - kBorder) place_slices_.push_back({from, bound(from, end, 8, true)});
    }
  };
  for (const Slice& zone_slice : merged(std::move(wanted))) {
    for (std::int64_t zone = zone_slice.from; zone < zone_slice.end; ++zone) add_zone(zone);
  }
  place_slices_ = merged(std::move(place_slices_));
  return ok();
}

bool SegmentSearch::text_at(const SegmentHead::Names& names, std::int64_t i, std::string& text) {
  std::uint32_t ends[2];
  if (!pages_.values(names.starts, i, 2, ends)) return false;
  if (ends[1] < ends[0] || ends[1] > names.bytes.bytes || ends[1] - ends[0] > kLongest) return false;
  text.resize(ends[1] - ends[0]);
  return text.empty() || pages_.copy(names.bytes, ends[0], static_cast<std::int64_t>(text.size()), text.data());
}

// The first text that is not before those with the prefix, or the first behind them.
std::int64_t SegmentSearch::text_bound(const SegmentHead::Names& names, std::string_view prefix, bool above) {
  std::string text;
  const auto bound = [&](std::int64_t low, std::int64_t high, const auto& fetch) {
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (!fetch(middle)) return low;
      const std::string_view start = std::string_view(text).substr(0, prefix.size());
      int order = compare_texts(start, prefix);
      if (order != 0 && equal_nocase(start, prefix)) order = 0;
      if (order < 0 || (above && order == 0))
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  };
  const std::int64_t texts = names.starts.bytes / 4 - 1, fences = fences_of(texts);
  const std::int64_t width = fences > 0 ? names.fences.bytes / fences : 0;
  // What fills a fence up stands before all that a prefix can have there, as the end of the text does.
  const std::int64_t fence = bound(0, fences, [&](std::int64_t i) {
    text.resize(static_cast<std::size_t>(width));
    return width == 0 || pages_.copy(names.fences, i * width, width, text.data());
  });
  return bound(std::max<std::int64_t>(fence - 1, 0) * kFence + (fence > 0 ? 1 : 0), std::min(fence * kFence, texts),
               [&](std::int64_t i) { return text_at(names, i, text); });
}

// The rows of the texts that the condition lets pass, as slices of the list of rows.
bool SegmentSearch::text_slices(const Condition& c, std::size_t field) {
  const auto& names = head_.names[field];
  const std::int64_t texts = names.starts.bytes / 4 - 1;
  std::vector<Slice> ranges;
  bool walk = c.kind == Kind::text;
  if (walk) ranges.push_back({0, texts});
  for (const auto& pattern : c.patterns) {
    const auto start = literal_start(pattern);
    ranges.push_back({text_bound(names, start, false), text_bound(names, start, true)});
    walk |= pattern.how != TextPattern::How::prefix;
  }
  ranges = merged(std::move(ranges));
  if (walk && static_cast<double>(imreg::index::size_of(ranges)) * kTextCost > cost_) return false;
  std::vector<Slice> out;
  const auto add = [&](std::int64_t from, std::int64_t end) {
    std::uint32_t first = 0, last = 0;
    if (!pages_.at(names.posts, from, first) || !pages_.at(names.posts, end, last)) return;
    if (!out.empty() && out.back().end == first)
      out.back().end = std::max<std::int64_t>(first, last);
    else
      out.push_back({first, last});
  };
  constexpr std::int64_t kAtOnce = 4088;
  std::vector<std::uint32_t> starts;
  std::string bytes;
  for (const Slice& range : ranges) {
    if (!walk) {
      add(range.from, range.end);
      continue;
    }
    for (std::int64_t from = range.from; from < range.end; from += kAtOnce) {
      const std::int64_t end = std::min(from + kAtOnce, range.end);
      starts.resize(static_cast<std::size_t>(end - from) + 1);
      if (!pages_.values(names.starts, from, end - from + 1, starts.data())) return false;
      if (!std::is_sorted(starts.begin(), starts.end())) return false;
      if (starts.back() - starts.front() > kLongest * kAtOnce) return false;
      bytes.resize(starts.back() - starts.front());
      if (!pages_.copy(names.bytes, starts.front(), static_cast<std::int64_t>(bytes.size()), bytes.data()))
        return false;
      for (std::int64_t i = from; i < end; ++i) {
        const auto k = static_cast<std::size_t>(i - from);
        if (c.holds_for(std::string_view(bytes).substr(starts[k] - starts[0], starts[k + 1] - starts[k])))
          add(i, i + 1);
      }
      if (out.size() > kMostTextSlices || !ok()) return false;
    }
  }
  text_slices_ = merged(std::move(out));
  return ok();
}

// The next piece of a slice to be tested: it ends where times begin or cease to be sure, or else with a page.
Slice SegmentSearch::part_of(const Slice& slice, std::int64_t from) const {
  std::int64_t end = std::min(from - from % kBatch + kStep, slice.end);
  for (const Slice& s : sure_) {
    if (from < s.from) end = std::min(end, s.from);
    if (from < s.end) end = std::min(end, s.end);
  }
  return {from, end};
}

std::int64_t SegmentSearch::test(const Slice& slice, std::vector<std::uint8_t>& alive, bool exactly) {
  const std::int64_t rows = slice.end - slice.from;
  const auto n = static_cast<std::size_t>(rows);
  alive.assign(n, 1);
  std::int64_t left = rows;
  for (auto& test : code_tests_) {
    // A candidate too many is no harm, its record is looked at. The first piece tells what a test is good for.
    const double spared = static_cast<double>(left) * static_cast<double>(test.before - test.behind) /
                          static_cast<double>(std::max<std::int64_t>(test.before, 1));
    if (!exactly && test.before >= kBatch && spared * kLookCost < static_cast<double>(rows) * kReadCost) continue;
    test.before += left;
    if (test.passes.size() == 256) {
      small_.resize(n);
      if (!pages_.values(head_.codes[test.field], slice.from, rows, small_.data())) return 0;
      left = test.only >= 0 ? keep_equal(alive.data(), small_.data(), static_cast<std::uint8_t>(test.only), n)
                            : keep_passing(alive.data(), small_.data(), test.passes, n);
    } else {
      wide_.resize(n);
      if (!pages_.values(head_.codes[test.field], slice.from, rows, wide_.data())) return 0;
      left = keep_passing(alive.data(), wide_.data(), test.passes, n);
    }
    test.behind += left;
  }
  for (const auto& branches : ors_) {
    either_.assign(n, 0);
    for (const Branch& branch : branches) {
      branch.search->test(slice, branch_, exactly);
      for (std::size_t i = 0; i < n; ++i) either_[i] |= branch_[i];
    }
    for (std::size_t i = 0; i < n; ++i) alive[i] &= either_[i];
  }
  const bool sure = std::any_of(sure_.begin(), sure_.end(),
                                [&](const Slice& s) { return s.from <= slice.from && slice.end <= s.end; });
  if (ors_.empty() && (moments_.empty() || sure)) return left;
  if (!moments_.empty() && !sure) test_moments(slice, alive);
  return std::count(alive.begin(), alive.end(), 1);
}

void SegmentSearch::test_moments(const Slice& slice, std::vector<std::uint8_t>& alive) {
  const std::int64_t rows = slice.end - slice.from;
  const auto n = static_cast<std::size_t>(rows);
  times_.assign(n, std::numeric_limits<double>::quiet_NaN());
  lengths_.assign(n, 0);
  if (!pages_.values(head_.time, slice.from, rows, times_.data())) return;
  if (index_.fields().length && !pages_.values(head_.length, slice.from, rows, lengths_.data())) return;
  for (const Condition* c : moments_) {
    const bool on_length =
        c->kind == Kind::number && index_.fields().length && c->field.offset == index_.fields().length->offset;
    for (std::size_t i = 0; i < n; ++i) {
      if (alive[i] != 0 && !moment_holds(*c, times_[i], static_cast<double>(lengths_[i]), on_length)) alive[i] = 0;
    }
  }
}

std::int64_t SegmentSearch::row_at(std::int64_t position) {
  std::uint32_t row = 0;
  (void)pages_.at(head_.row, position, row);
  return head_.base + row;
}

void SegmentSearch::codes(std::size_t field, const Slice& slice, std::vector<std::uint16_t>& out) {
  const auto n = static_cast<std::size_t>(slice.end - slice.from);
  out.assign(n, 0);
  if (head_.codes[field].bytes > head_.rows) {
    (void)pages_.values(head_.codes[field], slice.from, slice.end - slice.from, out.data());
    return;
  }
  std::vector<std::uint8_t> small(n);
  (void)pages_.values(head_.codes[field], slice.from, slice.end - slice.from, small.data());
  std::copy(small.begin(), small.end(), out.begin());
}

std::string SegmentSearch::value(std::size_t field, std::uint16_t code) {
  const std::int64_t width = index_.fields().codes[field]->size();
  std::string out(static_cast<std::size_t>(width), '\0');
  (void)pages_.copy(head_.values[field], code * width, width, out.data());
  return out;
}

void SegmentSearch::find(const std::function<void(std::int64_t row)>& add) {
  std::vector<std::uint32_t> rows;
  if (way_ == Way::text) {
    for (const Slice& slice : text_slices_) {
      for (std::int64_t from = slice.from; from < slice.end && ok(); from += kStep) {
        rows.resize(static_cast<std::size_t>(std::min(kStep, slice.end - from)));
        if (!pages_.values(head_.names[text_field_].rows, from, static_cast<std::int64_t>(rows.size()), rows.data()))
          return;
        for (const std::uint32_t row : rows) add(head_.base + row);
      }
    }
    return;
  }
  if (way_ == Way::branches) {
    for (const Branch& branch : *union_) branch.search->find(add);
    return;
  }
  if (way_ == Way::place) {
    std::uint32_t odd = 0;
    for (std::int64_t i = 0; places_->odd_too() && i < head_.odd_rows.bytes / 4; ++i) {
      if (!pages_.at(head_.odd_rows, i, odd)) return;
      add(head_.base + odd);
    }
    std::vector<std::uint32_t> ra, dec;
    for (const Slice& slice : place_slices_) {
      for (std::int64_t from = slice.from; from < slice.end && ok(); from += kStep) {
        const std::int64_t n = std::min(kStep, slice.end - from);
        for (auto* column : {&ra, &dec, &rows}) column->resize(static_cast<std::size_t>(n));
        if (!pages_.values(head_.ra, from, n, ra.data()) || !pages_.values(head_.dec, from, n, dec.data()) ||
            !pages_.values(head_.sky_row, from, n, rows.data()))
          return;
        for (std::size_t i = 0; i < rows.size(); ++i) {
          const double x = (static_cast<double>(ra[i]) + 0.5) / 4294967296.0 * 360;
          const double y = (static_cast<double>(dec[i]) + 0.5) / 4294967295.0 * 180 - 90;
          if (places_->near(x, std::min(y, 90.0), kBorder)) add(head_.base + rows[i]);
        }
      }
    }
    return;
  }
  std::vector<std::uint8_t> alive;
  for (const Slice& slice : slices_) {
    for (std::int64_t from = slice.from, end = 0; from < slice.end && ok(); from = end) {
      const Slice part = part_of(slice, from);
      end = part.end;
      const std::int64_t hits = test(part, alive, false);
      constexpr std::int64_t kPerPage = kPayload / 4;
      if (hits * kPerPage > part.end - part.from) {  // one in each page: all by few calls
        rows.resize(alive.size());
        if (!pages_.values(head_.row, from, part.end - part.from, rows.data())) return;
        for (std::size_t i = 0; i < alive.size(); ++i) {
          if (alive[i] != 0) add(head_.base + rows[i]);
        }
      } else {
        const std::uint8_t* at = alive.data();
        for (auto left = hits; left > 0; --left, ++at) {
          at = static_cast<const std::uint8_t*>(
              std::memchr(at, 1, static_cast<std::size_t>(alive.data() + alive.size() - at)));
          add(row_at(from + (at - alive.data())));
        }
      }
    }
  }
}

}  // namespace imreg::index

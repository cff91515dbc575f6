// The texts of a segment: those that a condition may let pass, and the rows that have them.
#include <algorithm>

#include "base/text.h"
#include "scan/segment_search.h"

namespace imreg::index {

namespace {

using Kind = Condition::Kind;

constexpr double kTextCost = 60;                  // nanoseconds: a text held against a pattern
constexpr std::uint32_t kLongest = 4096;          // bytes of a text: fields are shorter
constexpr std::size_t kMostTextSlices = 1 << 20;  // of matching texts

// The part of a pattern that every match begins with.
std::string_view literal_start(const TextPattern& pattern) {
  const std::string_view text = pattern.text;
  if (pattern.how != TextPattern::How::glob) return text;
  return text.substr(0, std::min(text.find_first_of("*?[\\"), text.size()));
}

}  // namespace

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

void SegmentSearch::find_texts(const std::function<void(std::int64_t row)>& add) {
  std::vector<std::uint32_t> rows;
  for (const Slice& slice : text_slices_) {
    for (std::int64_t from = slice.from; from < slice.end && ok(); from += kStep) {
      rows.resize(static_cast<std::size_t>(std::min(kStep, slice.end - from)));
      if (!pages_.values(head_.names[text_field_].rows, from, static_cast<std::int64_t>(rows.size()), rows.data()))
        return;
      for (const std::uint32_t row : rows) add(head_.base + row);
    }
  }
}

}  // namespace imreg::index

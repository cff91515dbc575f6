// Counts by the columns alone: all matching rows, or those of each combination of codes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

#include "base/text.h"
#include "scan/index_search_state.h"

namespace imreg::index {

namespace {

constexpr std::uint64_t kMostCounts = 1U << 20U;
constexpr std::size_t kMostStale = 1000;

using CodesOfSegment = std::pair<std::size_t, Tally::Codes>;
struct HashOfCodes {
  std::size_t operator()(const CodesOfSegment& key) const {
    std::uint64_t hash = key.first;
    for (const std::uint16_t code : key.second) hash = (hash ^ code) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32U;
  }
};

}  // namespace

std::optional<std::vector<std::int64_t>> IndexSearch::State::stale_positions(std::size_t segment) {
  const auto& head = index_.segments()[segment];
  if (head.end > file_.count() || !index_.fields().time) return std::nullopt;
  if (suspects_.empty()) find_suspects();
  std::size_t most = changed_.size();
  for (const auto& [j, rows] : later_) most += rows.size();
  if (most > kMostStale) return std::nullopt;
  std::vector<std::int64_t> rows = changed_;
  for (auto later = later_.upper_bound(segment); later != later_.end(); ++later) {
    for (const std::uint32_t row : later->second) rows.push_back(index_.segments()[later->first].base + row);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::vector<std::int64_t> out;
  Record scratch = file_.make_record();
  for (const std::int64_t row : rows) {
    if (row < head.base || row >= head.end) continue;
    const double time = load_big<double>(file_.peek(row, scratch).bytes() + index_.fields().time->offset);
    const bool known = !std::isnan(time);
    auto& search = segments_[segment];
    std::int64_t from = known ? search.time_bound(time, false) : head.timed;
    std::int64_t end = known ? search.time_bound(time, true) : head.rows;
    while (from < end && ok()) {  // rows of one time stand in order
      const std::int64_t middle = (from + end) / 2, there = search.row_at(middle);
      if (there == row) out.push_back(middle);
      from = there < row ? middle + 1 : from;
      end = there < row ? end : there == row ? from : middle;
    }
    if (out.empty() || search.row_at(out.back()) != row) return std::nullopt;
  }
  return out;
}

template <class Visit>
bool IndexSearch::State::each_count(const std::vector<std::size_t>& fields, ScanReport& report, const Visit& visit) {
  for (const auto& segment : segments_) {
    if (!segment.decided()) return false;
    for (const std::size_t field : fields) {
      if (segment.head().values[field].bytes == 0 && segment.head().rows > 0) return false;
    }
  }
  if (knows_little(report)) return false;
  bool more = true;
  std::int64_t counted_rows = 0;
  std::vector<std::uint8_t> alive;
  std::vector<std::uint16_t> codes;
  std::vector<std::uint32_t> keys, rows;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    auto& segment = segments_[i];
    const auto stale = all_believed(i) ? std::vector<std::int64_t>() : stale_positions(i);
    const bool all = stale.has_value();
    for (const std::int64_t at : stale.value_or(std::vector<std::int64_t>())) {
      const bool listed = std::any_of(segment.slices().begin(), segment.slices().end(),
                                      [at](const Slice& s) { return s.from <= at && at < s.end; });
      if (!listed) continue;
      segment.test({at, at + 1}, alive, true);
      Tally::Codes of_row{};
      for (const std::size_t field : fields) {
        segment.codes(field, {at, at + 1}, codes);
        of_row[field] = codes[0];
      }
      if (alive[0] != 0) more = more && visit(of_row, i, -1);
    }
    if (all && segment.codes_only() &&
        segment.tally([&](const Tally::Codes& c, std::int64_t n) { more = more && visit(c, i, n); }))
      continue;
    // A number for each combination of values: an array where they are not many, as nearly always.
    std::vector<std::uint32_t> sizes;
    std::uint64_t combinations = 1;
    for (const std::size_t field : fields) {
      sizes.push_back(
          static_cast<std::uint32_t>(segment.head().values[field].bytes / index_.fields().codes[field]->size()));
      combinations = std::min<std::uint64_t>(combinations * sizes.back(), std::uint64_t{1} << 32U);
    }
    if (combinations > std::numeric_limits<std::uint32_t>::max()) return false;
    std::vector<std::uint32_t> array(combinations <= kMostCounts ? combinations : 0);
    std::unordered_map<std::uint32_t, std::uint32_t> some;
    for (const Slice& slice : segment.slices()) {
      for (std::int64_t from = slice.from, end = 0; from < slice.end && ok(); from = end) {
        const Slice part = segment.part_of(slice, from);
        end = part.end;
        const std::int64_t hits = segment.test(part, alive, true);
        counted_rows += part.end - part.from;
        if (!all) {
          rows.resize(alive.size());
          if (!pages_.values(segment.head().row, part.from, part.end - part.from, rows.data())) break;
          for (std::size_t at = 0; at < alive.size(); ++at) {
            if (alive[at] != 0 && !believed(i, segment.head().base + rows[at])) alive[at] = 0;
          }
        }
        if (fields.empty()) {
          array[0] += static_cast<std::uint32_t>(all ? hits : std::count(alive.begin(), alive.end(), 1));
          continue;
        }
        keys.assign(alive.size(), 0);
        for (std::size_t k = 0; k < fields.size(); ++k) {
          segment.codes(fields[k], part, codes);
          for (std::size_t at = 0; at < keys.size(); ++at) keys[at] = keys[at] * sizes[k] + codes[at];
        }
        for (std::size_t at = 0; at < keys.size(); ++at) {
          if (array.empty() && alive[at] != 0) ++some[keys[at]];
          if (keys[at] < array.size()) array[keys[at]] += alive[at];
        }
        if (some.size() > kMostGroups) return false;
      }
    }
    for (std::uint32_t key = 0; key < array.size() && some.size() <= kMostGroups; ++key) {
      if (array[key] != 0) some[key] = array[key];
    }
    if (some.size() > kMostGroups) return false;
    for (const auto& [key, n] : some) {
      Tally::Codes of_key{};
      std::uint32_t rest = key;
      for (std::size_t k = fields.size(); k-- > 0; rest /= sizes[k])
        of_key[fields[k]] = static_cast<std::uint16_t>(rest % sizes[k]);
      more = more && visit(of_key, i, n);
    }
  }
  if (!ok()) return damaged(report);
  if (!more) return false;
  report.plan.push_back("counted by the index alone: " + (counted_rows == 0
                                                              ? std::string("by its tallies")
                                                              : counted(counted_rows, "row") + " of its columns"));
  tell_outside(report);
  return true;
}

std::optional<std::int64_t> IndexSearch::State::count(ScanReport& report) {
  std::int64_t total = 0;
  if (!each_count({}, report, [&](const Tally::Codes&, std::size_t, std::int64_t rows) { return total += rows, true; }))
    return std::nullopt;
  Record scratch = file_.make_record();
  each_outside([&](std::int64_t row) { total += selection_.matches(file_.peek(row, scratch)) ? 1 : 0; });
  return total;
}

std::optional<std::vector<ValueCount>> IndexSearch::State::count_values(const std::vector<const FieldInfo*>& wanted,
                                                                        ScanReport& report) {
  std::vector<std::size_t> fields;
  for (const auto* field : wanted) {
    const auto& known = index_.fields().codes;
    const auto at = std::find_if(known.begin(), known.end(), [&](const auto* f) { return f->offset == field->offset; });
    if (at == known.end()) return std::nullopt;
    fields.push_back(static_cast<std::size_t>(at - known.begin()));
  }
  std::map<std::vector<std::string>, std::int64_t> counts;
  std::unordered_map<CodesOfSegment, std::int64_t, HashOfCodes> by_code;  // a tally has thousands of combinations
  const bool told = each_count(fields, report, [&](const Tally::Codes& codes, std::size_t segment, std::int64_t rows) {
    Tally::Codes key{};
    for (const std::size_t field : fields) key[field] = codes[field];
    by_code[{segment, key}] += rows;
    return by_code.size() <= kMostGroups;
  });
  if (!told) return std::nullopt;
  for (const auto& [key, rows] : by_code) {
    std::vector<std::string> values;
    for (const std::size_t field : fields) values.push_back(segments_[key.first].value(field, key.second[field]));
    counts[values] += rows;
  }
  if (!ok()) return damaged(report), std::nullopt;
  Record scratch = file_.make_record();
  each_outside([&](std::int64_t row) {
    const RecordView record = file_.peek(row, scratch);
    if (counts.size() > kMostGroups || !selection_.matches(record)) return;
    std::vector<std::string> values;
    for (const auto* field : wanted) values.push_back(value_of_record(record, *field));
    ++counts[values];
  });
  return counts_of(counts);
}

}  // namespace imreg::index

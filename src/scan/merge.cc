// Several segments become one: each order (time, place, text) is merged column by column, a page of each in memory. Here: which
// rows a later segment has again, values, and the order of time.
#include <algorithm>
#include <cmath>
#include <optional>
#include <queue>

#include "scan/merge_internal.h"

namespace imreg::index {

namespace merging {

namespace {

// Those rows of a segment for which `wanted` holds, behind what stands in `rows`.
template <class Wanted>
Status read_rows(const SegmentSource& source, std::vector<std::int64_t>& rows, const Wanted& wanted) {
  Cursor<std::uint32_t> cursor(source, source.head.row);
  std::uint32_t row = 0;
  while (cursor.next(row)) {
    if (wanted(source.head.base + row)) rows.push_back(source.head.base + row);
  }
  return cursor.status();
}

// Rows that stand in a later segment too.
Status find_skipped(std::vector<Input>& inputs) {
  const auto any = [](std::int64_t) { return true; };
  std::vector<std::int64_t> later;
  std::int64_t later_base = std::numeric_limits<std::int64_t>::max(), later_end = 0;
  for (std::size_t i = inputs.size(); i-- > 0;) {
    const auto& head = inputs[i].source.head;
    const bool meets = head.base < later_end && later_base < head.end;
    if (meets) {
      if (later.empty()) {
        for (std::size_t j = i + 1; j < inputs.size(); ++j) IMREG_TRY(read_rows(inputs[j].source, later, any));
        std::sort(later.begin(), later.end());
      }
      auto& skipped = inputs[i].skipped;
      IMREG_TRY(read_rows(inputs[i].source, skipped,
                          [&](std::int64_t row) { return std::binary_search(later.begin(), later.end(), row); }));
      std::sort(skipped.begin(), skipped.end());
    }
    later_base = std::min(later_base, head.base);
    later_end = std::max(later_end, head.end);
    if (!later.empty() && i > 0) {
      const auto middle = static_cast<std::ptrdiff_t>(later.size());
      IMREG_TRY(read_rows(inputs[i].source, later, any));
      std::sort(later.begin() + middle, later.end());
      std::inplace_merge(later.begin(), later.begin() + middle, later.end());
      later.erase(std::unique(later.begin(), later.end()), later.end());
    }
  }
  return {};
}

struct TimeRow {
  double time = 0;
  std::int64_t row = 0;
  std::size_t input = 0;
};

// Unknown times last, as in SegmentBuilder.
bool before(const TimeRow& a, const TimeRow& b) {
  if (std::isnan(a.time) || std::isnan(b.time)) return !std::isnan(a.time) || (std::isnan(b.time) && a.row < b.row);
  return a.time != b.time ? a.time < b.time : a.row < b.row;
}

// The columns of one input in the order of time.
struct TimeCursors {
  Cursor<double> time;
  Cursor<float> length;
  Cursor<std::uint32_t> row;
  std::vector<std::pair<Cursor<std::uint8_t>, Cursor<std::uint16_t>>> codes;  ///< one of the two
};

}  // namespace

Status Merger::run() {
  head_.base = std::numeric_limits<std::int64_t>::max();
  for (const auto& input : inputs_) {
    head_.base = std::min(head_.base, input.source.head.base);
    head_.end = std::max(head_.end, input.source.head.end);
    head_.longest = std::max(head_.longest, input.source.head.longest);
  }
  if (head_.end - head_.base > kMost) return {Code::invalid, "too many rows for one segment of an index"};
  IMREG_TRY(find_skipped(inputs_));
  for (auto& input : inputs_) {
    input.base_shift = input.source.head.base - head_.base;
    head_.rows += input.source.head.rows - static_cast<std::int64_t>(input.skipped.size());
    skips_some_ |= !input.skipped.empty();
  }
  IMREG_TRY(merge_values());
  IMREG_TRY(merge_times());
  if (fields_.ra) IMREG_TRY(merge_places());
  if (fields_.ra) IMREG_TRY(merge_odd_places());
  for (std::size_t i = 0; i < fields_.names.size(); ++i) IMREG_TRY(merge_names(i));
  return columns_.finish(head_);
}

// One list of values for each code field; a field that has too many, here or in a segment, gets no column.
Status Merger::merge_values() {
  for (std::size_t i = 0; i < fields_.codes.size(); ++i) {
    const auto width = static_cast<std::size_t>(fields_.codes[i]->size());
    TextPool pool;
    bool whole = true;
    for (auto& input : inputs_) {
      const auto& head = input.source.head;
      if (head.codes[i].bytes == 0 && head.rows > 0) whole = false;
      if (!whole) break;
      Cursor<char> cursor(input.source, head.values[i]);
      std::string value(width, '\0');
      while (cursor.left() > 0) {
        for (char& c : value) {
          if (!cursor.next(c)) return damaged(cursor.status());
        }
        input.codes[i].push_back(static_cast<std::uint16_t>(pool.id_of(value)));
        if (pool.size() > kMostValues) whole = false;
      }
    }
    if (!whole) continue;
    std::vector<char> values;
    for (std::uint32_t id = 0; id < pool.size(); ++id) {
      const auto value = pool.text(id);
      values.insert(values.end(), value.begin(), value.end());
    }
    head_.values[i] = columns_.write(values);
    head_.codes[i] = columns_.take(head_.rows * code_width(pool.size()));
  }
  return {};
}

Status Merger::merge_times() {
  const std::int64_t n = head_.rows;
  std::optional<PageWriter> time, length;
  const auto writer_of = [this](const Extent& extent) { return PageWriter(to_, nonce_, extent); };
  if (fields_.time) time.emplace(to_, nonce_, head_.time = columns_.take(n * 8));
  if (fields_.length) length.emplace(to_, nonce_, head_.length = columns_.take(n * 4));
  PageWriter row = writer_of(head_.row = columns_.take(n * 4));
  std::vector<PageWriter> codes;
  const std::size_t fields = fields_.codes.size();
  codes.reserve(fields);
  for (std::size_t i = 0; i < fields; ++i) codes.push_back(writer_of(head_.codes[i]));

  std::vector<TimeCursors> cursors;
  cursors.reserve(inputs_.size());
  for (const auto& input : inputs_) {
    const auto& head = input.source.head;
    TimeCursors c{{input.source, head.time}, {input.source, head.length}, {input.source, head.row}, {}};
    for (std::size_t i = 0; i < fields; ++i)
      c.codes.emplace_back(Cursor<std::uint8_t>(input.source, head.codes[i]),
                           Cursor<std::uint16_t>(input.source, head.codes[i]));
    cursors.push_back(std::move(c));
  }
  Status trouble;
  // The next row of an input, its other columns still to be read.
  const auto fetch = [&](std::size_t i, TimeRow& out) {
    std::uint32_t number = 0;
    auto& c = cursors[i];
    if (!c.row.next(number)) {
      if (!c.row.status().ok()) trouble = c.row.status();
      return false;
    }
    out = {std::numeric_limits<double>::quiet_NaN(), inputs_[i].source.head.base + number, i};
    if (fields_.time && !c.time.next(out.time)) return trouble = damaged(c.time.status()), false;
    return true;
  };
  const auto later = [](const TimeRow& a, const TimeRow& b) { return before(b, a); };
  std::priority_queue<TimeRow, std::vector<TimeRow>, decltype(later)> queue(later);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (TimeRow first; fetch(i, first)) queue.push(first);
  }
  std::vector<std::uint32_t> long_ones;
  Tally tally;
  bool tallied = true;
  for (std::size_t i = 0; i < fields; ++i) tallied &= has_codes(i) || n == 0;
  std::int64_t position = 0;
  while (!queue.empty()) {
    TimeRow now = queue.top();
    queue.pop();
    do {  // an input gives many rows in turn, mostly
      const auto& input = inputs_[now.input];
      auto& c = cursors[now.input];
      float seconds = 0;
      if (fields_.length && !c.length.next(seconds)) return damaged(c.length.status());
      Tally::Codes of_row{};
      for (std::size_t i = 0; i < fields; ++i) {
        if (!has_codes(i)) continue;
        std::uint16_t code = 0;
        if (input.source.head.codes[i].bytes > input.source.head.rows) {
          if (!c.codes[i].second.next(code)) return damaged(c.codes[i].second.status());
        } else {
          std::uint8_t small = 0;
          if (!c.codes[i].first.next(small)) return damaged(c.codes[i].first.status());
          code = small;
        }
        if (code >= input.codes[i].size()) return damaged({});
        of_row[i] = input.codes[i][code];
      }
      const auto number = static_cast<std::uint32_t>(now.row - input.source.head.base);
      if (!input.skips(number)) {
        if (!std::isnan(now.time)) {
          if (head_.timed++ == 0) head_.first_time = now.time;
          head_.last_time = now.time;
          if (static_cast<double>(seconds) > kLongExposure) long_ones.push_back(static_cast<std::uint32_t>(position));
        }
        if (time) time->value(now.time);
        if (length) length->value(seconds);
        row.value(shifted(input, number));
        for (std::size_t i = 0; i < fields; ++i) {
          if (!has_codes(i)) continue;
          if (wide(i))
            codes[i].value(of_row[i]);
          else
            codes[i].value(static_cast<std::uint8_t>(of_row[i]));
        }
        if (tallied && skips_some_ && tally.size() <= kMostTallied) tally.add(of_row, 1);
        ++position;
      }
      if (!fetch(now.input, now)) {
        now.input = inputs_.size();
        break;
      }
    } while (queue.empty() || before(now, queue.top()));
    if (!trouble.ok()) return trouble;
    if (now.input < inputs_.size()) queue.push(now);
  }
  if (!trouble.ok()) return trouble;
  if (time) IMREG_TRY(time->finish());
  if (length) IMREG_TRY(length->finish());
  IMREG_TRY(row.finish());
  for (std::size_t i = 0; i < fields; ++i) {
    if (has_codes(i)) IMREG_TRY(codes[i].finish());
  }
  head_.long_rows = columns_.write(long_ones);
  if (tallied && !skips_some_) IMREG_TRY(add_tallies(tally, tallied));
  if (tallied && tally.size() <= kMostTallied) head_.tally = columns_.write(tally.bytes(fields));
  return {};
}

Status Merger::add_tallies(Tally& tally, bool& tallied) const {
  for (const auto& input : inputs_) {
    const auto& head = input.source.head;
    if (head.tally.bytes == 0 && head.rows > 0) tallied = false;
    if (!tallied) return {};
    PageReader pages(*input.source.file, input.source.nonce);
    bool fits = true;
    const auto add = [&](Tally::Codes codes, std::int64_t rows) {
      for (std::size_t field = 0; field < fields_.codes.size(); ++field) {
        if (codes[field] >= input.codes[field].size()) fits = false;
        if (fits) codes[field] = input.codes[field][codes[field]];
      }
      tally.add(codes, rows);
    };
    if (!Tally::each(pages, head.tally, fields_.codes.size(), add) || !fits) return damaged(pages.status());
  }
  return {};
}

}  // namespace merging

Status merge_segments(const std::vector<SegmentSource>& sources, const Fields& fields, File& to, std::uint64_t nonce,
                      std::int64_t& page) {
  return merging::Merger(sources, fields, to, nonce, page).run();
}

}  // namespace imreg::index

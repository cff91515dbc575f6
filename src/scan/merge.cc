// Several segments become one: each order (time, place, text) is merged column by column, a page of each in memory.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <queue>

#include "scan/columns.h"

namespace imreg::index {

namespace {

constexpr auto kMost = static_cast<std::int64_t>(std::numeric_limits<std::uint32_t>::max());

Status damaged(const Status& status) {
  return status.ok() ? Status(Code::corrupt, "the columns of a segment do not fit together") : status;
}

// What a merge needs to know of one of its segments.
struct Input {
  const SegmentSource& source;
  std::vector<std::int64_t> skipped;                  ///< rows that a later segment has again, in order
  std::vector<std::uint16_t> codes[kMostCodes] = {};  ///< its code -> the merged one
  std::int64_t base_shift = 0;                        ///< to be added to its row numbers

  bool skips(std::uint32_t row) const {
    return !skipped.empty() && std::binary_search(skipped.begin(), skipped.end(), source.head.base + row);
  }
};

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

class Merger {
 public:
  Merger(const std::vector<SegmentSource>& sources, const Fields& fields, File& to, std::uint64_t nonce,
         std::int64_t& page)
      : fields_(fields), to_(to), nonce_(nonce), columns_(to, nonce, page), head_(new_head()) {
    for (const auto& source : sources) inputs_.push_back({source, {}, {}, 0});
  }

  Status run() {
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

 private:
  std::uint32_t shifted(const Input& input, std::uint32_t row) const {
    return static_cast<std::uint32_t>(row + input.base_shift);
  }

  // One list of values for each code field; a field that has too many, here or in a segment, gets no column.
  Status merge_values() {
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

  bool has_codes(std::size_t field) const { return head_.values[field].bytes > 0; }
  bool wide(std::size_t field) const { return head_.codes[field].bytes > head_.rows; }

  // The columns of one input in the order of time.
  struct TimeCursors {
    Cursor<double> time;
    Cursor<float> length;
    Cursor<std::uint32_t> row;
    std::vector<std::pair<Cursor<std::uint8_t>, Cursor<std::uint16_t>>> codes;  ///< one of the two
  };

  Status merge_times() {
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

  Status add_tallies(Tally& tally, bool& tallied) const {
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

  Status merge_places() {
    std::vector<std::vector<std::uint32_t>> zones(inputs_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const auto& input = inputs_[i];
      PageReader pages(*input.source.file, input.source.nonce);
      zones[i].resize(kZones + 1);
      if (!pages.values(input.source.head.zones, 0, kZones + 1, zones[i].data())) return damaged(pages.status());
      head_.placed += input.source.head.placed;
      if (input.skipped.empty()) continue;
      Cursor<std::uint32_t> rows(input.source, input.source.head.sky_row);
      std::uint32_t row = 0;
      while (rows.next(row)) head_.placed -= input.skips(row) ? 1 : 0;
      IMREG_TRY(rows.status());
    }
    PageWriter ra_out(to_, nonce_, head_.ra = columns_.take(head_.placed * 4));
    PageWriter dec_out(to_, nonce_, head_.dec = columns_.take(head_.placed * 4));
    PageWriter row_out(to_, nonce_, head_.sky_row = columns_.take(head_.placed * 4));
    struct Cursors {
      Cursor<std::uint32_t> ra, dec, row;
    };
    std::vector<Cursors> cursors;
    for (const auto& input : inputs_) {
      const auto& head = input.source.head;
      cursors.push_back({{input.source, head.ra}, {input.source, head.dec}, {input.source, head.sky_row}});
    }
    std::vector<std::uint32_t> merged(kZones + 1);
    for (std::size_t zone = 0; zone < static_cast<std::size_t>(kZones); ++zone) {
      struct Spot {
        std::uint32_t ra;
        std::size_t input;
        bool operator>(const Spot& other) const { return std::pair(ra, input) > std::pair(other.ra, other.input); }
      };
      std::priority_queue<Spot, std::vector<Spot>, std::greater<>> queue;
      std::vector<std::int64_t> left(inputs_.size());
      const auto push = [&](std::size_t i) {
        Spot spot{0, i};
        if (left[i]-- <= 0) return true;
        if (!cursors[i].ra.next(spot.ra)) return false;
        queue.push(spot);
        return true;
      };
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        if (zones[i][zone + 1] < zones[i][zone]) return damaged({});
        left[i] = zones[i][zone + 1] - zones[i][zone];
        if (!push(i)) return damaged(cursors[i].ra.status());
      }
      while (!queue.empty()) {
        const Spot spot = queue.top();
        queue.pop();
        std::uint32_t dec = 0, row = 0;
        auto& c = cursors[spot.input];
        if (!c.dec.next(dec) || !c.row.next(row)) return damaged(c.dec.status().ok() ? c.row.status() : c.dec.status());
        if (!inputs_[spot.input].skips(row)) {
          ra_out.value(spot.ra);
          dec_out.value(dec);
          row_out.value(shifted(inputs_[spot.input], row));
          ++merged[zone + 1];
        }
        if (!push(spot.input)) return damaged(c.ra.status());
      }
      merged[zone + 1] += merged[zone];
    }
    IMREG_TRY(ra_out.finish());
    IMREG_TRY(dec_out.finish());
    IMREG_TRY(row_out.finish());
    head_.zones = columns_.write(merged);
    return {};
  }

  Status merge_odd_places() {
    head_.greatest_ra = 360;
    std::vector<std::uint32_t> odd;
    for (const auto& input : inputs_) {
      const auto& head = input.source.head;
      head_.least_ra = std::min(head_.least_ra, head.least_ra);
      head_.greatest_ra = std::max(head_.greatest_ra, head.greatest_ra);
      Cursor<std::uint32_t> rows(input.source, head.odd_rows);
      std::uint32_t row = 0;
      while (rows.next(row)) {
        if (!input.skips(row)) odd.push_back(shifted(input, row));
      }
      IMREG_TRY(rows.status());
    }
    head_.odd_rows = columns_.write(odd);
    return {};
  }

  // The texts of one input in order, and how many rows have each.
  class TextCursor {
   public:
    TextCursor(const SegmentSource& source, const SegmentHead::Names& names)
        : starts_(source, names.starts), posts_(source, names.posts), bytes_(source, names.bytes) {
      (void)starts_.next(start_);
      (void)posts_.next(post_);
    }
    bool next() {
      std::uint32_t end = 0, post_end = 0;
      if (!starts_.next(end) || !posts_.next(post_end)) return false;
      if (end < start_ || end - start_ > 65536 || post_end < post_ || bytes_.left() < end - start_) return false;
      text_.resize(end - start_);
      for (char& c : text_) {
        if (!bytes_.next(c)) return false;
      }
      rows_ = post_end - post_;
      start_ = end;
      post_ = post_end;
      return true;
    }
    const std::string& text() const { return text_; }
    std::uint32_t rows() const { return rows_; }
    bool done() const { return starts_.left() == 0; }
    Status status() const {
      for (const Status* s : {&starts_.status(), &posts_.status(), &bytes_.status()}) IMREG_TRY(*s);
      return done() ? Status() : damaged({});
    }

   private:
    Cursor<std::uint32_t> starts_, posts_;
    Cursor<char> bytes_;
    std::uint32_t start_ = 0, post_ = 0, rows_ = 0;
    std::string text_;
  };

  // Calls `visit(text, inputs that have it)` for each different text in order.
  template <class Visit>
  Status each_text(std::size_t field, const Visit& visit) {
    std::vector<TextCursor> cursors;
    for (const auto& input : inputs_) cursors.emplace_back(input.source, input.source.head.names[field]);
    const auto later = [&](std::size_t a, std::size_t b) {
      const int order = compare_texts(cursors[a].text(), cursors[b].text());
      return order != 0 ? order > 0 : a > b;
    };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> queue(later);
    for (std::size_t i = 0; i < cursors.size(); ++i) {
      if (cursors[i].next()) queue.push(i);
    }
    std::vector<std::pair<std::size_t, std::uint32_t>> have;
    while (!queue.empty()) {
      const std::string text = cursors[queue.top()].text();
      have.clear();
      while (!queue.empty() && cursors[queue.top()].text() == text) {
        const std::size_t i = queue.top();
        queue.pop();
        have.emplace_back(i, cursors[i].rows());
        if (cursors[i].next()) queue.push(i);
      }
      IMREG_TRY(visit(text, have));
    }
    for (const auto& cursor : cursors) IMREG_TRY(cursor.status());
    return {};
  }

  Status merge_names(std::size_t field) {
    for (const auto& input : inputs_) {
      if (input.source.head.names[field].starts.bytes == 0 && input.source.head.rows > 0) return {};
    }
    using Have = std::vector<std::pair<std::size_t, std::uint32_t>>;
    std::int64_t texts = 0, size = 0;
    std::vector<std::string> fences;
    IMREG_TRY(each_text(field, [&](const std::string& text, const Have&) -> Status {
      if (texts++ % kFence == 0) fences.push_back(text);
      size += static_cast<std::int64_t>(text.size());
      return {};
    }));
    if (size > kMost) return {};  // no names then
    auto& names = head_.names[field];
    PageWriter starts(to_, nonce_, names.starts = columns_.take((texts + 1) * 4));
    PageWriter bytes(to_, nonce_, names.bytes = columns_.take(size));
    PageWriter posts(to_, nonce_, names.posts = columns_.take((texts + 1) * 4));
    PageWriter rows(to_, nonce_, names.rows = columns_.take(head_.rows * 4));
    std::vector<Cursor<std::uint32_t>> cursors;
    for (const auto& input : inputs_) cursors.emplace_back(input.source, input.source.head.names[field].rows);
    std::uint32_t start = 0, post = 0;
    starts.value(start);
    posts.value(post);
    IMREG_TRY(each_text(field, [&](const std::string& text, const Have& have) -> Status {
      bytes.add(text.data(), text.size());
      starts.value(start += static_cast<std::uint32_t>(text.size()));
      for (const auto& [i, count] : have) {
        for (std::uint32_t k = 0; k < count; ++k) {
          std::uint32_t row = 0;
          if (!cursors[i].next(row)) return damaged(cursors[i].status());
          if (inputs_[i].skips(row)) continue;
          rows.value(shifted(inputs_[i], row));
          ++post;
        }
      }
      posts.value(post);
      return {};
    }));
    IMREG_TRY(starts.finish());
    IMREG_TRY(bytes.finish());
    IMREG_TRY(posts.finish());
    IMREG_TRY(rows.finish());
    names.fences = columns_.write(fence_column(fences));
    return {};
  }

  const Fields& fields_;
  File& to_;
  std::uint64_t nonce_;
  Columns columns_;
  SegmentHead head_;
  std::vector<Input> inputs_;
  bool skips_some_ = false;
};

}  // namespace

Status merge_segments(const std::vector<SegmentSource>& sources, const Fields& fields, File& to, std::uint64_t nonce,
                      std::int64_t& page) {
  return Merger(sources, fields, to, nonce, page).run();
}

}  // namespace imreg::index

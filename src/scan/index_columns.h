// Every column of an index from its beginning to its end: its order, its counts, and each pair of row and value.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "scan/index_sums.h"

namespace imreg::index {

inline constexpr std::int64_t kChunk = 16 * kPayload;  // bytes of a column at a time: whole pages

// The sentence of a status, and where, without the file.
inline std::string said_by(const Status& status) {
  const std::string text = status.text(), file = status.file() + ": ";
  return text.starts_with(file) ? text.substr(file.size()) : text;
}

// A column from its beginning, some pages at a time.
template <class T>
class Walk {
 public:
  Walk(PageReader& pages, const Extent& extent)
      : pages_(&pages), extent_(extent), left_(extent.bytes / static_cast<std::int64_t>(sizeof(T))) {}
  std::int64_t left() const { return left_; }
  /// False at the end, and when a page is damaged: see the reader's status.
  bool next(T& value) {
    if (left_ == 0 || (at_ == held_.size() && !fetch())) return false;
    value = held_[at_++];
    --left_;
    return true;
  }
  bool next(std::size_t count, std::string& out) {
    for (out.resize(count); count > 0;) {
      if (left_ == 0 || (at_ == held_.size() && !fetch())) return false;
      const std::size_t part = std::min(count, held_.size() - at_);
      std::memcpy(out.data() + out.size() - count, held_.data() + at_, part);
      at_ += part, count -= part, left_ -= static_cast<std::int64_t>(part);
    }
    return true;
  }

 private:
  bool fetch() {
    const std::int64_t bytes = std::min(kChunk, extent_.bytes - read_);
    held_.resize(static_cast<std::size_t>(bytes) / sizeof(T));
    if (!pages_->copy(extent_, read_, bytes, reinterpret_cast<char*>(held_.data()))) return held_.clear(), false;
    read_ += bytes;
    at_ = 0;
    return true;
  }

  PageReader* pages_;
  Extent extent_;
  std::int64_t left_, read_ = 0;
  std::size_t at_ = 0;
  std::vector<T> held_;
};

// One group of columns of all segments. `Visit` is a template's argument: it is called for each value.
template <class Visit>
struct ColumnWalk {
  const IndexCheck::State& s;
  const Visit& visit;
  std::vector<IndexFault>& faults;
  std::size_t most;
  PageReader pages{s.file, s.head.nonce};

  void fault(const SegmentHead& segment, const std::string& what) {
    if (faults.size() >= most) return;
    faults.push_back({-1, -1,
                      "the segment of rows " + std::to_string(segment.base + 1) + " to " + std::to_string(segment.end) +
                          ": " + what});
  }
  bool broken() {
    if (pages.status().ok()) return false;
    faults.push_back({-1, -1, said_by(pages.status())});
    return true;
  }
  bool row_of(const SegmentHead& segment, std::uint32_t number, std::int64_t& row) {
    row = segment.base + number;
    if (row < segment.end && row < s.head.covered) return true;
    fault(segment, "it names a row that it does not have");
    return false;
  }

  void times(std::size_t i) {
    const SegmentHead& segment = s.segments[i];
    const std::size_t fields = s.fields.codes.size();
    std::vector<std::vector<std::uint64_t>> values(fields);  // hashes of values, by code
    std::vector<std::pair<Walk<std::uint8_t>, Walk<std::uint16_t>>> codes;
    std::vector<char> wide(fields);
    for (std::size_t f = 0; f < fields; ++f) {
      const auto width = static_cast<std::size_t>(s.fields.codes[f]->size());
      std::string bytes(static_cast<std::size_t>(segment.values[f].bytes), '\0');
      if (!pages.copy(segment.values[f], 0, segment.values[f].bytes, bytes.data())) return;
      for (std::size_t at = 0; at + width <= bytes.size(); at += width)
        values[f].push_back(code_hash(*s.fields.codes[f], bytes.data() + at));
      codes.emplace_back(Walk<std::uint8_t>(pages, segment.codes[f]), Walk<std::uint16_t>(pages, segment.codes[f]));
      wide[f] = code_width(static_cast<std::int64_t>(values[f].size())) == 2;
    }
    Walk<std::uint32_t> rows(pages, segment.row);
    Walk<double> times(pages, segment.time);
    Walk<float> lengths(pages, segment.length);
    std::vector<std::uint32_t> long_rows;
    std::int64_t timed = 0;
    double before = -std::numeric_limits<double>::infinity(), first = 0, last = 0, longest = 0;
    std::int64_t row_before = -1;
    std::uint64_t tally = 0;
    std::uint32_t number = 0;
    for (std::int64_t position = 0; rows.next(number); ++position) {
      std::int64_t row = 0;
      if (!row_of(segment, number, row)) return;
      double time = std::numeric_limits<double>::quiet_NaN();
      float length = 0;
      if ((s.fields.time && !times.next(time)) || (s.fields.length && !lengths.next(length))) return;
      const bool in_order = std::isnan(time) ? !std::isnan(before) || row > row_before
                                             : time > before || (time == before && row > row_before);
      if (!in_order) return fault(segment, "its times are out of order");
      before = time, row_before = row;
      if (!std::isnan(time)) {
        if (timed++ == 0) first = time;
        last = time;
        if (static_cast<double>(length) > kLongExposure)
          long_rows.push_back(static_cast<std::uint32_t>(position));
        else if (static_cast<double>(length) > longest)
          longest = static_cast<double>(length);
      }
      const bool counts = s.counts(i, row);
      const std::uint64_t key = row_key(row);
      if (counts) {
        visit(s.rows_column, row, key, 0);
        if (s.fields.time) visit(s.time, row, key, bits_of(time));
        if (s.fields.length) visit(s.length, row, key, bits_of(length));
      }
      std::uint64_t combination = 0;
      for (std::size_t f = 0; f < fields; ++f) {
        if (values[f].empty()) continue;
        std::uint8_t small = 0;
        std::uint16_t code = 0;
        if (wide[f] ? !codes[f].second.next(code) : !codes[f].first.next(small)) return;
        if (!wide[f]) code = small;
        if (code >= values[f].size()) return fault(segment, "a code of " + s.fields.codes[f]->name + " has no value");
        if (counts) visit(s.codes + f, row, key, values[f][code]);
        combination = mix(combination * 65537 + code + 1);
      }
      tally += combination;
    }
    if (s.fields.time &&
        (timed != segment.timed || (timed > 0 && (first != segment.first_time || last != segment.last_time))))
      fault(segment, "its head has other first and last times than its rows");
    if (s.fields.length && !(segment.longest >= longest)) fault(segment, "it has longer exposures than its head says");
    Walk<std::uint32_t> said(pages, segment.long_rows);
    bool same = said.left() == std::ssize(long_rows);
    for (std::size_t k = 0; same && said.next(number); ++k) same = number == long_rows[k];
    if (s.fields.length && !same) fault(segment, "its list of long exposures is not that of its rows");
    if (segment.tally.bytes > 0) compare_tally(segment, tally);
  }

  void compare_tally(const SegmentHead& segment, std::uint64_t wanted) {
    std::uint64_t sum = 0;
    Tally::each(pages, segment.tally, s.fields.codes.size(), [&](const Tally::Codes& codes, std::int64_t rows) {
      std::uint64_t combination = 0;
      for (std::size_t f = 0; f < s.fields.codes.size(); ++f) combination = mix(combination * 65537 + codes[f] + 1);
      sum += combination * static_cast<std::uint64_t>(rows);
    });
    if (sum != wanted) fault(segment, "its counts of codes are not those of its rows");
  }

  void places(std::size_t i) {
    const SegmentHead& segment = s.segments[i];
    if (!s.fields.ra) return;
    std::vector<std::uint32_t> zones(kZones + 1);
    if (!pages.values(segment.zones, 0, kZones + 1, zones.data())) return;
    Walk<std::uint32_t> ras(pages, segment.ra), decs(pages, segment.dec), rows(pages, segment.sky_row);
    if (zones.front() != 0 || zones.back() != segment.placed || !std::is_sorted(zones.begin(), zones.end()))
      return fault(segment, "its zones of the sky do not follow each other");
    std::int64_t row = 0;
    for (std::uint32_t zone = 0; zone < static_cast<std::uint32_t>(kZones); ++zone) {
      std::uint32_t before = 0;
      for (std::uint32_t at = zones[zone]; at < zones[zone + 1]; ++at) {
        Place place;
        std::uint32_t number = 0;
        if (!ras.next(place.ra) || !decs.next(place.dec) || !rows.next(number)) return;
        if (!row_of(segment, number, row)) return;
        if (place.zone() != zone || place.ra < before) return fault(segment, "its positions are out of order");
        before = place.ra;
        if (s.counts(i, row))
          visit(s.place, row, row_key(row), static_cast<std::uint64_t>(place.ra) << 32U | place.dec);
      }
    }
    Walk<std::uint32_t> odd(pages, segment.odd_rows);
    for (std::uint32_t number = 0; odd.next(number);) {
      if (!row_of(segment, number, row)) return;
      if (s.counts(i, row)) visit(s.odd, row, row_key(row), 0);
    }
  }

  void texts(std::size_t i, std::size_t field) {
    const SegmentHead& segment = s.segments[i];
    const auto& names = segment.names[field];
    if (names.starts.bytes == 0) return;
    const std::string& name = s.fields.names[field]->name;
    Walk<std::uint32_t> starts(pages, names.starts), posts(pages, names.posts), rows(pages, names.rows);
    Walk<char> bytes(pages, names.bytes), fences(pages, names.fences);
    std::uint32_t start = 0, post = 0;
    if (!starts.next(start) || !posts.next(post)) return;
    if (start != 0 || post != 0) return fault(segment, "its texts of " + name + " do not begin at the beginning");
    const std::int64_t texts = starts.left(), count = fences_of(texts);
    const auto width = count == 0 ? 0 : static_cast<std::size_t>(names.fences.bytes / count);
    std::string text, before, fence;
    for (std::int64_t t = 0; t < texts; ++t) {
      std::uint32_t end = 0, post_end = 0;
      if (!starts.next(end) || !posts.next(post_end)) return;
      if (end < start || end - start > 65536 || post_end < post || end - start > bytes.left() ||
          post_end - post > rows.left())
        return fault(segment, "its texts of " + name + " do not follow each other");
      if (!bytes.next(end - start, text)) return;
      if (t > 0 && compare_texts(before, text) >= 0)
        return fault(segment, "its texts of " + name + " are out of order");
      if (t % kFence == 0) {
        if (!fences.next(width, fence)) return;
        std::string wanted = text;
        wanted.resize(std::max(width, text.size()), '\0');
        if (wanted != fence) return fault(segment, "the beginnings of its texts of " + name + " are not its texts");
      }
      const std::uint64_t hash = text_hash(text);
      for (; post < post_end; ++post) {
        std::uint32_t number = 0;
        std::int64_t row = 0;
        if (!rows.next(number) || !row_of(segment, number, row)) return;
        if (s.counts(i, row)) visit(s.names + field, row, row_key(row), hash);
      }
      start = end;
      before.swap(text);
    }
    if (start != names.bytes.bytes || post != segment.rows)
      fault(segment, "its texts of " + name + " are not those of all rows");
  }

  // Group 0: times and codes, 1: places, behind it one for each field of texts.
  void group(std::size_t which) {
    for (std::size_t i = 0; i < s.segments.size() && !broken(); ++i) {
      if (which == 0)
        times(i);
      else if (which == 1)
        places(i);
      else
        texts(i, which - 2);
    }
    (void)broken();
  }
};

}  // namespace imreg::index

// Rows in the order of time: those of all segments merged, and the rows that no segment knows.
#include <algorithm>
#include <cmath>

#include "scan/index_search_state.h"

namespace imreg::index {

bool IndexSearch::State::by_time(bool newest_first, ScanReport& report,
                                 const std::function<bool(std::int64_t row)>& visit) {
  if (!index_.fields().time || knows_little(report)) return false;
  struct Row {
    double time;
    std::int64_t row;
  };
  const auto before = [newest_first](const Row& a, const Row& b) {
    return a.time != b.time ? (newest_first ? a.time > b.time : a.time < b.time) : a.row < b.row;
  };
  // The rows of one source in order, some at a time.
  struct Source {
    std::vector<Row> ready;
    std::size_t at = 0;
    std::size_t segment = 0;
    std::int64_t from = 0, end = 0;  ///< positions still to come
    Slice equal;                     ///< newest first: many rows of one time, still to come in file order
  };
  std::vector<Source> sources;
  RowSet unknown(file_.count());
  Source others;
  Record scratch = file_.make_record();
  const FieldInfo& time = *index_.fields().time;
  each_outside([&](std::int64_t row) {
    const RecordView record = file_.peek(row, scratch);
    if (!selection_.matches(record)) return;
    const double when = load_big<double>(record.bytes() + time.offset);
    if (std::isnan(when))
      unknown.add(row);
    else
      others.ready.push_back({when, row});
  });
  std::sort(others.ready.begin(), others.ready.end(), before);
  sources.push_back(std::move(others));
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const auto& slices = segments_[i].slices();
    const std::int64_t timed = segments_[i].head().timed;
    Source source;
    source.segment = i;
    source.from = slices.empty() ? 0 : std::min(slices.front().from, timed);
    source.end = slices.empty() ? 0 : std::min(slices.back().end, timed);
    sources.push_back(std::move(source));
  }
  std::vector<std::uint8_t> alive;
  std::vector<double> times;
  const auto fill = [&](Source& source) {
    source.ready.clear();
    source.at = 0;
    auto& segment = segments_[source.segment];
    const auto time_at = [&](std::int64_t position) {
      double value = 0;
      (void)segment.pages().at(segment.head().time, position, value);
      return value;
    };
    // The first position of from..end-1 with a time that is not before `moment`, or is later.
    const auto bound = [&](std::int64_t from, std::int64_t end, double moment, bool later) {
      std::int64_t position = from;
      (void)segment.pages().bound(segment.head().time, from, end, moment, later, segment.head().first_time,
                                  segment.head().last_time, position);
      return position;
    };
    // The next slice. Within it positions are in the order of time and row; newest first, it is sorted: then it holds all
    // rows of a time, or only rows of one time.
    const auto next = [&](std::int64_t piece) {
      if (source.equal.from < source.equal.end) {
        const Slice out{source.equal.from, std::min(source.equal.from + piece, source.equal.end)};
        source.equal.from = out.end;
        return out;
      }
      if (!newest_first) {
        const Slice out{source.from, std::min(source.from + piece, source.end)};
        source.from = out.end;
        return out;
      }
      Slice out{std::max(source.from, source.end - piece), source.end};
      const double first = time_at(out.from);
      const std::int64_t near = std::max(source.from, out.from - piece - 1);  // where it is, usually
      std::int64_t begin = bound(near, out.from, first, false);
      if (begin == near) begin = bound(source.from, near, first, false);
      if (out.from - begin <= piece) {
        out.from = begin;
      } else if (const std::int64_t behind = bound(out.from, out.end, first, true); behind < out.end) {
        out.from = behind;
      } else {
        source.equal = {begin, out.end};
        out = {begin, begin};
      }
      source.end = out.from;
      return out;
    };
    std::int64_t piece = 512;  // little is asked for, usually
    while ((source.from < source.end || source.equal.from < source.equal.end) && source.ready.empty() && ok()) {
      const Slice slice = next(piece);
      for (std::int64_t from = slice.from; from < slice.end; from += SegmentSearch::kStep) {
        const Slice part{from, std::min(from + SegmentSearch::kStep, slice.end)};
        segment.test(part, alive, false);
        times.resize(alive.size());
        if (!segment.pages().values(segment.head().time, part.from, part.end - part.from, times.data())) return;
        for (std::size_t k = 0; k < alive.size(); ++k) {
          if (alive[k] == 0 || std::isnan(times[k])) continue;  // not in a sound segment
          const std::int64_t row = segment.row_at(part.from + static_cast<std::int64_t>(k));
          if (believed(source.segment, row)) source.ready.push_back({times[k], row});
        }
      }
      if (newest_first) std::sort(source.ready.begin(), source.ready.end(), before);
      piece = std::min(piece * 2, SegmentSearch::kStep);
    }
  };
  for (std::size_t i = 1; i < sources.size(); ++i) fill(sources[i]);
  tell_outside(report);
  for (;;) {
    if (!ok()) return damaged(report);
    Source* next = nullptr;
    for (auto& source : sources) {
      if (source.at == source.ready.size()) continue;
      if (!next || before(source.ready[source.at], next->ready[next->at])) next = &source;
    }
    if (!next) break;
    if (!visit(next->ready[next->at].row)) return true;
    if (++next->at == next->ready.size() && next != &sources[0]) fill(*next);
  }
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const auto& slices = segments_[i].slices();
    const auto& head = segments_[i].head();
    if (slices.empty() || slices.back().end <= head.timed) continue;
    for (std::int64_t from = head.timed; from < head.rows && ok(); from += SegmentSearch::kStep) {
      const Slice part{from, std::min(from + SegmentSearch::kStep, head.rows)};
      segments_[i].test(part, alive, false);
      for (std::size_t k = 0; k < alive.size(); ++k) {
        if (alive[k] == 0) continue;
        const std::int64_t row = segments_[i].row_at(part.from + static_cast<std::int64_t>(k));
        if (believed(i, row)) unknown.add(row);
      }
    }
  }
  if (!ok()) return damaged(report);
  unknown.finish();
  unknown.each(0, visit);
  return true;
}

}  // namespace imreg::index

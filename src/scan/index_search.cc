#include "scan/index_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_set>

#include "base/text.h"
#include "scan/segment_search.h"

namespace imreg::index {

namespace {

constexpr double kScanCost = 25;  // nanoseconds for a row when all are looked at in order

const char* word_for(SegmentSearch::Way way) {
  switch (way) {
    case SegmentSearch::Way::time: return "time and codes";
    case SegmentSearch::Way::place: return "place";
    case SegmentSearch::Way::text: return "text";
  }
  return "";
}

}  // namespace

class IndexSearch::State {
 public:
  State(const RecordFile& file, const Selection& selection, Index index)
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

  bool ok() const { return pages_.status().ok(); }
  // Rows that no segment knows, and those that changed since.
  std::int64_t outside() const {
    return file_.count() - std::min(index_.covered(), file_.count()) + static_cast<std::int64_t>(changed_.size());
  }
  template <class Visit>
  void each_outside(const Visit& visit) const {
    for (const std::int64_t row : changed_) {
      if (row < file_.count()) visit(row);
    }
    for (std::int64_t row = index_.covered(); row < file_.count(); ++row) visit(row);
  }
  // Rows of a segment that are not to be believed: changed, in a later segment again, or newer than the file as it was
  // opened. Nothing, usually.
  bool believed(std::size_t segment, std::int64_t row) {
    if (row >= file_.count() || std::binary_search(changed_.begin(), changed_.end(), row)) return false;
    if (!overlaid_.contains(segment)) return true;
    if (!later_) {
      later_.emplace(index_.segments().size());
      for (std::size_t j = 1; j < index_.segments().size(); ++j) {
        bool lies_over = false;
        for (const std::size_t i : overlaid_) {
          lies_over |= i < j && index_.segments()[i].base < index_.segments()[j].end &&
                       index_.segments()[j].base < index_.segments()[i].end;
        }
        if (!lies_over) continue;
        const auto& head = index_.segments()[j];
        for (std::int64_t at = 0; at < head.rows && ok(); ++at) (*later_)[j].insert(segments_[j].row_at(at));
      }
    }
    for (std::size_t j = segment + 1; j < later_->size(); ++j) {
      if ((*later_)[j].contains(row)) return false;
    }
    return true;
  }
  bool all_believed(std::size_t segment) const {
    const auto& head = index_.segments()[segment];
    const auto at = std::lower_bound(changed_.begin(), changed_.end(), head.base);
    return !overlaid_.contains(segment) && head.end <= file_.count() && (at == changed_.end() || *at >= head.end);
  }

  bool find(RowSet& rows, ScanReport& report) {
    double cost = static_cast<double>(outside()) * kScanCost;
    for (const auto& segment : segments_) cost += segment.cost();
    if (!ok()) return damaged(report);
    if (cost > static_cast<double>(file_.count()) * kScanCost) {
      report.plan.push_back("the index is not used: it would give too many candidates");
      return false;
    }
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> ways;
    for (auto& segment : segments_) {
      auto& [count, candidates] = ways[word_for(segment.way())];
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

  std::optional<std::int64_t> count(ScanReport& report) {
    std::int64_t total = 0;
    if (!each_count({}, report, [&](const Tally::Codes&, std::size_t, std::int64_t rows) { total += rows; }))
      return std::nullopt;
    Record scratch = file_.make_record();
    each_outside([&](std::int64_t row) { total += selection_.matches(file_.peek(row, scratch)) ? 1 : 0; });
    return total;
  }

  std::optional<std::vector<ValueCount>> count_values(const std::vector<const FieldInfo*>& wanted, ScanReport& report) {
    std::vector<std::size_t> fields;
    for (const auto* field : wanted) {
      const auto& known = index_.fields().codes;
      const auto at =
          std::find_if(known.begin(), known.end(), [&](const auto* f) { return f->offset == field->offset; });
      if (at == known.end()) return std::nullopt;
      fields.push_back(static_cast<std::size_t>(at - known.begin()));
    }
    std::map<std::vector<std::string>, std::int64_t> counts;
    std::map<std::pair<std::size_t, Tally::Codes>, std::int64_t> by_code;
    const bool told =
        each_count(fields, report, [&](const Tally::Codes& codes, std::size_t segment, std::int64_t rows) {
          Tally::Codes key{};
          for (const std::size_t field : fields) key[field] = codes[field];
          by_code[{segment, key}] += rows;
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
      if (!selection_.matches(record)) return;
      std::vector<std::string> values;
      for (const auto* field : wanted)
        values.emplace_back(record.bytes() + field->offset, static_cast<std::size_t>(field->size()));
      for (std::size_t i = 0; i < values.size(); ++i) {  // as a segment keeps them
        if (wanted[i]->type != Type::text) continue;
        const auto size = trimmed(values[i].data(), values[i].size()).size();
        std::fill(values[i].begin() + static_cast<std::ptrdiff_t>(size), values[i].end(), '\0');
      }
      ++counts[values];
    });
    std::vector<ValueCount> out;
    for (const auto& [values, rows] : counts) {
      if (rows > 0) out.push_back({values, rows});
    }
    return out;
  }

  bool by_time(bool newest_first, ScanReport& report, const std::function<bool(std::int64_t row)>& visit) {
    if (!index_.fields().time) return false;
    struct Row {
      double time;
      std::int64_t row;
    };
    const auto before = [newest_first](const Row& a, const Row& b) {
      return a.time != b.time ? (newest_first ? a.time > b.time : a.time < b.time) : a.row < b.row;
    };
    // The rows of one source in order, some at a time. Rows of equal times come together.
    struct Source {
      std::vector<Row> ready;
      std::size_t at = 0;
      std::size_t segment = 0;
      std::int64_t from = 0, end = 0;  ///< positions still to come
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
      std::int64_t piece = 512;  // little is asked for, usually
      while (source.from < source.end && source.ready.empty() && ok()) {
        const std::int64_t size = std::min(piece, source.end - source.from);
        Slice slice = newest_first ? Slice{source.end - size, source.end} : Slice{source.from, source.from + size};
        // Rows of equal times stay together.
        if (newest_first) {
          while (slice.from > source.from && time_at(slice.from - 1) == time_at(slice.from)) --slice.from;
          source.end = slice.from;
        } else {
          while (slice.end < source.end && time_at(slice.end) == time_at(slice.end - 1)) ++slice.end;
          source.from = slice.end;
        }
        for (std::int64_t from = slice.from; from < slice.end; from += SegmentSearch::kStep) {
          const Slice part{from, std::min(from + SegmentSearch::kStep, slice.end)};
          segment.test(part, alive);
          times.resize(alive.size());
          if (!segment.pages().values(segment.head().time, part.from, part.end - part.from, times.data())) return;
          for (std::size_t k = 0; k < alive.size(); ++k) {
            if (alive[k] == 0) continue;
            const std::int64_t row = segment.row_at(part.from + static_cast<std::int64_t>(k));
            if (believed(source.segment, row)) source.ready.push_back({times[k], row});
          }
        }
        std::sort(source.ready.begin(), source.ready.end(), before);
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
        segments_[i].test(part, alive);
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

 private:
  void tell_outside(ScanReport& report) const {
    if (outside() > 0) report.plan.push_back("outside the index: " + counted(outside(), "row"));
  }
  bool damaged(ScanReport& report) const {
    report.plan.push_back("the index is not used: " + pages_.status().text());
    return false;
  }

  // How many rows there are of each combination of the codes of `fields`, without rows outside the segments.
  template <class Visit>
  bool each_count(const std::vector<std::size_t>& fields, ScanReport& report, const Visit& visit) {
    for (const auto& segment : segments_) {
      if (!segment.decided()) return false;
      for (const std::size_t field : fields) {
        if (segment.head().values[field].bytes == 0 && segment.head().rows > 0) return false;
      }
    }
    std::int64_t counted_rows = 0;
    std::vector<std::uint8_t> alive;
    std::vector<std::vector<std::uint16_t>> codes(fields.size());
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      auto& segment = segments_[i];
      const bool all = all_believed(i);
      if (all && segment.codes_only() &&
          segment.tally([&](const Tally::Codes& c, std::int64_t rows) { visit(c, i, rows); }))
        continue;
      for (const Slice& slice : segment.slices()) {
        for (std::int64_t from = slice.from, end = 0; from < slice.end && ok(); from = end) {
          const Slice part = segment.part_of(slice, from);
          end = part.end;
          segment.test(part, alive);
          for (std::size_t k = 0; k < fields.size(); ++k) segment.codes(fields[k], part, codes[k]);
          counted_rows += part.end - part.from;
          if (fields.empty() && all) {
            visit(Tally::Codes{}, i, std::count(alive.begin(), alive.end(), 1));
            continue;
          }
          for (std::size_t at = 0; at < alive.size(); ++at) {
            if (alive[at] == 0 || (!all && !believed(i, segment.row_at(part.from + static_cast<std::int64_t>(at)))))
              continue;
            Tally::Codes row{};
            for (std::size_t k = 0; k < fields.size(); ++k) row[fields[k]] = codes[k][at];
            visit(row, i, 1);
          }
        }
      }
    }
    if (!ok()) return damaged(report);
    report.plan.push_back("counted by the index alone: " + (counted_rows == 0
                                                                ? std::string("by its tallies")
                                                                : counted(counted_rows, "entry of its columns")));
    tell_outside(report);
    return true;
  }

  const RecordFile& file_;
  const Selection& selection_;
  Index index_;
  PageReader pages_;
  std::vector<SegmentSearch> segments_;
  std::vector<std::int64_t> changed_;
  std::unordered_set<std::size_t> overlaid_;  ///< segments of which a later one has rows again
  std::optional<std::vector<std::unordered_set<std::int64_t>>> later_;
};

std::optional<IndexSearch> IndexSearch::open(const RecordFile& file, const Selection& selection, ScanReport& report) {
  std::string why;
  auto index = Index::open(file, why);
  if (!index) {
    report.plan.push_back("no index: " + why);
    return std::nullopt;
  }
  return IndexSearch(std::make_unique<State>(file, selection, *std::move(index)));
}

bool IndexSearch::find(RowSet& rows, ScanReport& report) { return state_->find(rows, report); }
std::optional<std::int64_t> IndexSearch::count(ScanReport& report) { return state_->count(report); }
std::optional<std::vector<ValueCount>> IndexSearch::count_values(const std::vector<const FieldInfo*>& fields,
                                                                 ScanReport& report) {
  return state_->count_values(fields, report);
}
bool IndexSearch::by_time(bool newest_first, ScanReport& report, const std::function<bool(std::int64_t row)>& visit) {
  return state_->by_time(newest_first, report, visit);
}

IndexSearch::IndexSearch(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexSearch::IndexSearch(IndexSearch&&) noexcept = default;
IndexSearch& IndexSearch::operator=(IndexSearch&&) noexcept = default;
IndexSearch::~IndexSearch() = default;

}  // namespace imreg::index

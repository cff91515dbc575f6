// Asks each segment of an index, joins the answers, and says what was used.
#include "scan/index_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "scan/index_rows.h"
#include "scan/segment_search.h"

namespace imreg::index {

namespace {

constexpr std::uint64_t kMostCounts = 1U << 20U;
constexpr std::size_t kMostStale = 1000;
// Rows outside the segments, which one thread looks at: beyond these it is better done by who looks at all rows.
constexpr std::int64_t kFewOutside = 4096, kMostOutside = 1 << 20;

using CodesOfSegment = std::pair<std::size_t, Tally::Codes>;
struct HashOfCodes {
  std::size_t operator()(const CodesOfSegment& key) const {
    std::uint64_t hash = key.first;
    for (const std::uint16_t code : key.second) hash = (hash ^ code) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32U;
  }
};

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
  // An index that is missing grows by and by: at first it knows little.
  bool knows_little(ScanReport& report) const {
    if (outside() <= std::max(kFewOutside, std::min(kMostOutside, file_.count() / 2))) return false;
    report.plan.push_back("the index is not used: " + counted(outside(), "row") + " are outside of it");
    return true;
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
  bool all_believed(std::size_t segment) const {
    const auto& head = index_.segments()[segment];
    const auto at = std::lower_bound(changed_.begin(), changed_.end(), head.base);
    return !overlaid_.contains(segment) && head.end <= file_.count() && (at == changed_.end() || *at >= head.end);
  }

  bool find(RowSet& rows, ScanReport& report) {
    double cost = static_cast<double>(outside()) * kScanCost;
    for (auto& segment : segments_) {
      segment.weigh(selection_, false);
      cost += segment.cost();
    }
    if (!ok()) return damaged(report);
    if (cost > static_cast<double>(file_.count()) * kScanCost) {
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

  std::optional<std::int64_t> count(ScanReport& report) {
    std::int64_t total = 0;
    if (!each_count({}, report,
                    [&](const Tally::Codes&, std::size_t, std::int64_t rows) { return total += rows, true; }))
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
    std::unordered_map<CodesOfSegment, std::int64_t, HashOfCodes> by_code;  // a tally has thousands of combinations
    const bool told =
        each_count(fields, report, [&](const Tally::Codes& codes, std::size_t segment, std::int64_t rows) {
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

  bool by_time(bool newest_first, ScanReport& report, const std::function<bool(std::int64_t row)>& visit) {
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

  // What `ask` makes of the columns, when they decide the selection; `how` tells people.
  template <class Ask>
  auto decided(const char* how, ScanReport& report, const Ask& ask) -> decltype(ask(std::declval<DecidedSearch&>())) {
    const bool decided = std::all_of(segments_.begin(), segments_.end(), [](const auto& s) { return s.decided(); });
    if (!decided || knows_little(report)) return std::nullopt;
    DecidedSearch search{file_,
                         selection_,
                         index_,
                         segments_,
                         pages_,
                         [this](std::size_t segment, std::int64_t row) { return believed(segment, row); },
                         [this](std::size_t segment) { return all_believed(segment); },
                         [this](const auto& visit) { this->each_outside(visit); }};
    auto out = ask(search);
    if (!ok()) return damaged(report), std::nullopt;
    if (!out) return out;
    report.plan.push_back(how);
    tell_outside(report);
    return out;
  }

 private:
  // Few rows, one bit each decides for all others.
  void find_suspects() {
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
  // Where the rows of a segment stand that must not be believed, when they are few: then all are counted, and these taken
  // away. Nothing: they are many, or cannot be found because their times changed.
  std::optional<std::vector<std::int64_t>> stale_positions(std::size_t segment) {
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

  void tell_outside(ScanReport& report) const {
    if (outside() > 0) report.plan.push_back("outside the index: " + counted(outside(), "row"));
  }
  bool damaged(ScanReport& report) const {
    report.plan.push_back("the index is not used: " + pages_.status().text());
    return false;
  }

  // How many rows there are of each combination of the codes of `fields`, without rows outside the segments. False: they
  // cannot tell, or `visit` has had enough.
  template <class Visit>
  bool each_count(const std::vector<std::size_t>& fields, ScanReport& report, const Visit& visit) {
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

  const RecordFile& file_;
  const Selection& selection_;
  Index index_;
  PageReader pages_;
  std::vector<SegmentSearch> segments_;
  std::vector<std::int64_t> changed_;
  std::unordered_set<std::size_t> overlaid_;                 ///< segments of which a later one has rows again
  std::vector<bool> suspects_;                               ///< rows that some segment must not be believed about
  std::map<std::size_t, std::vector<std::uint32_t>> later_;  ///< rows of segments that lie over others, in order
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

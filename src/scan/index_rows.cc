// Walks the columns of a decided selection: bits of matching rows, counts of texts, counts of groups of moments.
#include "scan/index_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "base/text.h"

namespace imreg::index {

namespace {

// Combinations of codes; times the groups of moments they still fit into 64 bits, and times the values of a field, too.
constexpr std::uint64_t kMostKeys = std::uint64_t{1} << 40U;

// One bit for each row from a first one on. Other rows, which only a forged index has, are in none.
class Bits {
 public:
  Bits(std::int64_t first, std::int64_t rows)
      : first_(first), rows_(rows), words_(static_cast<std::size_t>(rows + 63) / 64) {}
  bool has(std::int64_t row) const { return knows(row) && (word(row) >> shift(row) & 1U) != 0; }
  void set(std::int64_t row) {
    if (knows(row)) word(row) |= std::uint64_t{1} << shift(row);
  }
  void clear(std::int64_t row) {
    if (knows(row)) word(row) &= ~(std::uint64_t{1} << shift(row));
  }
  void set_range(std::int64_t from, std::int64_t end) {
    for (; from < end && shift(from) != 0; ++from) set(from);
    for (; from + 64 <= end; from += 64) word(from) = ~std::uint64_t{0};
    for (; from < end; ++from) set(from);
  }
  /// The n-th that is set; -1: there are not so many.
  std::int64_t nth(std::int64_t n) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      std::uint64_t word = words_[i];
      if (const int ones = std::popcount(word); n >= ones) {
        n -= ones;
        continue;
      }
      for (; n > 0; --n) word &= word - 1;
      return first_ + static_cast<std::int64_t>(i) * 64 + std::countr_zero(word);
    }
    return -1;
  }

 private:
  bool knows(std::int64_t row) const { return row >= first_ && row - first_ < rows_; }
  std::uint64_t& word(std::int64_t row) { return words_[static_cast<std::size_t>(row - first_) / 64]; }
  const std::uint64_t& word(std::int64_t row) const { return words_[static_cast<std::size_t>(row - first_) / 64]; }
  unsigned shift(std::int64_t row) const { return static_cast<unsigned>(row - first_) % 64; }
  std::int64_t first_, rows_;
  std::vector<std::uint64_t> words_;
};

bool ok(const DecidedSearch& search) { return search.pages.status().ok(); }

// Calls visit(part, alive) for all parts of the slices of a segment.
template <class Visit>
void each_part(const DecidedSearch& search, std::size_t segment, const Visit& visit) {
  auto& of = search.segments[segment];
  std::vector<std::uint8_t> alive;
  for (const Slice& slice : of.slices()) {
    for (std::int64_t from = slice.from, end = 0; from < slice.end && ok(search); from = end) {
      const Slice part = of.part_of(slice, from);
      end = part.end;
      of.test(part, alive, true);
      if (!ok(search)) return;
      visit(part, alive);
    }
  }
}

// The rows of a part, and those that are not to be believed no longer alive.
bool read_rows(const DecidedSearch& search, std::size_t segment, bool all, const Slice& part,
               std::vector<std::uint8_t>& alive, std::vector<std::uint32_t>& rows) {
  const auto& head = search.segments[segment].head();
  rows.resize(alive.size());
  if (!search.pages.values(head.row, part.from, part.end - part.from, rows.data())) return false;
  for (std::size_t k = 0; !all && k < alive.size(); ++k) {
    if (alive[k] != 0 && !search.believed(segment, head.base + rows[k])) alive[k] = 0;
  }
  return true;
}

void mark_matches(const DecidedSearch& search, std::size_t segment, Bits& bits) {
  auto& of = search.segments[segment];
  const auto& head = of.head();
  const bool all = search.all_believed(segment);
  // Where nearly every row matches, those that do not are taken away.
  const bool dense = all && head.rows == head.end - head.base && size_of(of.slices()) == head.rows;
  if (dense) bits.set_range(head.base, head.end);
  std::vector<std::uint32_t> rows;
  each_part(search, segment, [&](const Slice& part, std::vector<std::uint8_t>& alive) {
    const auto dead = std::count(alive.begin(), alive.end(), 0);
    if (dense && dead * 16 < std::ssize(alive)) {
      const std::uint8_t* at = alive.data();
      for (auto left = dead; left > 0; --left, ++at) {
        at = static_cast<const std::uint8_t*>(
            std::memchr(at, 0, static_cast<std::size_t>(alive.data() + alive.size() - at)));
        bits.clear(of.row_at(part.from + (at - alive.data())));
      }
      return;
    }
    if (!read_rows(search, segment, all, part, alive, rows)) return;
    for (std::size_t k = 0; k < alive.size(); ++k) {
      if (alive[k] != 0)
        bits.set(head.base + rows[k]);
      else if (dense)
        bits.clear(head.base + rows[k]);
    }
  });
}

// Calls visit(record) for the rows outside the segments that match.
template <class Visit>
void each_match_outside(const DecidedSearch& search, const Visit& visit) {
  Record scratch = search.file.make_record();
  search.each_outside([&](std::int64_t row) {
    const RecordView record = search.file.peek(row, scratch);
    if (search.selection.matches(record)) visit(row, record);
  });
}

}  // namespace

std::string value_of_record(RecordView record, const FieldInfo& field) {
  std::string value(record.bytes() + field.offset, static_cast<std::size_t>(field.size()));
  if (field.type != Type::text) return value;
  const auto size = trimmed(value.data(), value.size()).size();
  std::fill(value.begin() + static_cast<std::ptrdiff_t>(size), value.end(), '\0');
  return value;
}

std::optional<std::vector<ValueCount>> counts_of(const std::map<std::vector<std::string>, std::int64_t>& counts) {
  if (counts.size() > kMostGroups) return std::nullopt;
  std::vector<ValueCount> out;
  for (const auto& [values, rows] : counts) {
    if (rows > 0) out.push_back({values, rows});
  }
  return out;
}

std::int64_t row_of_match(const DecidedSearch& search, std::int64_t n) {
  Bits bits(0, search.file.count());
  for (std::size_t i = 0; i < search.segments.size(); ++i) mark_matches(search, i, bits);
  each_match_outside(search, [&](std::int64_t row, RecordView) { bits.set(row); });
  const std::int64_t row = bits.nth(n);
  return row < 0 ? search.file.count() : row;
}

std::optional<std::vector<ValueCount>> count_texts(const DecidedSearch& search, const FieldInfo& field) {
  const auto& known = search.index.fields().names;
  const auto at = std::find_if(known.begin(), known.end(), [&](const auto* f) { return f->offset == field.offset; });
  if (at == known.end()) return std::nullopt;
  std::map<std::vector<std::string>, std::int64_t> counts;
  const auto width = static_cast<std::size_t>(field.size());
  for (std::size_t i = 0; i < search.segments.size(); ++i) {
    auto& of = search.segments[i];
    const auto& head = of.head();
    const auto& names = head.names[at - known.begin()];
    const auto texts = static_cast<std::size_t>(std::max<std::int64_t>(names.starts.bytes / 4 - 1, 0));
    if (head.rows == 0) continue;
    if (texts == 0 || texts + counts.size() > kMostGroups) return std::nullopt;
    std::vector<std::uint32_t> starts(texts + 1), posts(texts + 1), rows;
    if (!search.pages.values(names.starts, 0, std::ssize(starts), starts.data()) ||
        !search.pages.values(names.posts, 0, std::ssize(posts), posts.data()))
      return std::nullopt;
    if (!std::is_sorted(starts.begin(), starts.end()) || !std::is_sorted(posts.begin(), posts.end()) ||
        starts.back() > names.bytes.bytes)
      return std::nullopt;
    std::string bytes(starts.back(), '\0');
    if (!search.pages.copy(names.bytes, 0, std::ssize(bytes), bytes.data())) return std::nullopt;
    std::int64_t passing = 0;
    const bool tallied = of.codes_only() && of.tally([&](const Tally::Codes&, std::int64_t n) { passing += n; });
    const bool every = search.all_believed(i) && tallied && passing == head.rows;
    Bits bits(head.base, every ? 0 : head.end - head.base);
    if (!every) mark_matches(search, i, bits);
    for (std::size_t text = 0; text < texts && ok(search); ++text) {
      std::int64_t matching = every ? posts[text + 1] - posts[text] : 0;
      for (std::int64_t from = posts[text]; !every && from < posts[text + 1]; from += std::ssize(rows)) {
        rows.resize(static_cast<std::size_t>(std::min(SegmentSearch::kStep, posts[text + 1] - from)));
        if (!search.pages.values(names.rows, from, std::ssize(rows), rows.data())) return std::nullopt;
        matching +=
            std::count_if(rows.begin(), rows.end(), [&](std::uint32_t row) { return bits.has(head.base + row); });
      }
      if (matching == 0) continue;
      std::string value = bytes.substr(starts[text], starts[text + 1] - starts[text]);
      value.resize(width, '\0');
      counts[{std::move(value)}] += matching;
    }
  }
  each_match_outside(search, [&](std::int64_t, RecordView record) {
    if (counts.size() <= kMostGroups) ++counts[{value_of_record(record, field)}];
  });
  return counts_of(counts);
}

std::optional<std::vector<ValueCount>> count_moments(const DecidedSearch& search,
                                                     const std::vector<const FieldInfo*>& wanted,
                                                     const std::function<std::string(RecordView)>& group) {
  const Fields& known = search.index.fields();
  if (!known.time) return std::nullopt;
  std::vector<std::size_t> fields;
  for (const auto* field : wanted) {
    const auto at =
        std::find_if(known.codes.begin(), known.codes.end(), [&](const auto* f) { return f->offset == field->offset; });
    if (at == known.codes.end()) return std::nullopt;
    fields.push_back(static_cast<std::size_t>(at - known.codes.begin()));
  }
  Record blank = search.file.make_record();
  std::unordered_map<std::string, std::uint64_t> ids;
  std::vector<std::string> moments;  // one of each group
  const auto id_of = [&](double time) {
    char* const at = blank.data() + known.time->offset;
    store_big(at, time);
    const auto [entry, is_new] = ids.try_emplace(group(blank.view()), moments.size());
    if (is_new) moments.emplace_back(at, sizeof time);
    return entry->second;
  };
  std::map<std::vector<std::string>, std::int64_t> counts;
  bool too_many = false;
  for (std::size_t i = 0; i < search.segments.size() && !too_many; ++i) {
    auto& of = search.segments[i];
    const auto& head = of.head();
    std::vector<std::uint64_t> sizes;
    std::uint64_t combinations = 1;
    for (const std::size_t field : fields) {
      if (head.values[field].bytes == 0 && head.rows > 0) return std::nullopt;
      sizes.push_back(static_cast<std::uint64_t>(head.values[field].bytes / known.codes[field]->size()));
      combinations = std::min(combinations * sizes.back(), kMostKeys);
    }
    if (combinations == kMostKeys) return std::nullopt;
    const bool all = search.all_believed(i);
    std::vector<double> times;
    std::vector<std::uint32_t> rows;
    std::vector<std::vector<std::uint16_t>> codes(fields.size());
    std::unordered_map<std::uint64_t, std::int64_t> sums;
    double last = 0;
    std::uint64_t id = 0, key = 0;
    bool has_last = false;
    std::int64_t* sum = nullptr;  // neighbours usually agree
    each_part(search, i, [&](const Slice& part, std::vector<std::uint8_t>& alive) {
      if (too_many || (!all && !read_rows(search, i, all, part, alive, rows))) return;
      times.resize(alive.size());
      if (!search.pages.values(head.time, part.from, part.end - part.from, times.data())) return;
      for (std::size_t k = 0; k < fields.size(); ++k) of.codes(fields[k], part, codes[k]);
      for (std::size_t at = 0; at < alive.size(); ++at) {
        if (alive[at] == 0) continue;
        if (!has_last || times[at] != last) {
          last = times[at];
          has_last = true;
          id = id_of(last);
        }
        std::uint64_t now = id;
        for (std::size_t k = 0; k < fields.size(); ++k) now = now * sizes[k] + codes[k][at];
        if (!sum || now != key) sum = &sums[key = now];
        ++*sum;
      }
      too_many = moments.size() > kMostGroups || sums.size() > kMostGroups;
    });
    for (const auto& [of_key, n] : sums) {
      std::uint64_t rest = of_key;
      std::vector<std::string> values(fields.size() + 1);
      for (std::size_t k = fields.size(); k-- > 0; rest /= sizes[k])
        values[k] = of.value(fields[k], static_cast<std::uint16_t>(rest % sizes[k]));
      if (rest >= moments.size()) return std::nullopt;  // codes beyond the values, in a forged index
      values.back() = moments[rest];
      counts[values] += n;
    }
    too_many |= counts.size() > kMostGroups;
  }
  if (too_many) return std::nullopt;
  each_match_outside(search, [&](std::int64_t, RecordView record) {
    if (counts.size() > kMostGroups) return;
    std::vector<std::string> values;
    for (const auto* field : wanted) values.push_back(value_of_record(record, *field));
    values.push_back(moments[id_of(load_big<double>(record.bytes() + known.time->offset))]);
    ++counts[values];
  });
  return counts_of(counts);
}

}  // namespace imreg::index

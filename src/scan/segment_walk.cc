// Walks through a segment: tests conditions on its columns, and gives the rows that the cheapest way finds.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "scan/segment_search.h"

namespace imreg::index {

namespace {

using Kind = Condition::Kind;

constexpr double kReadCost = 0.4;  // nanoseconds: a row of a column of codes, only to test it

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
  if (way_ == Way::text) return find_texts(add);
  if (way_ == Way::branches) {
    for (const Branch& branch : *union_) branch.search->find(add);
    return;
  }
  if (way_ == Way::place) return find_places(add);
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

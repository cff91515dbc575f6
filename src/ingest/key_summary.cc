// Counts values as the bytes that stand in the records.
#include "ingest/key_summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "emit/number.h"

namespace imreg::ingest {

void KeySummary::note(std::string_view value, std::int64_t rows) {
  const bool first = !any_;
  any_ = true;
  rows_ += rows;
  if (!too_many_) {
    const auto id = values_.id_of(value);
    if (id < counts_.size()) {
      counts_[id] += rows;
      return;
    }
    counts_.push_back(rows);
    if (counts_.size() > most_) {
      too_many_ = true;
      values_ = {};
      counts_ = {};
    }
  }
  if (first || less(value, least_)) least_ = value;
  if (first || less(greatest_, value)) greatest_ = value;
}

void KeySummary::add(std::span<const char* const> records) {
  const auto size = static_cast<std::size_t>(size_of(field_.type));
  for (const char* record : records) {
    const char* const at = record + field_.offset;
    switch (field_.type) {
      case Type::text: {
        if (*at != '\0') note(load(record, Field<Text>{field_.offset, field_.count}), 1);
        break;
      }
      case Type::boolean:
        if (*at == 'T' || *at == 'F') note({at, 1}, 1);
        break;
      case Type::f64: {
        const auto value = load_big<double>(at);
        constexpr char kZero[8] = {};
        if (!std::isnan(value)) note({value == 0 ? kZero : at, size}, 1);  // -0 is 0
        break;
      }
      default:
        if (!field_.is_missing(load_integer(at, field_.type))) note({at, size}, 1);
    }
  }
}

void KeySummary::merge(const KeySummary& other) {
  if (other.rows_ == 0) return;
  if (!other.too_many_) {
    for (std::uint32_t id = 0; id < other.values_.size(); ++id) note(other.values_.text(id), other.counts_[id]);
    return;
  }
  too_many_ = true;
  values_ = {};
  counts_ = {};
  note(other.least_, 0);
  note(other.greatest_, 0);
  rows_ += other.rows_;
}

bool KeySummary::less(std::string_view a, std::string_view b) const {
  switch (field_.type) {
    case Type::text: {
      const std::size_t size = std::min(a.size(), b.size());
      for (std::size_t i = 0; i < size; ++i) {
        if (lower(a[i]) != lower(b[i]))
          return static_cast<unsigned char>(lower(a[i])) < static_cast<unsigned char>(lower(b[i]));
      }
      if (a.size() != b.size()) return a.size() < b.size();
      return a < b;
    }
    case Type::boolean: return a < b;
    case Type::f64: return load_big<double>(a.data()) < load_big<double>(b.data());
    default: return load_integer(a.data(), field_.type) < load_integer(b.data(), field_.type);
  }
}

std::string KeySummary::text_of(std::string_view value) const {
  char digits[emit::kDoubleSize];
  switch (field_.type) {
    case Type::text: return visible(value);
    case Type::boolean: return std::string(value);
    case Type::f64: return {digits, emit::write_number(digits, load_big<double>(value.data()))};
    default: return std::to_string(load_integer(value.data(), field_.type));
  }
}

std::string KeySummary::common(std::size_t how_many) const {
  if (too_many_) return {};
  std::vector<std::uint32_t> order(counts_.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(how_many, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](auto a, auto b) {
    return counts_[a] != counts_[b] ? counts_[a] > counts_[b] : less(values_.text(a), values_.text(b));
  });
  if (order.size() > how_many && counts_[order[0]] == 1) return {};
  std::string out;
  for (auto at = order.begin(); at != end; ++at)
    out += (out.empty() ? "" : ", ") + text_of(values_.text(*at)) + " (" + std::to_string(counts_[*at]) + ")";
  return out;
}

}  // namespace imreg::ingest

// Conditions: how they are made, and whether a record fulfils them.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "imreg/scan.h"
#include "scan/number_at.h"

namespace imreg {

namespace {

using Kind = Condition::Kind;

constexpr std::size_t kAnswers = 4096;

std::string_view text_at(const char* record, const FieldInfo& field) {
  return trimmed(record + field.offset, static_cast<std::size_t>(field.count));
}

bool matches_one(const std::vector<TextPattern>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(), [text](const TextPattern& p) {
    switch (p.how) {
      case TextPattern::How::exact: return equal_nocase(p.text, text);
      case TextPattern::How::prefix: return starts_nocase(text, p.text);
      case TextPattern::How::glob: return glob_match(p.text, text);
    }
    return false;
  });
}

Result<Condition> make(const Schema& schema, std::string_view name, Kind kind, bool negate) {
  const FieldInfo* field = schema.find(name);
  if (!field) return Status(Code::not_found, "the records have no field " + std::string(name));
  const bool is_text = field->type == Type::text;
  const bool wants_text = kind == Kind::text || kind == Kind::patterns;
  if (is_text != wants_text) {
    return Status(Code::mismatch,
                  "field " + field->name + (is_text ? " holds text, not numbers" : " holds numbers, not text"));
  }
  Condition condition;
  condition.kind = kind;
  condition.field = *field;
  condition.negate = negate;
  return condition;
}

}  // namespace

// The cheap ones and those that few rows pass come first; a deleted row is rare, so that test is late.
void Selection::add(Condition condition) {
  const auto rank = [](const Condition& c) {
    if (c.kind == Kind::number && !c.negate && c.intervals.size() == 1 && c.intervals[0].low == c.intervals[0].high)
      return -1;
    return static_cast<int>(c.kind);
  };
  const auto place = std::upper_bound(conditions_.begin(), conditions_.end(), condition,
                                      [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  conditions_.insert(place, std::move(condition));
}

Status Selection::number(const Schema& schema, std::string_view field, std::vector<Interval> intervals, bool negate) {
  IMREG_ASSIGN(auto condition, make(schema, field, Kind::number, negate));
  condition.intervals = std::move(intervals);
  add(std::move(condition));
  return {};
}

Status Selection::codes(const Schema& schema, std::string_view field, const std::vector<int>& codes, bool negate) {
  IMREG_ASSIGN(auto condition, make(schema, field, Kind::codes, negate));
  for (const int code : codes) {
    if (code >= 0 && code < 256) condition.codes[static_cast<std::size_t>(code)] = true;
  }
  add(std::move(condition));
  return {};
}

Status Selection::text(const Schema& schema, std::string_view field, std::function<bool(std::string_view)> test,
                       bool negate) {
  IMREG_ASSIGN(auto condition, make(schema, field, Kind::text, negate));
  condition.text = std::move(test);
  add(std::move(condition));
  return {};
}

Status Selection::patterns(const Schema& schema, std::string_view field, std::vector<TextPattern> patterns,
                           bool negate) {
  IMREG_ASSIGN(auto condition, make(schema, field, Kind::patterns, negate));
  constexpr std::size_t kMany = 8;
  const bool exact = std::all_of(patterns.begin(), patterns.end(),
                                 [](const TextPattern& p) { return p.how == TextPattern::How::exact; });
  if (exact && patterns.size() > kMany) {
    for (const auto& pattern : patterns) condition.exact.push_back(to_lower(pattern.text));
    std::sort(condition.exact.begin(), condition.exact.end());
  }
  condition.patterns = std::move(patterns);
  add(std::move(condition));
  return {};
}

Status Selection::name(const Schema& schema, std::string_view field, std::string pattern, bool negate) {
  const auto how = is_glob(pattern) ? TextPattern::How::glob : TextPattern::How::prefix;
  return patterns(schema, field, {{std::move(pattern), how}}, negate);
}

Status Selection::overlap(const Schema& schema, std::string_view start, std::string_view length,
                          std::vector<Interval> intervals, bool negate) {
  const FieldInfo* length_field = schema.find(length);
  if (!length_field) return {Code::not_found, "the records have no field " + std::string(length)};
  IMREG_ASSIGN(auto condition, make(schema, start, Kind::overlap, negate));
  condition.other = *length_field;
  condition.intervals = std::move(intervals);
  add(std::move(condition));
  return {};
}

Status Selection::region(const Schema& schema, std::string_view ra, std::string_view dec, SkyRegion region,
                         bool negate) {
  const FieldInfo* dec_field = schema.find(dec);
  if (!dec_field) return {Code::not_found, "the records have no field " + std::string(dec)};
  IMREG_ASSIGN(auto condition, make(schema, ra, Kind::region, negate));
  condition.other = *dec_field;
  condition.region = std::move(region);
  add(std::move(condition));
  return {};
}

void Selection::test(std::function<bool(RecordView)> test, std::string what, bool negate) {
  Condition condition;
  condition.kind = Kind::test;
  condition.negate = negate;
  condition.test = std::move(test);
  condition.what = std::move(what);
  add(std::move(condition));
}

Status Selection::test_within(const Schema& schema, SkyRegion region, std::function<bool(RecordView)> test,
                              std::string what) {
  IMREG_ASSIGN(auto condition, make(schema, "ra", Kind::test, false));
  const FieldInfo* dec = schema.find("dec");
  if (!dec) return {Code::not_found, "the records have no field dec"};
  condition.other = *dec;
  condition.region = std::move(region);
  condition.test = std::move(test);
  condition.what = std::move(what);
  add(std::move(condition));
  return {};
}

void Selection::any(std::vector<Selection> branches) {
  Condition condition;
  condition.kind = Kind::any;
  condition.branches = std::move(branches);
  add(std::move(condition));
}

void Selection::without_deleted(const Schema& schema) {
  const FieldInfo* field = schema.find("deleted");
  if (!field || field->type != Type::boolean) return;
  if (auto condition = make(schema, "deleted", Kind::deleted, false)) add(*std::move(condition));
}

bool Condition::holds_for(std::string_view value) const {
  if (kind == Kind::patterns && !exact.empty())
    return std::binary_search(exact.begin(), exact.end(), to_lower(value)) != negate;
  if (kind == Kind::patterns) return matches_one(patterns, value) != negate;
  if (answers_.empty() || value != last_text_) {
    last_text_ = value;
    const auto [entry, is_new] = answers_.try_emplace(last_text_, false);
    if (is_new) entry->second = text(value);
    last_answer_ = entry->second;
    if (answers_.size() > kAnswers) answers_.clear();
  }
  return last_answer_ != negate;
}

bool Condition::holds(RecordView record) const {
  const char* bytes = record.bytes();
  switch (kind) {
    case Kind::number: {
      const double value = scaled_number_at(bytes, field);
      if (std::isnan(value)) return false;
      const bool in = std::any_of(intervals.begin(), intervals.end(),
                                  [value](const Interval& i) { return i.low <= value && value <= i.high; });
      return in != negate;
    }
    case Kind::codes: {
      const double value = number_at(bytes, field);
      const bool in = value >= 0 && value < 256 && codes[static_cast<std::size_t>(value)];
      return in != negate;
    }
    case Kind::overlap: {
      const double start = scaled_number_at(bytes, field);
      if (std::isnan(start) || field.is_missing(start)) return false;
      const double seconds = scaled_number_at(bytes, other);
      const double end = seconds > 0 ? start + seconds : start;  // an unknown length is a moment
      const bool in = std::any_of(intervals.begin(), intervals.end(),
                                  [=](const Interval& i) { return start <= i.high && end >= i.low; });
      return in != negate;
    }
    case Kind::region: {
      const double ra = scaled_number_at(bytes, field), dec = scaled_number_at(bytes, other);
      if (std::isnan(ra) || std::isnan(dec)) return false;
      // Elixir's files have 0 for both where nothing is known.
      if (field.missing == 0 && ra == 0 && dec == 0) return false;
      return region->contains(ra, dec) != negate;
    }
    case Kind::patterns:
    case Kind::text: return holds_for(text_at(bytes, field));
    case Kind::deleted: return bytes[field.offset] != 'T';
    case Kind::any:
      return std::any_of(branches.begin(), branches.end(), [&](const Selection& s) { return s.matches(record); });
    case Kind::test: return test(record) != negate;
  }
  return false;
}

}  // namespace imreg

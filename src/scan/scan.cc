#include "imreg/scan.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace imreg {

namespace {

// Rows between the one that is tested and the one whose cache line is fetched.
constexpr std::size_t kAhead = 16;

// A number of any type, NaN when it is not known.
inline double number_at(const char* record, const FieldInfo& field) {
  const char* at = record + field.offset;
  switch (field.type) {
    case Type::f64: return load_big<double>(at);
    case Type::f32: return static_cast<double>(load_big<float>(at));
    case Type::u8: return static_cast<unsigned char>(*at);
    case Type::i16: return load_big<std::int16_t>(at);
    case Type::i32: return load_big<std::int32_t>(at);
    case Type::raw_u32: return load_big<std::uint32_t>(at);
    case Type::u32: return load_big<std::uint32_t>(at) ^ 0x80000000U;
    case Type::i64: return static_cast<double>(load_big<std::int64_t>(at));
    case Type::boolean: return *at == 'T' ? 1 : 0;
    case Type::text: break;
  }
  return std::nan("");
}

inline double scaled_number(const char* record, const FieldInfo& field) {
  const double raw = number_at(record, field);
  return field.scale == 1 && field.zero == 0 ? raw : field.zero + field.scale * raw;
}

inline std::string_view text_at(const char* record, const FieldInfo& field) {
  return trimmed(record + field.offset, static_cast<std::size_t>(field.count));
}

}  // namespace

Result<Selection::Condition> Selection::make(const Schema& schema, std::string_view name, Kind kind, bool negate) {
  const FieldInfo* field = schema.find(name);
  if (!field) return Status(Code::not_found, "the records have no field " + std::string(name));
  const bool is_text = field->type == Type::text;
  const bool wants_text = kind == Kind::text || kind == Kind::name;
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
  condition.test = std::move(test);
  condition.last_answer = condition.test("");
  add(std::move(condition));
  return {};
}

Status Selection::name(const Schema& schema, std::string_view field, std::string pattern, bool negate) {
  IMREG_ASSIGN(auto condition, make(schema, field, Kind::name, negate));
  condition.glob = is_glob(pattern);
  condition.pattern = std::move(pattern);
  add(std::move(condition));
  return {};
}

Status Selection::overlap(const Schema& schema, std::string_view start, std::string_view length,
                          std::vector<Interval> intervals, bool negate) {
  const FieldInfo* length_field = schema.find(length);
  if (!length_field) return {Code::not_found, "the records have no field " + std::string(length)};
  IMREG_ASSIGN(auto condition, make(schema, start, Kind::overlap, negate));
  condition.length = *length_field;
  condition.intervals = std::move(intervals);
  add(std::move(condition));
  return {};
}

void Selection::without_deleted(const Schema& schema) {
  const FieldInfo* field = schema.find("deleted");
  if (!field || field->type != Type::boolean) return;
  if (auto condition = make(schema, "deleted", Kind::deleted, false)) add(*std::move(condition));
}

bool Selection::holds(const Condition& condition, RecordView record) {
  const char* bytes = record.bytes();
  const auto& field = condition.field;
  switch (condition.kind) {
    case Kind::number: {
      const double value = scaled_number(bytes, field);
      if (std::isnan(value)) return false;
      const bool in = std::any_of(condition.intervals.begin(), condition.intervals.end(),
                                  [value](const Interval& i) { return i.low <= value && value <= i.high; });
      return in != condition.negate;
    }
    case Kind::codes: {
      const double value = number_at(bytes, field);
      const bool in = value >= 0 && value < 256 && condition.codes[static_cast<std::size_t>(value)];
      return in != condition.negate;
    }
    case Kind::overlap: {
      const double start = scaled_number(bytes, field);
      if (std::isnan(start) || (field.missing_is_zero && start == 0)) return false;
      const double length = scaled_number(bytes, condition.length);
      const double end = length > 0 ? start + length : start;  // an unknown length is a moment
      const bool in = std::any_of(condition.intervals.begin(), condition.intervals.end(),
                                  [=](const Interval& i) { return start <= i.high && end >= i.low; });
      return in != condition.negate;
    }
    case Kind::name: {
      const auto text = text_at(bytes, field);
      return (condition.glob ? glob_match(condition.pattern, text) : starts_nocase(text, condition.pattern)) !=
             condition.negate;
    }
    case Kind::text: {
      const auto text = text_at(bytes, field);
      if (text != condition.last_text) {
        condition.last_text = text;
        const auto [entry, is_new] = condition.answers.try_emplace(condition.last_text, false);
        if (is_new) entry->second = condition.test(text);
        condition.last_answer = entry->second;
        if (condition.answers.size() > 4096) condition.answers.clear();
      }
      return condition.last_answer != condition.negate;
    }
    case Kind::deleted: return bytes[field.offset] != 'T';
  }
  return false;
}

bool Selection::matches(RecordView record) const {
  for (const auto& condition : conditions_) {
    if (!holds(condition, record)) return false;
  }
  return true;
}

template <class Visit>
void Selection::each_candidate(const RecordFile& file, const Visit& visit) const {
  const std::int64_t count = file.count();
  const auto size = static_cast<std::size_t>(file.schema().record_size);
  Record scratch = file.make_record();
  for (std::int64_t row = 0; row < count; ++row) {
    const RecordFile::Run run = file.run_in_place(row);
    for (const char* bytes = run.bytes; row < run.end; ++row, bytes += size) {
      __builtin_prefetch(bytes + kAhead * size);  // never faults, so it may point behind the end
      if (matches(RecordView(bytes)) && !visit(row)) return;
    }
    if (row < count && matches(file.peek(row, scratch)) && !visit(row)) return;
  }
}

ScanReport scan(const RecordFile& file, const Selection& selection,
                const std::function<bool(std::int64_t row, RecordView)>& visit) {
  ScanReport report;
  Record copy = file.make_record();
  selection.each_candidate(file, [&](std::int64_t row) {
    if (auto status = file.read(row, copy); !status.ok()) {
      report.damaged.push_back(std::move(status));
      return true;
    }
    if (!selection.matches(copy.view())) return true;  // a writer changed it between the two looks
    ++report.matched;
    return visit(row, copy.view());
  });
  return report;
}

std::int64_t count_matches(const RecordFile& file, const Selection& selection) {
  std::int64_t matched = 0;
  selection.each_candidate(file, [&](std::int64_t) { return ++matched, true; });
  return matched;
}

}  // namespace imreg

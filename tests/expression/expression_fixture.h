// What the tests of the language share: a schema with a field of each kind, records of it, and conjuncts the slow way.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/text.h"
#include "imreg/expression.h"

namespace imreg::testing {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kNow = 1044631201.25;  // 2003-02-07T15:20:01.25Z

inline const Schema& wide() {
  static const Schema schema = *parse_format(
      "format wide\nversion 1\nsize 185\nextname WIDE\ntitle for tests\n"
      "field obstime OBSTIME f64 s - start\n  display time\n"
      "field ra RA f64 deg - right ascension\nfield dec DEC f64 deg - declination\n"
      "field bias BIAS f64 adu - bias\n  missing zero\n"
      "field filesize FILESIZE i64 byte - size\n  missing zero\n"
      "field changeno CHANGENO i64 - - change\n"
      "field exptime EXPTIME f32 s - exposure time\nfield slice SLICE i32 - - slice\n"
      "field mode MODE i32 - - mode\n  words none MEF SPLIT SINGLE\n"
      "field fwhm FWHM f32 pixel - seeing\nfield sky SKY f32 adu - sky\n  missing zero\n"
      "field teltemp TELTEMP0..3 f32[4] - - temperatures\n"
      "field ccd CCD i16 - - chip\n"
      "field type TYPE u8 - - type\n  words none object dark bias flat mask\n"
      "field flag FLAG u8 - - bits\nfield deleted DELETED bool - - deleted\n"
      "field filename FILENAME text40 - - name\nfield filter FILTER text16 - - filter\n"
      "field object OBJECT text16 - - target\nfield pathname PATHNAME text24 - - path\n",
      "wide.fmt");
  return schema;
}

inline ExpressionSettings settings() {
  ExpressionSettings out;
  out.dates.now = kNow;
  return out;
}

/// Value `text` for a field: empty is unknown (or 0), else a number or the text itself.
inline Status set_text(Record& record, const FieldInfo& field, std::string_view text, int element = 0) {
  double number = 0;
  long long whole = 0;
  if (field.type == Type::text) return set_value(record, field, text);
  if (field.type == Type::boolean) return set_value(record, field, text == "1");
  if (parse_integer(text, whole)) return set_value(record, field, std::int64_t{whole}, element);
  if (text == "inf") return set_value(record, field, std::numeric_limits<double>::infinity(), element);
  return set_value(record, field, parse_number(text, number) ? Value(number) : Value(std::monostate{}), element);
}

inline bool all_hold(const std::vector<Conjunct>& parts, RecordView record, const Schema& schema);

/// What an index may make of a conjunct, from the bytes of the record alone.
inline bool holds(const Conjunct& part, RecordView record, const Schema& schema) {
  if (part.kind == Conjunct::Kind::test && part.region && part.test(record)) {  // then it is in the region, or nowhere
    const Value ra = value_of(record, *schema.find("ra")), dec = value_of(record, *schema.find("dec"));
    return part.region->contains(std::get<double>(ra), std::get<double>(dec)) || std::abs(std::get<double>(dec)) > 90;
  }
  if (part.kind == Conjunct::Kind::test) return part.test(record);
  if (part.kind == Conjunct::Kind::any)
    return std::any_of(part.branches.begin(), part.branches.end(),
                       [&](const auto& branch) { return all_hold(branch, record, schema); });
  const FieldInfo& field = *schema.find(part.field);
  if (field.type == Type::text) {
    const auto text = record[Field<Text>{field.offset, field.count}];
    const auto is = [&](const std::string& what) { return equal_nocase(what, text); };
    const bool in = part.kind == Conjunct::Kind::texts    ? std::any_of(part.texts.begin(), part.texts.end(), is)
                    : part.kind == Conjunct::Kind::prefix ? starts_nocase(text, part.texts.at(0))
                                                          : glob_match(part.texts.at(0), text);
    return in != part.negate;
  }
  FieldInfo known = field;  // 0 is a number to an index
  known.missing.reset();
  const Value value = value_of(record, known);
  double number = kNan;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) number = static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) number = *real;
  if (const auto* flag = std::get_if<bool>(&value)) number = *flag ? 1 : 0;
  if (part.kind == Conjunct::Kind::codes)
    return std::any_of(part.codes.begin(), part.codes.end(), [&](int code) { return code == number; });
  return std::any_of(part.ranges.begin(), part.ranges.end(),
                     [&](const Conjunct::Range& r) { return r.low <= number && number <= r.high; });
}

inline bool all_hold(const std::vector<Conjunct>& parts, RecordView record, const Schema& schema) {
  return std::all_of(parts.begin(), parts.end(), [&](const Conjunct& part) { return holds(part, record, schema); });
}

}  // namespace imreg::testing

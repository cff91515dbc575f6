// What the tests of queries share: tables of random rows with ties, gaps and texts in mixed case, and values compared
// the slow way.
#pragma once

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "../folder.h"
#include "base/random.h"
#include "base/text.h"
#include "imreg/query.h"

namespace imreg::testing {

// A field of every type that a query can sort by.
inline const Schema& mixed() {
  static const auto parsed = parse_format(
      "format mixed\nversion 1\nsize 104\nextname MIXED\ntitle for tests\n"
      "field obstime OBSTIME f64 s - time\n  display time\n"
      "field exptime EXPTIME f32 s - exposure time\n"
      "field bias BIAS f32 adu - median of the overscan\n"
      "field temps TEMPS f32[3] degC - temperatures\n"
      "field ccd CCD i16 - - chip\n"
      "field type TYPE u8 - - type\n  words none object dark bias flat\n"
      "field deleted DELETED bool - - deleted\n"
      "field seq SEQ i32 - - number\n  missing zero\n"
      "field when WHEN raw_u32 s - a time\n  display time\n  missing zero\n"
      "field print PRINT i64 - - a hash\n  missing zero\n"
      "field big BIG i64 - - a number\n"
      "field filename FILENAME text24 - - name\n"
      "field filter FILTER text8 - - filter\n"
      "field changeno CHANGENO i64 - - last change\n"
      "field crc CRC u32 - - check\n"
      "field pad PAD text4 - - spare\n",
      "mixed.fmt");
  EXPECT_TRUE(parsed.ok()) << parsed.status().text();
  return *parsed;
}

/// Registration rows: files keep words and "0 is not known" of built-in formats only.
inline const Schema& native() { return *builtin_format("regimage", 4); }

inline void put(const Schema& schema, Record& record, const std::string& name, const Value& value, int element = 0) {
  const FieldInfo* field = schema.find(name);
  ASSERT_NE(field, nullptr) << name;
  const Status status = set_value(record, *field, value, element);
  ASSERT_TRUE(status.ok()) << status.text();
}

// A row of mixed() or native(): what the schema has of these.
inline Record random_row(Random& random, std::int64_t spread, const Schema& schema = native()) {
  Record row(static_cast<std::size_t>(schema.record_size));
  const auto some = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(n)));
  };
  const auto set = [&](const std::string& name, const Value& value, int element = 0) {
    if (schema.find(name)) put(schema, row, name, value, element);
  };
  const auto real = [&](double step) -> Value {
    const auto n = some(spread + 3);
    if (n == 0) return std::monostate{};
    if (n == 1) return some(2) ? -0.0 : 0.0;
    return (static_cast<double>(n) - static_cast<double>(spread) / 2) * step;
  };
  using Limits = std::numeric_limits<std::int64_t>;
  set("obstime", real(3600.25));
  set("exptime", real(0.1));
  set("bias", real(7));
  set("fwhm", real(0.3));
  set("procstate", some(64));  // 2 bits each of bias, sky, fwhm, whatever their values
  for (int i = 0; i < 3; ++i) set("temps", real(1.5), i);
  for (int i = 0; i < 4; ++i) set("teltemp", real(1.5), i);
  set("ccd", some(4) - 1);
  set("type", some(14));  // some have no word
  set("mode", some(3));
  set("deleted", some(10) == 0);
  set("seq", some(5) - 2);
  set("when", some(spread + 1));
  for (const char* name : {"print", "fingerprint"}) set(name, some(4) == 0 ? Limits::max() - some(3) : some(7) - 3);
  set("big", some(4) == 0 ? Limits::max() - some(3) : Limits::min() + some(3));
  static const char* const kNames[] = {"", "a", "A", "ab", "aB", "Ab", "b", "a.b", "\xc3\xa9t\xc3\xa9", "Zz", "zZ9"};
  std::string name = kNames[some(11)];
  if (some(2)) name += std::to_string(some(spread));
  set("filename", std::string_view(name));
  set("filter", std::string_view(kNames[some(6)]));
  return row;
}

inline RecordFile make_table(const std::string& path, const std::vector<Record>& rows) {
  EXPECT_TRUE(RecordWriter::create(path, native(), {}).ok());
  auto writer = RecordWriter::open(path, {});
  std::string bytes;
  for (const auto& row : rows) bytes += row.bytes();
  EXPECT_TRUE(writer->append(std::move(bytes)).ok());
  writer->close();
  return *RecordFile::open(path);
}

inline std::vector<Record> rows_of(const RecordFile& file) {
  std::vector<Record> out(static_cast<std::size_t>(file.count()), file.make_record());
  for (std::int64_t row = 0; row < file.count(); ++row)
    EXPECT_TRUE(file.read(row, out[static_cast<std::size_t>(row)]).ok());
  return out;
}

/// A value as text or number, by the rules of the man page, independent of the code under test.
struct Seen {
  bool known = false;
  bool text = false;
  long double number = 0;
  std::string word;
  bool operator==(const Seen& other) const {
    return known == other.known && (!known || (number == other.number && word == other.word));
  }
  /// < 0, 0, > 0. Unknown ones last in both directions.
  int compare(const Seen& other, bool descending) const {
    if (known != other.known) return known ? -1 : 1;
    if (!known) return 0;
    int out = number < other.number ? -1 : number > other.number ? 1 : 0;
    if (out == 0) out = to_lower(word).compare(to_lower(other.word));
    if (out == 0) out = word.compare(other.word);
    return descending ? -out : out;
  }
};

inline Seen see(RecordView row, const Schema& schema, const std::string& name) {
  const auto open = name.find('[');
  const FieldInfo* field = schema.find(name);
  if (!field) field = schema.find(name.substr(0, open));
  const int element = open == std::string::npos || schema.find(name) ? 0 : std::stoi(name.substr(open + 1));
  const Value value = value_of(row, *field, element);
  Seen out;
  out.known = !std::holds_alternative<std::monostate>(value);
  if (const auto* text = std::get_if<std::string_view>(&value)) out.text = true, out.word = *text;
  if (const auto* real = std::get_if<double>(&value)) out.number = static_cast<long double>(*real);
  if (const auto* flag = std::get_if<bool>(&value)) out.number = *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    out.number = static_cast<long double>(*whole);
    if (field->display == Display::words) {  // words by their letters, numbers without a word behind them
      const bool listed = *whole < static_cast<std::int64_t>(field->words.size());
      out.word = listed ? field->words[static_cast<std::size_t>(*whole)] : "";
      out.number = listed ? 0 : out.number;
    }
  }
  return out;
}

}  // namespace imreg::testing

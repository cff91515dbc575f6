// Fuzz target for the language of -where: any text is parsed for three schemas; what parses is evaluated on random records, and
// its conjuncts must agree with its truth; what does not parse points into the text.
#include <cstdlib>

#include "../expression/expression_fixture.h"
#include "base/text.h"
#include "fuzz.h"

namespace imreg::fuzz {
namespace {

constexpr int kRecords = 24;

// Random bytes are mostly absurd numbers; small ones, zeros, -1 and words must be met, too.
void fill(Record& record, const FieldInfo& field, Random& random) {
  static constexpr std::string_view kTexts[] = {"",    "r",   "M31", "600020o.fits", "$A/b",
                                                "m31", "a_b", "[x]", "\xc3\xa9",     "50%"};
  static constexpr std::string_view kNumbers[] = {"0",   "-1",  "1", "2",          "3",  "60",
                                                  "0.5", "100", "",  "1043680801", "inf"};
  const int elements = field.type == Type::text ? 1 : field.count;
  for (int element = 0; element < elements; ++element) {
    const bool is_text = field.type == Type::text;
    const auto value =
        is_text ? kTexts[below(random, std::size(kTexts))] : kNumbers[below(random, std::size(kNumbers))];
    if (testing::set_text(record, field, value, element).ok() && below(random, 8) != 0) continue;
    for (int i = 0; i < size_of(field.type); ++i)
      record.data()[field.offset + element * size_of(field.type) + i] = static_cast<char>(random());
  }
}

std::vector<Record> records_of(const Schema& schema) {
  Random random(7);
  std::vector<Record> out(kRecords, Record(static_cast<std::size_t>(schema.record_size)));
  for (auto& record : out) {
    for (const auto& field : schema.fields) fill(record, field, random);
  }
  return out;
}

struct Table {
  Schema schema;
  std::vector<Record> records = records_of(schema);
};
const std::vector<Table>& tables() {
  static const std::vector<Table> all = {
      {testing::wide()}, {*builtin_format("regimage", 4)}, {*builtin_format("regimage", 3)}};
  return all;
}

void check_failure(const Status& status, std::string_view text) {
  require(status.code() == Code::invalid, "another code", status.message());
  const auto lines = split(status.message(), '\n');
  for (const auto line : lines) require_clean(line);
  if (lines.size() != 3) return require(text.size() > 131072, "no caret", status.message());
  require(lines[0].starts_with("column "), "no column", status.message());
  const long column = std::strtol(std::string(lines[0].substr(7)).c_str(), nullptr, 10);
  require(column >= 1 && column <= static_cast<long>(text.size()) + 1, "column outside the text", status.message());
  require(trim(lines[2]) == "^" && lines[1].size() < 500, "an odd caret", status.message());
}

void check_table(const Table& table, std::string_view text, const ExpressionSettings& settings) {
  const auto parsed = Expression::parse(text, table.schema, settings);
  if (!parsed) return check_failure(parsed.status(), text);
  const auto parts = parsed->kind() == Expression::Kind::truth ? parsed->conjuncts() : std::vector<Conjunct>();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    require(parts[i].kind != Conjunct::Kind::test, "a test that is not the last", text);
  std::string scratch;
  for (const auto& record : table.records) {
    const double number = parsed->number(record.view());
    const auto words = parsed->text(record.view(), scratch);
    const Truth truth = parsed->truth(record.view());
    require(parsed->kind() == Expression::Kind::text || words.empty(), "a text of another kind", text);
    if (parsed->kind() == Expression::Kind::text && !parsed->field())
      require(std::isnan(number), "a number of a text", text);
    if (parsed->kind() != Expression::Kind::truth) continue;
    require(testing::all_hold(parts, record.view(), table.schema) == (truth == Truth::yes), "conjuncts differ", text);
  }
}

std::vector<std::string> seeds() {
  return {
      "exptime > 60 and filter in ('r', \"i\") or not (ccd between 3 and 5)",
      "obstime > 2003-01-27 and obstime < now - 3d and type in (flat, bias)",
      "object like 'M%' escape '!' and filename glob '6*[0-9]o.fits' and object !~ '^m\\d+$'",
      "case when fwhm*0.187 < 1 then 'good' when sky is null then lower(object) else substr(filter, -1, 2) end = 'x'",
      "distance(ra, dec, 150.1, 2.2) < 0.5deg && year(obstime) = 2003 || !(deleted)",
      "ra > '10:00:28.6' and dec < -02:12:21.5 and filesize <> 9007199254740993",
      "coalesce(sky, 0) / nullif(exptime, 0) % 3 ** 2 & 7 is not distinct from round(-airmass, 1)",
      "date(obstime) = '2003-01-27 10:00' and binary filter == 'r' and teltemp[2] > 2min",
      "night(obstime) - interval '3 months' >= timestamp '2003-01-27' collate nocase",
      "((((((((((1))))))))))"};
}

}  // namespace

const Target kTarget = {
    seeds,
    mutate_text,
    {" and ",       " or ",   "not ",      "(",          ")",          "'",         "\"",       "`",
     "exptime",     "filter", "obstime",   "type",       "flat",       "deleted",   "sky",      "filesize",
     " like ",      " in (",  " between ", " is null",   "case when ", " then ",    " end",     "2003-01-27",
     "NULL",        "%",      "_",         "*",          "[",          "]",         "60",       "-1",
     "1e308",       "2min",   "10h",       "mjd52666.5", "now",        "coalesce(", "substr(",  "round(",
     " ~ '(a*)*b'", " || ",   "<=",        "==",         "<>",         "!",         "teltemp[", "escape"},
    6000};

}  // namespace imreg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imreg;
  using namespace imreg::fuzz;
  if (size == 0) return 0;
  ExpressionSettings settings;
  settings.dates.now = 1044631201.25;
  settings.dates.tz_hours = (data[0] & 1) != 0 ? -10 : 0;
  const std::string text(data, data + size);
  for (const auto& table : tables()) check_table(table, text, settings);
  for (const auto& part : split_expressions(text)) require(part.size() <= text.size(), "a part that grew", text);
  return 0;
}

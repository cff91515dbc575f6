// The language of -where where an oracle does not reach: messages, units, dates, types, limits, real schemas, what an index gets.
#include <gmock/gmock.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "expression_fixture.h"

namespace imreg {
namespace {

using namespace imreg::testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A record of the wide schema from "name=value" words.
Record record_of(std::initializer_list<std::pair<const char*, const char*>> values, const Schema& schema = wide()) {
  Record record(static_cast<std::size_t>(schema.record_size));
  for (const auto& field : schema.fields) {
    if (field.type == Type::text) continue;
    EXPECT_TRUE(set_text(record, field, field.type == Type::boolean ? "0" : "").ok());
  }
  for (const auto& [name, value] : values) EXPECT_TRUE(set_text(record, *schema.find(name), value).ok()) << name;
  return record;
}

std::string message_of(std::string_view text, const Schema& schema = wide()) {
  const auto parsed = Expression::parse(text, schema, settings());
  return parsed.ok() ? "no error" : parsed.status().message();
}
std::string first_line(std::string_view text) {
  const auto message = message_of(text);
  return message.substr(0, message.find('\n'));
}

Truth truth(std::string_view text, const Record& record, const Schema& schema = wide(),
            const ExpressionSettings& how = settings()) {
  const auto parsed = Expression::parse_condition(text, schema, how);
  EXPECT_TRUE(parsed.ok()) << text << "\n" << parsed.status().message();
  if (!parsed) return Truth::unknown;
  const Truth out = parsed->truth(record.view());
  EXPECT_EQ(all_hold(parsed->conjuncts(), record.view(), schema), out == Truth::yes) << text;
  return out;
}
double number(std::string_view text, const Record& record = record_of({})) {
  const auto parsed = Expression::parse(text, wide(), settings());
  EXPECT_TRUE(parsed.ok()) << text << "\n" << parsed.status().message();
  return parsed ? parsed->number(record.view()) : kNan;
}
std::string unit(std::string_view text) {
  const auto parsed = Expression::parse(text, wide(), settings());
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed ? parsed->unit() : "?";
}

TEST(Expression, ErrorsPointAtTheColumn) {
  EXPECT_EQ(message_of("ccd = 1 and exptme > 60"),
            "column 13: there is no field exptme; near: exptime; if a text is meant: 'exptme'\n"
            "  ccd = 1 and exptme > 60\n"
            "              ^");
  EXPECT_EQ(first_line("filter = 60"), "column 10: filter is text, 60 a number; number(filter) reads it as one");
  EXPECT_EQ(first_line("exptime > 'abc'"), "column 11: exptime is a number, 'abc' text");
  EXPECT_EQ(first_line("type = flot"),
            "column 8: type is never 'flot'; its words are none, object, dark, bias, flat, mask");
  EXPECT_EQ(first_line("exptime"), "no error");
  EXPECT_EQ(first_line("exptime and ccd = 1"),
            "column 1: a condition is wanted here; exptime is a number; is exptime > 0 meant?");
  EXPECT_EQ(first_line("filter = 'r' or 'i'"),
            "column 17: a condition is wanted here; 'i' is text (|| is OR; concat() joins texts)");
  EXPECT_EQ(first_line("60 < exptime < 300"), "column 1: comparisons do not chain; write a < b and b < c");
  EXPECT_EQ(first_line("obstime > 2003/13/01"), "column 16: date \"2003/13/01\": month 13 is not 1..12");
  EXPECT_EQ(first_line("obstime > '2003/01/41'"),
            "column 20: date \"2003/01/41\": day 41 is not 1..31, the days of January 2003");
  EXPECT_EQ(first_line("airs > 2min"),
            "column 1: there is no field airs; imstatus fields lists them; if a text is meant: 'airs'");
  EXPECT_EQ(first_line("ccd > 2min"), "column 7: ccd has no unit, not in min");
  EXPECT_EQ(first_line("exptime > 2arcsec"), "column 11: exptime is in s, not in arcsec");
  EXPECT_THAT(first_line("exptime > 2foo"), StartsWith("column 11: there is no unit foo"));
  EXPECT_EQ(first_line("object ~ '('"), "column 10: regular expression: missing ): (");
  EXPECT_EQ(first_line("sqroot(exptime) > 1"), "column 1: there is no function sqroot; near: sqrt");
  EXPECT_EQ(first_line("round() > 1"), "column 1: round() takes 1 to 2 arguments, not 0");
  EXPECT_EQ(first_line("teltemp > 1"), "column 1: teltemp has 4 elements; take one, from teltemp[0] to teltemp[3]");
  EXPECT_EQ(first_line("teltemp[4] > 1"), "column 9: teltemp has 4 elements, counted from 0");
  EXPECT_EQ(first_line("filter in ()"), "column 12: expected a field, a number, a text or (, not \")\"");
  EXPECT_EQ(first_line("filter = 'r"), "column 10: the quote is not closed");
  EXPECT_EQ(first_line(""), "column 1: the expression is empty");
  EXPECT_EQ(first_line("exptime > "), "column 11: expected a field, a number, a text or (, not the end");
  EXPECT_EQ(first_line("(exptime > 60"), "column 14: expected an operator or ), not the end");
  EXPECT_EQ(first_line("exptime > 60 filter"),
            "column 14: expected an operator such as and, =, + or the end, not \"filter\"");
  EXPECT_EQ(first_line("exptime = 1 ; drop"), "column 13: this character has no meaning here");
  const auto condition = Expression::parse_condition("exptime + 1", wide(), settings());
  EXPECT_THAT(condition.status().message(),
              StartsWith("column 1: a condition is wanted, such as exptime > 60; this is a number"));
  // Behind characters of several bytes the caret still stands where a person sees the fault.
  EXPECT_EQ(message_of("object = 'é' and nix"),
            "column 18: there is no field nix; imstatus fields lists them; if a text is meant: 'nix'\n  object = 'é' "
            "and nix\n                   ^");
}

TEST(Expression, NothingIsTooDeepOrTooLong) {
  const auto repeated = [](std::string_view what, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += what;
    return out;
  };
  for (const char* open : {"(", "not ", "!", "-", "abs(", "case when deleted then ", "exptime + (", "exptime in ("}) {
    EXPECT_THAT(message_of(repeated(open, 5000)), HasSubstr("levels deep")) << open;
  }
  EXPECT_THAT(message_of("1" + repeated("+1", 5000)), HasSubstr("levels deep"));
  EXPECT_THAT(message_of("2" + repeated("^2", 5000)), HasSubstr("levels deep"));
  EXPECT_THAT(message_of(std::string(200000, ' ')), HasSubstr("more than 131072"));
  EXPECT_EQ(message_of(repeated("(", 90) + "1" + repeated(")", 90)), "no error");
  // Each level looks at what stands before it twice.
  EXPECT_THAT(message_of("ccd" + repeated(" is 1", 150)), HasSubstr("too large"));
  EXPECT_THAT(message_of(repeated("(", 80) + "deleted" + repeated(" in (true, false))", 80)), HasSubstr("too large"));
  EXPECT_THAT(message_of("filter ~ 'r'" + repeated(" or filter ~ 'r'", 300)), HasSubstr("regular expressions"));
  // Long and flat is no trouble.
  const auto record = record_of({{"ccd", "7"}});
  EXPECT_EQ(truth("ccd = 9" + repeated(" or ccd = 8", 10000) + " or ccd = 7", record), Truth::yes);
  EXPECT_EQ(truth("ccd in (0" + repeated(",1", 20000) + ",7)", record), Truth::yes);
}

TEST(Expression, FloatsAreFoundByWhatIsPrinted) {
  const auto record = record_of({{"exptime", "0.1"}, {"fwhm", "0.7"}});
  for (const char* yes : {"exptime = 0.1", "exptime <= 0.1", "exptime >= 0.1", "exptime between 0.1 and 0.1",
                          "exptime in (0.1)", "0.1 = exptime", "fwhm < 0.71", "exptime = '0.1'"})
    EXPECT_EQ(truth(yes, record), Truth::yes) << yes;
  for (const char* no : {"exptime > 0.1", "exptime < 0.1", "exptime <> 0.1", "exptime not in (0.1)"})
    EXPECT_EQ(truth(no, record), Truth::no) << no;
  EXPECT_EQ(truth("exptime < 1e300", record), Truth::yes);
}

TEST(Expression, UnitsAreConverted) {
  const auto record = record_of(
      {{"exptime", "120"}, {"ra", "150.25"}, {"dec", "-0.5"}, {"filesize", "2000000"}, {"obstime", "1043680801"}});
  for (const char* yes : {"exptime = 2min",
                          "exptime = 2m",
                          "exptime >= 0.0333h",
                          "exptime + 1min = 3min",
                          "ra > 10h",
                          "ra < 10.1h",
                          "dec = -30arcmin",
                          "dec = -1800arcsec",
                          "dec < 0d",
                          "filesize = 2MB",
                          "filesize > 1MiB",
                          "2min = exptime",
                          "ra > '10:00:28'",
                          "ra > 10:00:28",
                          "dec = '-00:30:00'",
                          "dec = -00:30:00",
                          "dec < 00:30:00",
                          "obstime > 12079.5d",
                          "obstime = 12079.6412152777d + 0.01s or true",
                          "exptime between 1min and 3min",
                          "max(exptime, 1min) = 120",
                          "exptime > 1min and exptime < 1d"})
    EXPECT_EQ(truth(yes, record), Truth::yes) << yes;
  EXPECT_EQ(truth("ra < '10:00:28'", record), Truth::no);
  EXPECT_EQ(unit("exptime"), "s");
  EXPECT_EQ(unit("sky/exptime"), "adu/s");
  EXPECT_EQ(unit("exptime + 1min"), "s");
  EXPECT_EQ(unit("fwhm * 0.187"), "");
  EXPECT_EQ(unit("obstime - now"), "s");
  EXPECT_EQ(unit("mjd(obstime)"), "d");
  EXPECT_EQ(unit("distance(ra, dec, 1, 2)"), "deg");
  for (const char* yes : {"distance(10:00:28, -00:30:00, '10h00m28s', -0.5) < 1mas", "distance(10h, 2d, 150, 2) < 1mas",
                          "distance(150, 120arcmin, 10h, 2) < 1mas"})
    EXPECT_EQ(truth(yes, record), Truth::yes) << yes;
  EXPECT_NE(message_of("distance(ra, dec, 10kB, 2)").find("column 19: an angle is wanted here, not kB"),
            std::string::npos);
  EXPECT_NE(message_of("distance(ra, dec, '10:00:99', 2)").find("column 26"), std::string::npos);
  EXPECT_EQ(unit("max(ra, dec)"), "deg");
}

TEST(Expression, TimesAreTypedInManyWays) {
  const auto record = record_of({{"obstime", "1043680801"}});  // 2003-01-27T15:20:01Z
  for (const char* yes : {"obstime = 2003-01-27T15:20:01Z",
                          "obstime = 2003/01/27,15:20:01",
                          "obstime = '2003-01-27 15:20:01'",
                          "obstime = 2003-01-27 15:20:01",
                          "obstime = timestamp '2003-01-27 15:20:01'",
                          "obstime = '20030127T152001'",
                          "obstime > 2003",
                          "obstime < 2004",
                          "obstime > 2003-01",
                          "obstime < 2003/02",
                          "obstime > 20030127",
                          "obstime < 20030128",
                          "date(obstime) = 2003-01-27",
                          "date(obstime) = '2003/01/27'",
                          "obstime = 1043680801",
                          "obstime > now - 12d",
                          "obstime < now - 11d",
                          "obstime > now() - interval '12 days'",
                          "obstime > now - 1M",
                          "obstime > today - 1y",
                          "obstime > current_date - interval '2' week",
                          "now - obstime > 11d",
                          "obstime between 2003-01-27 and 2003-01-28",
                          "obstime > 52666.6J",
                          "obstime < mjd52666.7",
                          "obstime > 2452667.1jd",
                          "mjd(obstime) between 52666.63 and 52666.64",
                          "jd(obstime) > 2452667",
                          "year(obstime) = 2003 and month(obstime) = 1 and day(obstime) = 27 and hour(obstime) = 15",
                          "minute(obstime) = 20 and second(obstime) = 1",
                          "obstime like '2003-01-27T15%'",
                          "obstime = 2003-01-27T10:20:01-05:00",
                          "obstime in (2003-01-27, 2003-01-27T15:20:01)",
                          "night(obstime) = 2003-01-27",
                          "obstime + 1M = 2003-02-27T15:20:01",
                          "unixepoch(obstime) = 1043680801",
                          "obstime - 2003-01-27 < 16h"})
    EXPECT_EQ(truth(yes, record), Truth::yes) << yes;
  EXPECT_THAT(first_line("obstime = 'M31'"), HasSubstr("date \"M31\""));
  EXPECT_THAT(first_line("ccd = 2003-01-27"), HasSubstr("ccd is a number, 2003-01-27 a time"));
  EXPECT_THAT(first_line("obstime + obstime"), HasSubstr("two times cannot be added"));
  auto hawaii = settings();
  hawaii.dates.tz_hours = -10;
  for (const char* yes : {"hour(obstime) = 5", "night(obstime) = 2003-01-26", "date(obstime) = 2003-01-27",
                          "obstime = 2003-01-27T05:20:01", "obstime = 2003-01-27T15:20:01Z"})
    EXPECT_EQ(truth(yes, record, wide(), hawaii), Truth::yes) << yes;
}

TEST(Expression, WhatIsNotKnownIsUnknown) {
  const Schema& elixir = *builtin_format("regimage", 3);
  auto record = record_of({{"sky", "-1"}, {"bias", "0"}, {"fwhm", "2.5"}}, elixir);
  for (const char* unknown :
       {"sky > -5", "sky = -1", "bias = 0", "bias < 5", "not sky = 7", "airmass < 9", "obstime < 2003", "filter = 'r'",
        "filter <> 'r'", "sky in (1, 2)", "sky not between 1 and 2"})
    EXPECT_EQ(truth(unknown, record, elixir), Truth::unknown) << unknown;
  for (const char* yes :
       {"sky is null", "bias is null and obstime is null", "fwhm > 2", "filter is null", "filter = ''",
        "(sky > 1) is unknown", "coalesce(sky, 7) = 7", "sky > 1 or fwhm > 1", "TELTEMP2 = 0", "teltemp[3] = 0"})
    EXPECT_EQ(truth(yes, record, elixir), Truth::yes) << yes;
  EXPECT_EQ(truth("filter <> ''", record, elixir), Truth::no);
  // A native file: NaN; -1 is a number like any other.
  const Schema& native = *builtin_format("regimage", 4);
  auto row = record_of({{"sky", "-1"}, {"bias", ""}}, native);
  EXPECT_EQ(truth("sky = -1", row, native), Truth::yes);
  EXPECT_EQ(truth("bias < 5", row, native), Truth::unknown);
  for (const char* text : {"exptime / 0", "sqrt(0 - 1)", "ln(0)", "log(-1)", "mod(1, 0)", "asin(2)"})
    EXPECT_TRUE(std::isnan(number(text, record_of({{"exptime", "5"}})))) << text;
}

TEST(Expression, WordsCodesAndTruths) {
  const auto record = record_of({{"type", "4"}, {"mode", "2"}, {"deleted", "1"}, {"filter", "R"}, {"object", "flat"}});
  for (const char* yes : {"type = flat",
                          "type = 'FLAT'",
                          "type in (flat, bias)",
                          "type = 4",
                          "type between 3 and 5",
                          "type <> bias",
                          "mode = split",
                          "type like 'fl%'",
                          "lower(type) = 'flat'",
                          "`object` = type",
                          "deleted",
                          "deleted = T",
                          "deleted = true",
                          "deleted = 1",
                          "deleted is true",
                          "deleted = 'true'",
                          "not (deleted = F)",
                          "filter = 'r'",
                          "filter == 'R'",
                          "not filter == 'r'",
                          "binary filter = 'R'",
                          "filter = 'R' collate binary",
                          "filter ~ '^r$'",
                          "binary filter !~ '^r$'",
                          "\"filter\" = \"r\"",
                          "[filter] = 'r'",
                          "\"TYPE\" = flat",
                          "filter < 'S' and filter > 'Q'",
                          "case type when flat then 1 else 0 end = 1",
                          "iif(deleted, 'a', 'b') = 'a'"}) {
    EXPECT_EQ(truth(yes, record), Truth::yes) << yes;
  }
  const auto type = Expression::parse("type", wide(), settings());
  std::string scratch;
  EXPECT_EQ(type->kind(), Expression::Kind::text);
  EXPECT_EQ(type->text(record.view(), scratch), "flat");
  EXPECT_EQ(type->number(record.view()), 4);
  ASSERT_TRUE(type->field());
  EXPECT_EQ(type->field()->name, "type");
  EXPECT_FALSE(Expression::parse("ccd + 1", wide(), settings())->field());
  EXPECT_EQ(Expression::parse("teltemp[2]", wide(), settings())->element(), 2);
  EXPECT_EQ(Expression::parse("TELTEMP3", wide(), settings())->element(), 3);
  const auto odd = record_of({{"type", "17"}});
  EXPECT_EQ(type->text(odd.view(), scratch), "17");
  EXPECT_EQ(truth("type = 17 and type = '17'", odd), Truth::yes);
}

TEST(Expression, NamesOfForeignTables) {
  Schema schema = *parse_format(
      "format odd\nversion 1\nsize 32\nextname ODD\ntitle t\nfield b_v BV f64 - - c\nfield k K f64 - - c\nfield n NN "
      "f64 - - c\nfield e EE f64 - - c\n",
      "odd.fmt");
  schema.fields[0].name = schema.fields[0].column = "B-V";
  schema.fields[1].name = schema.fields[1].column = "kk";
  schema.fields[2].name = schema.fields[2].column = "KK";
  schema.fields[3].scale = 0.5;
  schema.fields[3].zero = 10;
  Record record(32);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(set_value(record, schema.fields[i], double(i) + 11).ok());
  for (const char* yes : {"`B-V` = 11", "\"B-V\" = 11", "[b-v] < 12", "kk = 12", "KK = 13", "\"B-V\" + 1 = kk",
                          "e = 14", "e > 13 and e < 15"})
    EXPECT_EQ(truth(yes, record, schema), Truth::yes) << yes;
  EXPECT_THAT(message_of("Kk = 1", schema), HasSubstr("several fields are called Kk"));
  EXPECT_THAT(message_of("`b v` = 1", schema), HasSubstr("there is no field b v; near: B-V\n"));
}

TEST(Expression, PathsAreSeenAsPrinted) {
  const auto record = record_of({{"pathname", "$A/night"}});
  auto roots = settings();
  EXPECT_EQ(truth("pathname like '$A/%'", record), Truth::yes);
  roots.expand_path = [](std::string_view path) { return "/data" + std::string(path.substr(2)); };
  EXPECT_EQ(truth("pathname = '/data/night' and pathname like '/data/%'", record, wide(), roots), Truth::yes);
  EXPECT_EQ(truth("pathname like '$A/%'", record, wide(), roots), Truth::no);
}

std::string format_number(double value) {
  char out[40];
  std::snprintf(out, sizeof out, "%.17g", value);
  return out;
}

std::string parts(const std::vector<Conjunct>& conjuncts) {
  std::string out;
  for (const auto& part : conjuncts) {
    const char* const kinds[] = {"numbers", "codes", "texts", "prefix", "glob", "any", "test"};
    out += (out.empty() ? "" : "; ") + std::string(part.negate ? "not " : "") + kinds[static_cast<int>(part.kind)];
    if (!part.field.empty()) out += " " + part.field;
    for (const auto& range : part.ranges) out += " " + format_number(range.low) + ".." + format_number(range.high);
    for (const int code : part.codes) out += " " + std::to_string(code);
    for (const auto& word : part.texts) out += " '" + word + "'";
    for (const auto& branch : part.branches) out += " (" + parts(branch) + ")";
    if (part.region) {
      char band[60];
      std::snprintf(band, sizeof band, " within %.3f..%.3f", part.region->band().low, part.region->band().high);
      out += band;
    }
    if (part.kind == Conjunct::Kind::test) out += " " + part.source;
  }
  return out;
}

std::string parts(std::string_view text, const Schema& schema = wide()) {
  const auto parsed = Expression::parse_condition(text, schema, settings());
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parts(parsed->conjuncts());
}

TEST(Conjuncts, AreWhatAnIndexCanServe) {
  EXPECT_EQ(parts("ccd = 3 and filter in ('r', 'i')"), "numbers ccd 3..3; texts filter 'i' 'r'");
  EXPECT_EQ(parts("exptime >= 60 and exptime <= 600"), "numbers exptime 60..600");
  EXPECT_EQ(parts("ccd > 3 and not ccd > 7"), "numbers ccd 4..7");
  EXPECT_EQ(parts("ccd = 1 or ccd between 5 and 7 or 9 = ccd"), "numbers ccd 1..1 5..7 9..9");
  EXPECT_EQ(parts("not (ccd = 1 or ccd = 3)"), "numbers ccd -inf..0 2..2 4..inf");
  EXPECT_EQ(parts("obstime between 2003-01-27 and 2003-01-28"), "numbers obstime 1043625600..1043712000");
  EXPECT_EQ(parts("type in (flat, bias)"), "codes type 3 4");
  EXPECT_EQ(parts("mode = split"), "codes mode 2");
  EXPECT_EQ(parts("mode <> split"), "numbers mode -inf..1 3..inf");
  EXPECT_EQ(parts("filter <> 'r'"), "not texts filter '' 'r'");
  EXPECT_EQ(parts("filter is null"), "texts filter ''");
  EXPECT_EQ(parts("filter is not null and filter = 'r'"), "texts filter 'r'");
  EXPECT_EQ(parts("filename like '6000%'"), "prefix filename '6000'");
  EXPECT_EQ(parts("filename glob '58*o.fits'"), "glob filename '58*o.fits'");
  EXPECT_EQ(parts("filename like '%o.fits'"), "glob filename '*o.fits'");
  EXPECT_EQ(parts("filename not like '58%'"), "not texts filename ''; not prefix filename '58'");
  EXPECT_EQ(parts("filename like '58_%'"), "prefix filename '58'; test filename like '58_%'");
  EXPECT_EQ(parts("filename like 'abc'"), "texts filename 'abc'");
  EXPECT_EQ(parts("filename like '[*%'"), "glob filename '[[][*]*'");
  EXPECT_EQ(parts("filter == 'R'"), "texts filter 'r'; test filter == 'R'");
  EXPECT_EQ(parts("deleted"), "numbers deleted 1..1");
  EXPECT_EQ(parts("not deleted"), "numbers deleted 0..0");
  EXPECT_EQ(parts("deleted = false and ccd = 1"), "numbers deleted 0..0; numbers ccd 1..1");
  EXPECT_EQ(parts("filesize >= 0"), "numbers filesize 1..inf");
  EXPECT_EQ(parts("exptime*2 > 60 and ccd = 1 and (ccd = 1 or filter = 'r')"),
            "numbers ccd 1..1; any (numbers ccd 1..1) (texts filter 'r'); test exptime*2 > 60");
  EXPECT_EQ(parts("not (ccd > 1 and filter = 'r')"), "any (numbers ccd -inf..1) (not texts filter '' 'r')");
  EXPECT_EQ(parts("(ccd = 1 and exptime*2 > 60) or filter = 'r' or filter = 'i'"),
            "any (numbers ccd 1..1; test exptime*2 > 60) (texts filter 'r') (texts filter 'i')");
  EXPECT_EQ(parts("ccd = 1 or exptime*2 > 60"), "test ccd = 1 or exptime*2 > 60");
  EXPECT_EQ(parts("ccd = 1 or (filter = 'r' and (exptime = 3 or filename like 'x%'))"),
            "any (numbers ccd 1..1) (texts filter 'r'; any (numbers exptime 3..3) (prefix filename 'x'))");
  EXPECT_EQ(parts("distance(ra, dec, 150, 2) < 0.5"), "test within 1.500..2.500 distance(ra, dec, 150, 2) < 0.5");
  EXPECT_EQ(parts("distance(150, 2, ra, dec) < 30arcmin and distance(ra, dec, 150, 3) <= 0.25"),
            "test within 2.750..3.250 distance(150, 2, ra, dec) < 30arcmin and distance(ra, dec, 150, 3) <= 0.25");
  EXPECT_EQ(parts("distance(dec, ra, 150, 2) < 0.5"), "test distance(dec, ra, 150, 2) < 0.5");
  EXPECT_EQ(parts("not distance(ra, dec, 150, 2) < 0.5"), "test not (distance(ra, dec, 150, 2) < 0.5)");
  EXPECT_EQ(parts("distance(ra, dec, 150, 2) > 0.5"), "test distance(ra, dec, 150, 2) > 0.5");
  EXPECT_EQ(parts("ccd = 1 or filter = 'r'"), "any (numbers ccd 1..1) (texts filter 'r')");
  EXPECT_EQ(parts("not (ccd = 1 and filter = 'r')"), "any (numbers ccd -inf..0 2..inf) (not texts filter '' 'r')");
  EXPECT_EQ(parts("ccd = 1 or exptime*2 > 60"), "test ccd = 1 or exptime*2 > 60");
  EXPECT_EQ(parts("distance(ra, dec, 10, 20) < 0.5"), "test within 19.500..20.500 distance(ra, dec, 10, 20) < 0.5");
  EXPECT_EQ(parts("not distance(ra, dec, 10, 20) < 0.5"), "test not (distance(ra, dec, 10, 20) < 0.5)");
  EXPECT_EQ(parts("year(obstime) = 2003"), "numbers obstime 1041379199..1072915201; test year(obstime) = 2003");
  EXPECT_EQ(parts("1 = 1"), "");
  EXPECT_EQ(parts("1 = 2"), "test 1 = 2");
  EXPECT_EQ(parts("ccd = 1 and ccd = 2"), "numbers ccd");
  EXPECT_EQ(parts("changeno = 9007199254740993"), "test changeno = 9007199254740993");
}

TEST(Expression, ServesSeveralThreads) {
  const auto parsed = Expression::parse_condition("object ~ '^m\\d+$' and lower(filter) in ('r', 'i') and exptime > 60",
                                                  wide(), settings());
  const auto record = record_of({{"object", "M31"}, {"filter", "R"}, {"exptime", "100"}});
  std::vector<std::thread> threads;
  std::atomic<int> yes = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto tests = parsed->conjuncts();
      for (int n = 0; n < 2000; ++n) {
        yes += parsed->truth(record.view()) == Truth::yes && all_hold(tests, record.view(), wide()) ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(yes, 8000);
}

TEST(Expression, HostilePatternsEnd) {
  const auto record = record_of({{"filename", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}});
  EXPECT_EQ(truth("filename ~ '^(a|aa)*(a*)*b$'", record), Truth::no);
  EXPECT_EQ(truth("filename like '%a%a%a%a%a%a%a%a%a%a%a%a%a%a%b'", record), Truth::no);
  EXPECT_THAT(first_line("filename ~ '((a{1,500}){1,500}){1,500}'"), HasSubstr("regular expression"));
  EXPECT_THAT(first_line("filename ~ object"), HasSubstr("must be a constant text"));
}

TEST(Expression, ListsAreSplitAtTheirOwnCommas) {
  EXPECT_EQ(split_expressions("-obstime, round(ra, 1),concat(filter, ','), teltemp[2]"),
            (std::vector<std::string>{"-obstime", "round(ra, 1)", "concat(filter, ',')", "teltemp[2]"}));
  EXPECT_EQ(split_expressions(""), std::vector<std::string>{""});
}

}  // namespace
}  // namespace imreg

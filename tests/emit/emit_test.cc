// Row writers: known texts, and oracle.py on thousands of random records of three layouts.
#include "imreg/emit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include "base/text.h"
#include "imreg/date.h"
#include "imreg/record.h"

namespace imreg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

const Schema& native() { return *builtin_format("regimage", 4); }

void set(Record& record, const Schema& schema, std::string_view name, const Value& value, int element = 0) {
  const auto* field = schema.find(name);
  ASSERT_NE(field, nullptr) << name;
  const auto status = set_value(record, *field, value, element);
  ASSERT_TRUE(status.ok()) << status.text();
}

Record example(const Schema& schema = native()) {
  Record record(static_cast<std::size_t>(schema.record_size));
  set(record, schema, "filename", "1234567o.fits");
  set(record, schema, "pathname", "/data/night 1");
  set(record, schema, "filter", "r.MP9601");
  set(record, schema, "type", std::int64_t{1});
  set(record, schema, "mode", std::int64_t{2});
  set(record, schema, "ccd", std::int64_t{7});
  set(record, schema, "exptime", 30.1);
  set(record, schema, "obstime",
      schema.find("obstime")->type == Type::f64 ? Value(1043680801.75) : Value(std::int64_t{1043680801}));
  set(record, schema, "regtime", std::int64_t{1043680900});
  set(record, schema, "bias", 1001.5);
  set(record, schema, "sky", 0.25);
  set(record, schema, "fwhm", 3.3);
  return record;
}

std::string written(std::string_view format, const Schema& schema, const std::vector<Record>& records,
                    const EmitOptions& options = {}) {
  std::string out;
  auto writer = make_row_writer(format, schema, options, [&](std::string_view text) { return out.append(text), true; });
  EXPECT_TRUE(writer.ok()) << writer.status().text();
  if (!writer.ok()) return "";
  std::int64_t index = 0;
  for (const auto& record : records) EXPECT_TRUE((*writer)->row(++index, record.view()));
  EXPECT_TRUE((*writer)->finish());
  return out;
}

EmitOptions with_fields(std::vector<std::string> fields) {
  EmitOptions options;
  options.fields = std::move(fields);
  return options;
}

Status refusal(std::string_view format, const Schema& schema, const EmitOptions& options = {}) {
  return make_row_writer(format, schema, options, [](std::string_view) { return true; }).status();
}

TEST(Emit, ElixirRow) {
  EXPECT_EQ(written("row", native(), {example()}),
            "1 object SPLIT 7 /data/night.1 1234567o.fits r.MP9601 30.1 2003/01/27,15:20:01 3.3 1001.5 0.25\n");
  EmitOptions options;
  options.registration_time = true;
  options.tz_hours = -10;
  EXPECT_THAT(written("row", native(), {example()}, options), HasSubstr(" 30.1 2003/01/27,05:21:40 "));
}

TEST(Emit, ElixirRowOfNothingKnown) {
  Record record(static_cast<std::size_t>(native().record_size));
  for (const char* name : {"obstime", "exptime", "fwhm", "bias", "sky"}) set(record, native(), name, kNan);
  set(record, native(), "type", std::int64_t{200});
  EXPECT_EQ(written("row", native(), {record}), "1 200 none 0 - - - - - 0 0 0\n");
}

TEST(Emit, StatisticsOfNativeRecords) {
  auto record = example();
  set(record, native(), "bias", kNan);
  set(record, native(), "sky", kNan);
  set(record, native(), "fwhm", kNan);
  set(record, native(), "procstate", std::int64_t{2 << 4});  // fwhm failed
  EXPECT_THAT(written("row", native(), {record}), HasSubstr(" -1 0 0\n"));
  set(record, native(), "procstate", std::int64_t{2});  // bias failed
  EXPECT_THAT(written("row", native(), {record}), HasSubstr(" 0 -1 0\n"));
  set(record, native(), "procstate", std::int64_t{2 << 2});  // sky failed
  EXPECT_THAT(written("row", native(), {record}), HasSubstr(" 0 0 -1\n"));
  EXPECT_EQ(written("json", native(), {record}, with_fields({"sky", "fwhm"})), "{\"sky\":null,\"fwhm\":null}\n");
}

TEST(Emit, StatisticsOfElixirRecords) {
  const auto& schema = *builtin_format("regimage", 3);
  auto record = example(schema);
  set(record, schema, "bias", 0.0);
  set(record, schema, "sky", -1.0);
  set(record, schema, "obstime", std::int64_t{4000000000});  // beyond 2^31: it is unsigned
  EXPECT_THAT(written("row", schema, {record}), HasSubstr(" 2096/10/02,07:06:40 3.3 0 -1\n"));
  EXPECT_EQ(written("json", schema, {record}, with_fields({"bias", "sky", "fwhm", "obstime"})),
            "{\"bias\":null,\"sky\":null,\"fwhm\":3.3,\"obstime\":4000000000}\n");
  set(record, schema, "obstime", std::int64_t{0});
  EXPECT_THAT(written("row", schema, {record}), HasSubstr(" 30.1 - 3.3 "));
}

TEST(Emit, RowWithFieldsHasThoseWords) {
  EXPECT_EQ(written("row", native(), {example()}, with_fields({"filename", "object", "teltemp"})),
            "1234567o.fits - 0 0 0 0\n");
}

TEST(Emit, FieldsByNameColumnAndElement) {
  const auto& v3 = *builtin_format("regimage", 3);
  auto record = example(v3);
  set(record, v3, "teltemp", 1.5, 2);
  EXPECT_EQ(written("csv", v3, {record}, with_fields({"FILE", "OBS_TIME", "TelTemp2", "teltemp[2]", "dettemp"})),
            "filename,obstime,teltemp[2],teltemp[2],dettemp\n1234567o.fits,2003-01-27T15:20:01Z,1.5,1.5,0\n");
  EXPECT_EQ(written("json", v3, {record}, with_fields({"TELTEMP", "TELTEMP2", "FILE", "filename"})),
            "{\"teltemp\":[0,0,1.5,0],\"teltemp[2]\":1.5,\"filename\":\"1234567o.fits\"}\n");
  EXPECT_EQ(written("csv", v3, {record}, with_fields({"teltemp"})),
            "teltemp[0],teltemp[1],teltemp[2],teltemp[3]\n0,0,1.5,0\n");
}

TEST(Emit, HiddenFieldsOnlyWhenNamed) {
  const auto& v3 = *builtin_format("regimage", 3);
  EXPECT_THAT(written("json", v3, {example(v3)}), Not(HasSubstr("junk")));
  EXPECT_EQ(written("json", v3, {example(v3)}, with_fields({"junk"})), "{\"junk\":null}\n");
}

TEST(Emit, Refusals) {
  EXPECT_EQ(refusal("xml", native()).code(), Code::invalid);
  EXPECT_THAT(refusal("xml", native()).message(),
              HasSubstr("row, trigger, table, csv, tsv, json, votable, npy, fits, fits-table"));
  const auto unknown = refusal("csv", native(), with_fields({"ccd", "exptim"}));
  EXPECT_EQ(unknown.code(), Code::not_found);
  EXPECT_THAT(unknown.message(), HasSubstr("\"exptim\"; near: exptime"));
  EXPECT_EQ(refusal("csv", native(), with_fields({"teltemp[4]"})).code(), Code::not_found);
  EXPECT_EQ(refusal("csv", native(), with_fields({"teltemp[x]"})).code(), Code::not_found);
  EXPECT_EQ(refusal("csv", native(), with_fields({"TELTEMP4"})).code(), Code::not_found);
  const auto detrend = refusal("row", *builtin_format("detrend", 1));
  EXPECT_EQ(detrend.code(), Code::invalid);
  EXPECT_THAT(detrend.message(), HasSubstr("use -format table or -fields"));
  EXPECT_THAT(emit_formats(),
              ElementsAre("row", "trigger", "table", "csv", "tsv", "json", "votable", "npy", "fits", "fits-table"));
  EXPECT_FALSE(is_binary_format("votable"));
  EXPECT_TRUE(is_binary_format("FITS"));
}

TEST(Emit, PathnameIsExpandedAndNothingElse) {
  EmitOptions options = with_fields({"pathname", "filename"});
  int calls = 0;
  options.expand_path = [&](std::string_view path) {
    return ++calls, "/mnt/" + std::string(200, 'x') + std::string(path.substr(5));
  };
  auto a = example(), b = example(), c = example();
  set(a, native(), "pathname", "$ROOT/a");
  set(a, native(), "filename", "$ROOT");
  set(b, native(), "pathname", "$ROOT/a");
  const auto full = "/mnt/" + std::string(200, 'x') + "/a";
  EXPECT_EQ(written("tsv", native(), {a, b, c}, options),
            "pathname\tfilename\n" + full + "\t$ROOT\n" + full + "\t1234567o.fits\n/data/night 1\t1234567o.fits\n");
  EXPECT_EQ(calls, 1);
}

TEST(Emit, HostileTexts) {
  auto record = example();
  set(record, native(), "object", "a\"b,c\nd\te\\ \x01\xff\xc3\xa9\xc2\x9b");
  const auto fields = with_fields({"object", "ccd"});
  EXPECT_EQ(written("csv", native(), {record}, fields),
            "object,ccd\n\"a\"\"b,c\nd\te\\ \x01\xff\xc3\xa9\xc2\x9b\",7\n");
  EXPECT_EQ(written("tsv", native(), {record}, fields),
            "object\tccd\na\"b,c\\nd\\te\\\\ \x01\xff\xc3\xa9\xc2\x9b\t7\n");
  EXPECT_EQ(written("json", native(), {record}, fields),
            "{\"object\":\"a\\\"b,c\\nd\\te\\\\ \\u0001\\u00ff\xc3\xa9\xc2\x9b\",\"ccd\":7}\n");
  EXPECT_EQ(written("row", native(), {record}, fields), "a\"b,c.d.e\\..\xff\xc3\xa9.. 7\n");
  EXPECT_EQ(written("table", native(), {record}, with_fields({"ccd", "object"})),
            "ccd  object\n  7  a\"b,c\\nd\\te\\ \\x01\\xff\xc3\xa9\\xc2\\x9b\n");
}

TEST(Emit, InvalidUtf8IsValidJson) {
  const auto object_of = [](std::string_view text) {
    auto record = example();
    set(record, native(), "object", text);
    return written("json", native(), {record}, with_fields({"object"}));
  };
  EXPECT_EQ(object_of("\xed\xa0\x80"), "{\"object\":\"\\u00ed\\u00a0\\u0080\"}\n");  // a surrogate
  EXPECT_EQ(object_of("\xc0\xaf"), "{\"object\":\"\\u00c0\\u00af\"}\n");             // overlong
  EXPECT_EQ(object_of("\xe0\x9f\xbf"), "{\"object\":\"\\u00e0\\u009f\\u00bf\"}\n");
  EXPECT_EQ(object_of("\xf0\x8f\xbf\xbf"), "{\"object\":\"\\u00f0\\u008f\\u00bf\\u00bf\"}\n");
  EXPECT_EQ(object_of("abcdefgh\xe2\x80"), "{\"object\":\"abcdefgh\\u00e2\\u0080\"}\n");        // cut
  EXPECT_EQ(object_of("\xf4\x90\x80\x80"), "{\"object\":\"\\u00f4\\u0090\\u0080\\u0080\"}\n");  // beyond U+10FFFF
  EXPECT_EQ(object_of("\xf0\x9f\x8c\x99 \xe2\x98\x80"), "{\"object\":\"\xf0\x9f\x8c\x99 \xe2\x98\x80\"}\n");
}

TEST(Emit, NumbersThatJsonDoesNotHave) {
  auto record = example();
  set(record, native(), "ra", std::numeric_limits<double>::infinity());
  set(record, native(), "airmass", -std::numeric_limits<double>::infinity());
  const auto fields = with_fields({"ra", "airmass", "deleted"});
  EXPECT_EQ(written("json", native(), {record}, fields), "{\"ra\":null,\"airmass\":null,\"deleted\":false}\n");
  EXPECT_EQ(written("csv", native(), {record}, fields), "ra,airmass,deleted\ninf,-inf,false\n");
}

TEST(Emit, SingleEmptyCsvValueHasQuotes) {
  EXPECT_EQ(written("csv", native(), {example()}, with_fields({"object"})), "object\n\"\"\n");
  EXPECT_EQ(written("csv", native(), {example()}, with_fields({"object", "object"})), "object,object\n,\n");
}

TEST(Emit, NoRows) {
  EXPECT_EQ(written("row", native(), {}), "");
  EXPECT_EQ(written("json", native(), {}), "");
  EXPECT_EQ(written("csv", native(), {}, with_fields({"ccd", "type"})), "ccd,type\n");
  EXPECT_EQ(written("table", native(), {}, with_fields({"ccd", "type"})), "ccd  type\n");
}

TEST(Emit, ScaledColumnsOfForeignTables) {
  Schema schema;
  schema.record_size = 5;
  const auto add = [&](const char* name, Type type, int offset, double scale, double zero) {
    FieldInfo field;
    field.name = name;
    field.type = type;
    field.offset = offset;
    field.scale = scale;
    field.zero = zero;
    schema.fields.push_back(field);
  };
  add("flux", Type::i16, 0, 0.5, 10);
  add("count", Type::i16, 2, 1, 32768);
  add("odd,name", Type::u8, 4, 1, 0);
  const Record record(std::string_view("\x00\x03\x80\x01\xff", 5));
  EXPECT_EQ(written("csv", schema, {record}), "flux,count,\"odd,name\"\n11.5,1,255\n");
  EXPECT_EQ(written("json", schema, {record}), "{\"flux\":11.5,\"count\":1,\"odd,name\":255}\n");
}

TEST(Table, DefaultColumnsAlign) {
  auto other = example();
  set(other, native(), "exptime", 1200.0);
  set(other, native(), "object", "M31");
  set(other, native(), "obstime", kNan);
  EXPECT_EQ(written("table", native(), {example(), other}),
            "obstime                  type    filter    exptime  ccd  object  filename\n"
            "2003-01-27T15:20:01.75Z  object  r.MP9601     30.1    7  -       1234567o.fits\n"
            "-                        object  r.MP9601     1200    7  M31     1234567o.fits\n");
}

TEST(Table, PositionsAreRoundedForTheEyeOnly) {
  auto record = example();
  set(record, native(), "ra", 150.12345678901234);
  set(record, native(), "dec", -0.00000001);
  EXPECT_EQ(written("table", native(), {record}, with_fields({"ra", "dec"})), "         ra  dec\n150.1234568    0\n");
  EXPECT_EQ(written("tsv", native(), {record}, with_fields({"ra", "dec"})),
            "ra\tdec\n150.12345678901235\t-0.00000001\n");
}

TEST(Table, LaterRowsOverflowButLoseNothing) {
  std::vector<Record> records(600, example());
  const std::string name(90, 'n');
  set(records.back(), native(), "filename", name);
  const auto lines = written("table", native(), records, with_fields({"filename", "ccd"}));
  EXPECT_THAT(lines, testing::StartsWith("filename       ccd\n1234567o.fits    7\n"));
  EXPECT_THAT(lines, testing::EndsWith("\n" + name + "    7\n"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 601);
}

TEST(Table, TerminalShortensPathsInTheMiddle) {
  auto record = example();
  set(record, native(), "pathname", "/data/sessions/megacam/2003AQ01/night/\xc3\xa9t\xc3\xa9");
  EmitOptions options = with_fields({"pathname", "object", "filter", "ccd"});
  set(record, native(), "object", "a name that is never cut");
  options.width = 60;
  const auto text = written("table", native(), {record}, options);
  EXPECT_THAT(text,
              HasSubstr("\n/data/ses\xe2\x80\xa6night/\xc3\xa9t\xc3\xa9  a name that is never cut  r.MP9601    7\n"));
  options.ascii = true;  // of a terminal in the C locale
  EXPECT_THAT(written("table", native(), {record}, options), HasSubstr("\n/data/ses~night/"));
  options.ascii = false;
  options.width = 49;  // other texts lose their end
  EXPECT_THAT(written("table", native(), {record}, options),
              HasSubstr("\n/data/s\xe2\x80\xa6ight/\xc3\xa9t\xc3\xa9  a name that is \xe2\x80\xa6  r.MP9601    7\n"));
  options.width = 10;  // nothing is wider than the terminal, ever
  EXPECT_EQ(written("table", native(), {record}, options),
            "pathname \xe2\x80\xa6\n/da\xe2\x80\xa6/\xc3\xa9t\xc3\xa9 \xe2\x80\xa6\n");
  options.width = 0;
  EXPECT_THAT(written("table", native(), {record}, options),
              HasSubstr("/data/sessions/megacam/2003AQ01/night/\xc3\xa9t\xc3\xa9  a name"));
}

// Also not by a long row that comes when the widths are decided.
TEST(Table, TerminalIsNeverExceeded) {
  std::vector<Record> records(600, example());
  set(records.back(), native(), "filename", std::string(90, 'n'));
  set(records.back(), native(), "object", "\xe6\x98\x9f\xe5\x9b\xa3 a long name");
  set(records.back(), native(), "exptime", 1234567.0);
  for (int width = 1; width <= 120; ++width) {
    EmitOptions options = with_fields({"filename", "exptime", "object", "ccd"});
    options.width = width;
    const auto text = written("table", native(), records, options);
    for (const auto line : split(text, '\n')) {
      int columns = 0;  // letters of these rows: ASCII, the ellipsis, two that are two columns wide
      for (const char c : line) columns += (c & 0xc0) != 0x80;
      for (const char* wide : {"\xe6\x98\x9f", "\xe5\x9b\xa3"}) columns += line.find(wide) != line.npos;
      ASSERT_LE(columns, width) << line;
    }
    ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 601);
  }
}

TEST(Table, UnitsInTheHeadingOnATerminal) {
  EmitOptions options = with_fields({"exptime", "obstime", "ra"});
  options.width = 100;
  EXPECT_THAT(written("table", native(), {example()}, options),
              testing::StartsWith("exptime [s]  obstime                  ra [deg]\n"));
  options.width = 0;
  EXPECT_THAT(written("table", native(), {example()}, options),
              testing::StartsWith("exptime  obstime                  ra\n"));
}

std::string trigger_of(std::string_view folder, std::string_view file, int ccd, int mode,
                       const EmitOptions& options = {}) {
  auto record = example();
  set(record, native(), "pathname", folder);
  set(record, native(), "filename", file);
  set(record, native(), "ccd", std::int64_t{ccd});
  set(record, native(), "mode", std::int64_t{mode});
  return written("trigger", native(), {record}, options);
}

TEST(Emit, TriggerLines) {
  EXPECT_EQ(trigger_of("/p", "1234567o.fits", 7, 1), "/p/1234567o.fits 1234567o/1234567o07 7 MEF\n");
  EXPECT_EQ(trigger_of("/p", "1234567o.fits.fz", 35, 1), "/p/1234567o.fits.fz 1234567o/1234567o35 35 MEF\n");
  EXPECT_EQ(trigger_of("/p/1234567o", "1234567o07.fits", 7, 2),
            "/p/1234567o/1234567o07.fits 1234567o/1234567o07 7 SPLIT\n");
  EXPECT_EQ(trigger_of("", "07.fits", 7, 2), "07.fits 07 7 SPLIT\n");
  EXPECT_EQ(trigger_of("/p q", "a.b.FIT", 0, 3), "/p.q/a.b.FIT a.b 0 SINGLE\n");
  EXPECT_EQ(trigger_of("/p", "cube", 0, 4), "/p/cube cube 0 CUBE\n");
  EXPECT_EQ(trigger_of("/p", "", 0, 200), "/p/- - 0 200\n");
  EmitOptions options;
  options.expand_path = [](std::string_view) { return "/mnt/w"; };
  EXPECT_EQ(trigger_of("$R/w", "w03.fits", 3, 2, options), "/mnt/w/w03.fits w/w03 3 SPLIT\n");
  EXPECT_EQ(refusal("trigger", native(), with_fields({"ccd"})).code(), Code::invalid);
  EXPECT_EQ(refusal("trigger", *builtin_format("detrend", 1)).code(), Code::invalid);
}

// Rows of any schema that is made at run time: what -group gives.
Schema group_schema() {
  Schema schema;
  schema.extname = "GROUPS";
  const auto add = [&](const char* name, Type type, int count, Display display = Display::plain,
                       const char* unit = "") {
    FieldInfo field;
    field.name = name;
    field.type = type;
    field.count = count;
    field.offset = schema.record_size;
    field.display = display;
    field.unit = unit;
    schema.record_size += field.size();
    schema.fields.push_back(field);
  };
  add("filter", Type::text, 8);
  add("count", Type::i64, 1);
  add("mean_exptime", Type::f64, 1, Display::plain, "s");
  add("min_obstime", Type::f64, 1, Display::time, "s");
  return schema;
}

TEST(Emit, RowsOfASyntheticSchema) {
  const auto schema = group_schema();
  Record record(static_cast<std::size_t>(schema.record_size));
  set(record, schema, "filter", "r");
  set(record, schema, "count", std::int64_t{12});
  set(record, schema, "mean_exptime", 1.5);
  set(record, schema, "min_obstime", 1043680801.75);
  EXPECT_EQ(written("csv", schema, {record}),
            "filter,count,mean_exptime,min_obstime\nr,12,1.5,2003-01-27T15:20:01.75Z\n");
  EXPECT_THAT(written("votable", schema, {record}),
              HasSubstr("<TR><TD>r</TD><TD>12</TD><TD>1.5</TD><TD>1043680801.75</TD></TR>\n</TABLEDATA>"));
  const auto fits = written("fits", schema, {record});
  EXPECT_EQ(fits.size() % 2880, 0u);
  EXPECT_THAT(fits, HasSubstr("TTYPE3  = 'MEAN_EXPTIME' "));
  EXPECT_THAT(fits, HasSubstr("TUNIT3  = 's       ' "));
  EXPECT_EQ(fits.substr(2 * 2880, 16), record.bytes().substr(0, 16));
}

TEST(Emit, VotableNamesOnlyTheSystemsThatItUses) {  // votlint warns of others
  EXPECT_THAT(written("votable", native(), {}, with_fields({"ccd", "exptime"})), Not(HasSubstr("SYS ")));
  const auto both = written("votable", native(), {}, with_fields({"ra", "regtime"}));
  EXPECT_THAT(both, HasSubstr("<COOSYS ID=\"icrs\""));
  EXPECT_THAT(both, HasSubstr("<TIMESYS ID=\"unix\""));
}

// A file gets its head again when the rows are counted, a pipe gets all in order: the same bytes.
TEST(Emit, FileAndPipeGetTheSameBytes) {
  const std::vector<Record> records(3000, example());  // several pieces of 256 KiB
  for (const char* format : {"npy", "fits", "fits-table"}) {
    for (const std::size_t rows : {std::size_t{0}, std::size_t{1}, records.size()}) {
      const std::vector<Record> some(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(rows));
      const auto options = with_fields({"filename", "ra", "ccd", "object", "pathname", "teltemp"});
      std::string file;
      int patches = 0;
      const Sink sink([&](std::string_view bytes) { return file += bytes, true; },
                      [&](std::int64_t offset, std::string_view bytes) {
                        ++patches;
                        return file.replace(static_cast<std::size_t>(offset), bytes.size(), bytes), true;
                      });
      auto writer = make_row_writer(format, native(), options, sink);
      ASSERT_TRUE(writer.ok());
      for (const auto& record : some) ASSERT_TRUE((*writer)->row(1, record.view()));
      ASSERT_TRUE((*writer)->finish());
      std::string date = "DATE    = '";  // the second may have changed
      auto pipe = written(format, native(), some, options);
      if (const auto at = file.find(date); at != file.npos) pipe.replace(at, 40, file, at, 40);
      EXPECT_EQ(file == pipe, true) << format << ' ' << rows;
      EXPECT_EQ(patches, rows == records.size() ? 1 : 0) << format;
    }
  }
}

TEST(Emit, PathsThatDoNotFitAreAnError) {
  auto record = example();
  set(record, native(), "pathname", "$R/x");
  EmitOptions options;
  options.expand_path = [](std::string_view) { return std::string(170, 'p'); };
  const auto status_of = [&](const char* format) {
    auto writer = make_row_writer(format, native(), options, [](std::string_view) { return true; });
    const bool written = (*writer)->row(1, record.view()), finished = (*writer)->finish();
    EXPECT_EQ(written, (*writer)->status().ok());
    EXPECT_EQ(finished, written);
    return (*writer)->status();
  };
  for (const char* format : {"npy", "fits", "fits-table"}) {
    const auto status = status_of(format);
    EXPECT_EQ(status.code(), Code::invalid);
    EXPECT_THAT(status.message(), HasSubstr("has 170 bytes, more than the 160"));
  }
  options.expanded_bytes = 10;
  EXPECT_TRUE(status_of("npy").ok());
  EXPECT_TRUE(status_of("fits-table").ok());
  EXPECT_FALSE(status_of("fits").ok());  // the record of a database is what it is
}

TEST(Emit, NoRoomForTheTemporaryFile) {
  const char* const old = std::getenv("TMPDIR");
  const std::string saved = old ? old : "";
  ::setenv("TMPDIR", "/nonexistent", 1);
  auto writer = make_row_writer("npy", native(), {}, [](std::string_view) { return true; });
  const auto record = example();
  std::int64_t rows = 0;
  while (rows < 10000 && (*writer)->row(rows + 1, record.view())) ++rows;
  EXPECT_LT(rows, 1000);
  EXPECT_FALSE((*writer)->finish());
  EXPECT_EQ((*writer)->status().code(), Code::io);
  EXPECT_THAT((*writer)->status().text(),
              HasSubstr("/nonexistent: cannot make a temporary file; name a folder with TMPDIR"));
  old ? ::setenv("TMPDIR", saved.c_str(), 1) : ::unsetenv("TMPDIR");
}

// Several threads format, one puts together: the same as one writer.
TEST(Emit, RowsFormattedByThreads) {
  std::vector<Record> records(5000, example());
  for (std::size_t i = 0; i < records.size(); ++i) {
    set(records[i], native(), "ccd", static_cast<std::int64_t>(i % 40));
    set(records[i], native(), "pathname", "$R/" + std::to_string(i / 100));
  }
  std::vector<RecordView> views;
  for (const auto& record : records) views.push_back(record.view());
  EmitOptions options;
  options.tz_hours = 3;
  options.expand_path = [](std::string_view path) { return "/root" + std::string(path.substr(2)); };
  for (const auto& format : emit_formats()) {
    std::string out;
    auto writer =
        make_row_writer(format, native(), options, [&](std::string_view text) { return out.append(text), true; });
    const bool can = format != "table" && !is_binary_format(format);
    ASSERT_EQ((*writer)->can_format_rows(), can) << format;
    if (!can) continue;
    constexpr std::size_t kParts = 7;
    std::vector<std::string> parts(kParts);
    std::vector<std::thread> threads;
    const std::size_t size = views.size() / kParts + 1;
    for (std::size_t part = 0; part < kParts; ++part) {
      threads.emplace_back([&, part] {
        const auto some = std::span(views).subspan(part * size, std::min(size, views.size() - part * size));
        (*writer)->format_rows(static_cast<std::int64_t>(part * size) + 1, some, parts[part]);
      });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& part : parts) EXPECT_TRUE((*writer)->lines(part));
    EXPECT_TRUE((*writer)->finish());
    EXPECT_EQ(out == written(format, native(), records, options), true) << format;
  }
}

// A sink that takes two pieces and closes: the writer stops, and never calls it again.
TEST(Emit, ClosedSinkStops) {
  for (const auto& format : emit_formats()) {
    int calls = 0;
    const Sink sink([&](std::string_view) { return ++calls < 3; }, [](std::int64_t, std::string_view) { return true; });
    auto writer = make_row_writer(format, native(), {}, sink);
    ASSERT_TRUE(writer.ok());
    const auto record = example();
    std::int64_t rows = 0;
    while (rows < 100000 && (*writer)->row(rows + 1, record.view())) ++rows;
    EXPECT_LT(rows, 50000) << format;
    EXPECT_EQ(calls, 3) << format;
    EXPECT_FALSE((*writer)->row(1, record.view()));
    EXPECT_FALSE((*writer)->finish());
    EXPECT_EQ(calls, 3) << format;
  }
}

// Any bytes as records: texts of bytes that each format must care for, numbers of any bits.
std::vector<Record> random_records(const Schema& schema, int count) {
  std::mt19937 random(7);
  const std::string_view hostile("\"',\\\t\n\r \x01\x1f\x7f\x80\xc3\xa9\xe2\x82\xac\xff/$.ab", 23);
  std::vector<Record> out;
  for (int i = 0; i < count; ++i) {
    Record record(static_cast<std::size_t>(schema.record_size));
    for (const auto& field : schema.fields) {
      char* at = record.data() + field.offset;
      if (field.type == Type::text) {
        const auto size = random() % 3 == 0 ? 0 : random() % static_cast<unsigned>(field.count + 1);
        for (unsigned b = 0; b < size; ++b)
          at[b] = random() % 8 == 0 ? hostile[random() % hostile.size()] : static_cast<char>('a' + random() % 26);
        if (random() % 4 == 0 && size > 3) at[size - 1] = at[size - 2] = ' ';
        continue;
      }
      if (field.type == Type::boolean) {
        *at = "TF\0x"[random() % 4];
        continue;
      }
      for (int element = 0; element < field.count; ++element, at += size_of(field.type)) {
        const double usual = static_cast<double>(random() % 2000000) / 1000 - 500;
        const bool real = field.type == Type::f32 || field.type == Type::f64;
        if (field.display == Display::time && real) {
          store_big(at,
                    random() % 9 == 0 ? kNan : static_cast<double>(random()) + static_cast<double>(random() % 64) / 64);
        } else if (real && random() % 2 == 0) {
          if (field.type == Type::f32)
            store_big(at, random() % 8 == 0 ? kNan : random() % 8 == 0 ? -1.0F : static_cast<float>(usual));
          else
            store_big(at, usual);
        } else {
          for (int b = 0; b < size_of(field.type); ++b) at[b] = static_cast<char>(random());
          if (random() % 8 == 0) std::fill_n(at, size_of(field.type), '\0');
          if (field.display == Display::words) at[size_of(field.type) - 1] = static_cast<char>(random() % 16);
        }
      }
    }
    out.push_back(std::move(record));
  }
  return out;
}

void hold_against_oracle(const char* name, int version, const char* file) {
  const auto& schema = *builtin_format(name, version);
  const auto records = random_records(schema, 1000);
  const auto folder =
      std::filesystem::temp_directory_path() / ("imreg_emit_test_" + std::to_string(getpid()) + "_" + file);
  std::filesystem::create_directories(folder);
  const auto save = [&](const std::string& what, const std::string& bytes) {
    std::ofstream(folder / what, std::ios::binary) << bytes;
  };
  std::string bytes;
  for (const auto& record : records) bytes += record.bytes();
  save("records", bytes);
  EmitOptions all;  // with -fields: columns, else fits is a whole database
  for (const auto& field : schema.fields) {
    if (field.display != Display::hidden) all.fields.push_back(field.name);
  }
  for (const char* format : {"row", "csv", "tsv", "json", "votable"}) save(format, written(format, schema, records));
  for (const char* format : {"npy", "fits", "fits-table"}) save(format, written(format, schema, records, all));
  save("database", written("fits", schema, records));
  const std::string source = IMREG_SOURCE_DIR;
  const auto command = "/usr/bin/python3 " + source + "/tests/emit/oracle.py " + source + "/formats/" + file + " " +
                       (folder / "records").string() + " " + folder.string();
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::filesystem::remove_all(folder);
}

TEST(Oracle, NativeRecords) { hold_against_oracle("regimage", 4, "regimage.fmt"); }
TEST(Oracle, ElixirV3) { hold_against_oracle("regimage", 3, "regimage.v3.fmt"); }
TEST(Oracle, ElixirV2) { hold_against_oracle("regimage", 2, "regimage.v2.fmt"); }

}  // namespace
}  // namespace imreg

// The .fmt language, the built-in layouts, and schemas as cards and back.
#include <rapidcheck.h>

#include <filesystem>
#include <map>
#include <tuple>

#include "record/container.h"
#include "record_fixture.h"

namespace imreg::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kHead[] = "format f\nversion 1\nsize 8\nextname F\ntitle t\n";

std::string failure(const std::string& text) { return parse_format(text, "x.fmt").status().text(); }

TEST(Format, ErrorsNameTheLine) {
  const std::string head = kHead;
  EXPECT_EQ(failure(head + "field a A f64 - - m\n"), "");
  const std::pair<std::string, std::string> cases[] = {
      {head + "field a A f64 - -\n", "x.fmt: line 6: a field needs"},
      {head + "field a A f65 - - m\n", "x.fmt: line 6: \"f65\" is not a type"},
      {head + "field a A text - - m\n", "line 6: a text needs its number of bytes"},
      {head + "field a A u8[0] - - m\n", "line 6: \"0\" is not a whole number from 1"},
      {head + "field a A u8[x] - - m\n", "line 6: \"x\" is not a whole number"},
      {head + "\n# c\nfield a A u8 - - m\nfield b B i32 - - m\n",
       "line 9: field b would stand at byte 1, which is not a multiple of 4"},
      {head + "field a A f64 - - m\n  wrods x\n", "line 7: \"wrods x\" is none of: words"},
      {head + "  words x\n", "line 6: an indented line belongs to a field"},
      {"formal f\n", "line 1: \"formal\" is none of"},
      {"format\n", "line 1: format needs a value"},
      {"version 0\n", "line 1: \"0\" is not a whole number from 1 to 999"},
      {"version x\n", "line 1: \"x\" is not a whole number"},
      {head + "field a A i32 - - m\nfield A B i32 - - m\n", "line 7: two fields are called A"},
      {head + "field a A i32 - - m\nfield b a i32 - - m\n", "line 7: two columns are called a"},
      {head + "field a-b A f64 - - m\n", "line 6: \"a-b\" is not a name"},
      {head + "field 1a A f64 - - m\n", "line 6: \"1a\" is not a name"},
      {head + "field a A..3 f64 - - m\n", "line 6: \"A..3\" is not a column"},
      {head + "field a A0..3 i32[2] - - m\n", "line 6: \"A0..3\" is not a column"},
      {head + "field a A%B f64 - - m\n", "line 6: \"A%B\" is not a column"},
      {head + "field a A f32 - - m\n", "x.fmt: the fields take 4 bytes, size says 8"},
      {"format f\nsize 8\nextname F\nfield a A f64 - - m\n", "x.fmt: the line \"version ...\" is missing"},
      {head, "it has no fields"},
  };
  for (const auto& [text, message] : cases) EXPECT_THAT(failure(text), HasSubstr(message)) << text;
}

TEST(Format, MeaningsKeepTheirWordsAndLinesMayEndInCarriageReturns) {
  const auto schema =
      must(parse_format("format f\r\nversion 2\r\nsize 9\r\nextname F\r\ntitle two words\r\n\r\nfield a A f64 km/s KEY "
                        " the  meaning, with words\r\nfield b B u8 - - b\r\n  words zero one\r\n",
                        "x"));
  EXPECT_EQ(schema.fields[0].meaning, "the  meaning, with words");
  EXPECT_EQ(schema.fields[0].unit, "km/s");
  EXPECT_EQ(schema.fields[0].source, "KEY");
  EXPECT_EQ(schema.title, "two words");
  EXPECT_EQ(schema.fields[1].words, (std::vector<std::string>{"zero", "one"}));
}

// The built-in formats are constants that imreg-codegen writes; the texts tell what they must be.
TEST(Format, BuiltInFormatsAreTheirFiles) {
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(IMREG_SOURCE_DIR "/formats")) {
    if (file.path().extension() != ".fmt") continue;
    ++files;
    const Schema wanted = must(parse_format(must(read_file(file.path())), file.path()));
    const Schema* schema = builtin_format(wanted.format, wanted.version);
    ASSERT_NE(schema, nullptr) << file.path();
    EXPECT_EQ(schema, builtin_format(wanted.format, wanted.version));
    EXPECT_EQ(std::tie(schema->extname, schema->title), std::tie(wanted.extname, wanted.title));
    EXPECT_EQ(schema->record_size, wanted.record_size);
    const auto parts = [](const FieldInfo& f) {
      return std::tie(f.name, f.column, f.type, f.count, f.offset, f.unit, f.source, f.meaning, f.display, f.words,
                      f.missing, f.scale, f.zero);
    };
    ASSERT_EQ(schema->fields.size(), wanted.fields.size());
    for (std::size_t i = 0; i < wanted.fields.size(); ++i)
      EXPECT_EQ(parts(schema->fields[i]), parts(wanted.fields[i])) << file.path() << ' ' << wanted.fields[i].name;
  }
  EXPECT_EQ(builtin_formats().size(), files);
  for (const int version : {1, 2, 3, 4}) EXPECT_NE(builtin_format("regimage", version), nullptr);
  EXPECT_NE(builtin_format("detrend", 1), nullptr);
  EXPECT_EQ(builtin_format("regimage", 5), nullptr);
}

// The layout of Elixir's C structure, written down from its description, not from the .fmt.
TEST(Format, ElixirOffsets) {
  const std::map<std::string, int> common = {
      {"filename", 0},   {"pathname", 64}, {"filter", 192},  {"instrument", 224}, {"ccd", 256},     {"mode", 257},
      {"type", 258},     {"exptime", 284}, {"airmass", 288}, {"sky", 292},        {"bias", 296},    {"fwhm", 300},
      {"telfocus", 304}, {"xprobe", 308},  {"yprobe", 312},  {"zprobe", 316},     {"dettemp", 320}, {"teltemp", 324},
      {"rotangle", 340}, {"ra", 344},      {"dec", 348},     {"obstime", 352},    {"regtime", 356}};
  for (const int version : {1, 2, 3}) {
    const Schema& schema = *builtin_format("regimage", version);
    EXPECT_EQ(schema.record_size, 360);
    auto expected = common;
    expected["junk"] = version == 1 ? 259 : 265;
    if (version > 1) expected.insert({{"flag", 259}, {"seqtime", 260}, {"seq", 264}});
    std::map<std::string, int> found;
    for (const auto& field : schema.fields) found[field.name] = field.offset;
    EXPECT_EQ(found, expected) << version;
  }
  EXPECT_EQ(builtin_format("detrend", 1)->record_size, 416);
}

TEST(Format, SearchedFieldsStandInTheFirstCacheLine) {
  const Schema& schema = *builtin_format("regimage", 4);
  EXPECT_EQ(schema.record_size, 512);
  for (const char* name : {"obstime", "exptime", "ra", "dec", "ccd", "mode", "type", "flag", "deleted"}) {
    const FieldInfo* field = schema.find(name);
    ASSERT_NE(field, nullptr) << name;
    EXPECT_LE(field->offset + field->size(), 64) << name;
  }
}

TEST(Schema, TheHashTellsLayoutsApartButNotWordsForPeople) {
  const Schema base = tiny();
  Schema other = base;
  other.title = other.fields[0].meaning = "something else";
  EXPECT_EQ(other.layout_hash(), base.layout_hash());
  for (const auto& change :
       {+[](Schema& s) { s.fields[0].type = Type::f64; }, +[](Schema& s) { s.fields[0].offset = 1; },
        +[](Schema& s) { s.fields[4].count = 19; }, +[](Schema& s) { s.fields[0].name = "di"; },
        +[](Schema& s) { s.fields[0].column = "DI"; }, +[](Schema& s) { s.version = 2; },
        +[](Schema& s) { s.record_size = 64; }, +[](Schema& s) { s.fields[0].unit = "s"; },
        +[](Schema& s) { s.fields[0].words = {"a"}; }}) {
    other = base;
    change(other);
    EXPECT_NE(other.layout_hash(), base.layout_hash());
  }
}

TEST(Schema, RandomSchemasSurviveTheHeader) {
  EXPECT_TRUE(rc::check("cards tell the layout", [] {
    Schema schema;
    schema.format = "random";
    schema.version = *rc::gen::inRange(1, 99);
    schema.extname = "R";
    const int fields = *rc::gen::inRange(1, 60);
    const char* const units[] = {"", "s", "deg", "erg/cm2/s"};
    for (int i = 0; i < fields; ++i) {
      FieldInfo field;
      field.name = "f" + std::to_string(i);
      field.column = "F" + std::to_string(i);
      field.type = static_cast<Type>(*rc::gen::inRange(0, 10));
      if (field.type == Type::raw_u32) field.type = Type::i32;  // its cards are those of i32
      field.count = field.type == Type::text || *rc::gen::inRange(0, 3) == 0 ? *rc::gen::inRange(1, 200) : 1;
      field.offset = schema.record_size;
      field.unit = units[*rc::gen::inRange(0, 4)];
      field.meaning = std::string(static_cast<std::size_t>(*rc::gen::inRange(1, 200)), 'm') + "'s";
      schema.record_size += field.size();
      schema.fields.push_back(field);
    }
    Header header;
    header.add("NAXIS1", schema.record_size);
    add_schema_cards(schema, header);
    header.add("RECFMT", schema.format);
    header.add("RECVERS", schema.version);
    const auto back = schema_from_header(header);
    RC_ASSERT(back.ok());
    RC_ASSERT(back->layout_hash() == schema.layout_hash());
    for (std::size_t i = 0; i < schema.fields.size(); ++i)
      RC_ASSERT(back->fields[i].meaning == schema.fields[i].meaning);
  }));
}

TEST(Schema, TheBuiltInLendNamesAndWordsToTheirFiles) {
  for (const Schema& schema : builtin_formats()) {
    Header header;
    header.add("NAXIS1", schema.record_size);
    add_schema_cards(schema, header);
    header.add("RECFMT", schema.format);
    header.add("RECVERS", schema.version);
    const auto back = schema_from_header(header);
    ASSERT_TRUE(back.ok()) << back.status().text();
    EXPECT_EQ(back->layout_hash(), schema.layout_hash());
    EXPECT_EQ(back->fields.size(), schema.fields.size());
  }
}

TEST(Value, WhatDoesNotFitIsRefusedByName) {
  const auto schema =
      must(parse_format("format v\nversion 1\nsize 40\nextname V\nfield d D f64 - - m\nfield k K i64 - - m\nfield f F "
                        "f32 - - m\nfield j J i32 - - m\nfield u U u32 - - m\nfield r R raw_u32 - - m\n"
                        "field i I i16 - - m\nfield b B u8 - - m\nfield l L bool - - m\nfield t T text4 - - m\n",
                        "v"));
  Record record(40);
  const auto put = [&](const char* name, Value value) { return set_value(record, *schema.find(name), value); };
  const auto got = [&](const char* name) { return value_of(record.view(), *schema.find(name)); };
  const std::pair<const char*, std::int64_t> edges[] = {
      {"k", INT64_MAX},  {"k", INT64_MIN}, {"j", INT32_MAX}, {"j", INT32_MIN}, {"u", 0}, {"u", UINT32_MAX},
      {"r", UINT32_MAX}, {"i", -32768},    {"i", 32767},     {"b", 255},       {"b", 0}};
  for (const auto& [name, value] : edges) {
    EXPECT_OK(put(name, value));
    EXPECT_EQ(got(name), Value(value)) << name;
  }
  const std::pair<const char*, Value> wrong[] = {{"j", std::int64_t{INT32_MAX} + 1},
                                                 {"u", std::int64_t{-1}},
                                                 {"i", std::int64_t{32768}},
                                                 {"b", std::int64_t{256}},
                                                 {"b", -1.0},
                                                 {"f", 1e39},
                                                 {"k", 1e19},
                                                 {"t", "12345"},
                                                 {"t", std::int64_t{1}},
                                                 {"l", std::int64_t{1}},
                                                 {"d", "text"}};
  for (const auto& [name, value] : wrong) {
    const Status status = put(name, value);
    EXPECT_EQ(status.code(), Code::invalid) << name;
    EXPECT_THAT(status.text(), HasSubstr(std::string("field ") + name));
  }
  EXPECT_OK(put("j", -1.5));
  EXPECT_EQ(got("j"), Value(std::int64_t{-2}));  // down, also below zero
  // Columns of other programs may be scaled: what is stored is read back as it was put.
  FieldInfo scaled = *schema.find("i");
  scaled.zero = 32768;
  EXPECT_OK(set_value(record, scaled, std::int64_t{65535}));
  EXPECT_EQ(record[(Field<std::int16_t>{scaled.offset, 1})], 32767);
  EXPECT_EQ(value_of(record.view(), scaled), Value(std::int64_t{65535}));
  EXPECT_EQ(set_value(record, scaled, std::int64_t{65536}).code(), Code::invalid);
  scaled.scale = 0.1;
  scaled.zero = -5;
  EXPECT_OK(set_value(record, scaled, 2.3));
  EXPECT_NEAR(std::get<double>(value_of(record.view(), scaled)), 2.3, 1e-9);

  EXPECT_OK(put("t", "1234"));
  EXPECT_EQ(got("t"), Value("1234"));
  EXPECT_OK(put("t", std::string_view()));  // its address is null: the sanitizers look
  EXPECT_EQ(got("t"), Value());
  EXPECT_OK(put("d", Value()));
  EXPECT_EQ(got("d"), Value());
  EXPECT_EQ(find_field<float>(schema, "d").status().code(), Code::mismatch);
  EXPECT_EQ(find_field<float>(schema, "nothing").status().code(), Code::not_found);
}

// When a format or the text of the header changes: put what this prints into kKnownHeaders of container.cc.
TEST(KnownHeaders, AreThoseThatAreWritten) {
  for (const auto& known : known_headers()) {
    const Schema* schema = builtin_format(known.format, known.version);
    ASSERT_TRUE(schema);
    const std::string header = make_native_header(*schema, new_uuid(), "2026-01-01T00:00:00");
    EXPECT_EQ(header.size(), static_cast<std::size_t>(known.size));
    EXPECT_EQ(header.find("FILEUUID="), static_cast<std::size_t>(known.identity));
    EXPECT_EQ(header_check(known, header), known.checks[0]);
    std::string other = header;
    other[static_cast<std::size_t>(known.identity) - 100] ^= 1;
    EXPECT_NE(header_check(known, other), known.checks[0]);
  }
}

// Files of before are opened as fast as new ones.
TEST(KnownHeaders, AreThoseOfOlderReleases) {
  Schema older = *builtin_format("regimage", 4);
  for (auto& field : older.fields) {
    if (field.name == "flag") field.meaning = "bit 1: distributed";
  }
  const auto& known = known_headers()[0];
  EXPECT_EQ(header_check(known, make_native_header(older, new_uuid(), "2026-01-01T00:00:00")), known.checks[1]);
}

}  // namespace
}  // namespace imreg::testing

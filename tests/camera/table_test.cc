// The language of camera tables: what it accepts, and how it names what is wrong.
#include "camera/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.h"
#include "camera/catalog.h"
#include "camera/line.h"
#include "imreg/camera.h"

namespace imreg::camera {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Table good(const std::string& text) {
  Result<Table> table = parse_table(text, "test.cam");
  EXPECT_TRUE(table.ok()) << table.status().text();
  return table.ok() ? *table : Table();
}

std::string fault(const std::string& text) {
  const Result<Table> table = parse_table(text, "test.cam");
  EXPECT_FALSE(table.ok()) << "accepted: " << text;
  if (table.ok()) return {};
  EXPECT_EQ(table.status().code(), Code::invalid);
  return table.status().text();
}

const Recipe& first(const Table& table, Field field) { return table.recipes[static_cast<std::size_t>(field)].at(0); }

std::vector<std::string> line_words(const std::string& text) {
  const std::string file = "test.cam";
  Line line(text, 1, file);
  std::vector<std::string> out;
  while (line.fault().ok() && !line.done()) out.push_back(line.take());
  return line.fault().ok() ? out : std::vector<std::string>{"fault"};
}

TEST(Line, BlanksQuotesAndComments) {
  EXPECT_THAT(line_words("  a  \"b c\"\td # e"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(line_words("x HAWAII-2RG-#77"), ElementsAre("x", "HAWAII-2RG-#77"));
  EXPECT_THAT(line_words("\"A B\"|C"), ElementsAre("A B|C"));
  EXPECT_TRUE(line_words("# all comment").empty());
  EXPECT_TRUE(line_words("\r").empty());
  EXPECT_THAT(line_words("a \"b"), ElementsAre("fault"));
  EXPECT_THAT(line_words("caf\xc3\xa9 # caf\xe9"), ElementsAre("caf\xc3\xa9"));
  EXPECT_THAT(line_words("caf\xe9"), ElementsAre("fault"));
  EXPECT_THAT(line_words("a\x1b[2J"), ElementsAre("fault"));
}

TEST(Captured, TakesThePartAtTheMark) {
  EXPECT_EQ(captured("ccd%d", "ccd07"), "07");
  EXPECT_EQ(captured("CCD%d", "ccd35"), "35");
  EXPECT_EQ(captured("*[0-9][a-z]%d", "1616681p21"), "21");
  EXPECT_EQ(captured("chip%d_*", "chip3_raw"), "3");
  EXPECT_EQ(captured("ccd%d", "ccd"), std::nullopt);
  EXPECT_EQ(captured("ccd%d", "ccd7b"), std::nullopt);
  EXPECT_EQ(captured("ccd%d", "xccd7"), std::nullopt);
  EXPECT_EQ(captured("%f sec", "300.5 sec"), "300.5");
  EXPECT_EQ(captured("%f sec", "-1e-3 sec"), "-1e-3");
  EXPECT_EQ(captured("%f", "1.5e"), std::nullopt);
  EXPECT_EQ(captured("* - %s", "3 - R band"), "R band");
  EXPECT_EQ(captured("%s;*", "a;b;c"), "a");
  EXPECT_EQ(captured("%s", std::string(1000, 'x')), std::nullopt);
}

TEST(Overlap, OfPatterns) {
  EXPECT_TRUE(overlap({"ACS"}, {"acs"}));
  EXPECT_TRUE(overlap({"CFHT*"}, {"*3.6m"}));
  EXPECT_TRUE(overlap({"x", "a?c"}, {"a[b-d]c"}));
  EXPECT_FALSE(overlap({"WFC"}, {"HRC", "SBC"}));
  EXPECT_FALSE(overlap({"a*b"}, {"a*c"}));
  EXPECT_TRUE(overlap({"*"}, {""}));
  EXPECT_FALSE(overlap({"[!0-9]*"}, {"[0-9]*"}));
}

TEST(ParseTable, RecipesInOrderWithTheirModifiers) {
  const Table table = good(
      "camera x\n"
      "exptime EXPOSURE min 0..600 comment *minute*\n"
      "exptime \"ESO DET DIT\" ms\n"
      "obstime DATE-OBS + UT@primary h end tai\n"
      "filter F1 + F2 text drop CLEAR*|N/A else CLEAR\n"
      "dettemp T K 60..300 if DETECTOR a|b unless MODE \"c d\"\n");
  const auto& exptime = table.recipes[static_cast<std::size_t>(Field::exptime)];
  ASSERT_EQ(exptime.size(), 2u);
  EXPECT_EQ(exptime[0].scale, 60);
  EXPECT_EQ(exptime[0].range->high, 600);
  EXPECT_EQ(exptime[1].sources[0].keyword, "ESO DET DIT");
  EXPECT_DOUBLE_EQ(exptime[1].scale, 1e-3);
  const Recipe& time = first(table, Field::obstime);
  EXPECT_EQ(time.sources[1].scope, Scope::primary);
  EXPECT_EQ(time.moment, Moment::end);
  EXPECT_EQ(time.time_scale, TimeScale::tai);
  EXPECT_EQ(time.scale, 3600);
  EXPECT_THAT(first(table, Field::filter).drop, ElementsAre("CLEAR*", "N/A"));
  EXPECT_EQ(first(table, Field::filter).otherwise, "CLEAR");
  const Recipe& temperature = first(table, Field::dettemp);
  EXPECT_DOUBLE_EQ(100 * temperature.scale + temperature.offset, -173.15);
  ASSERT_EQ(temperature.conditions.size(), 2u);
  EXPECT_FALSE(temperature.conditions[1].wanted);
}

TEST(ParseTable, NamesFileLineAndRemedy) {
  EXPECT_THAT(
      fault("camera x\n\nexptme EXPTIME\n"),
      HasSubstr("test.cam: line 3, column 1: 'exptme' is neither a field nor a statement; did you mean exptime"));
  EXPECT_THAT(fault("exptime EXPTIME\n"), HasSubstr("line 1, column 1: a table begins with: camera NAME"));
  EXPECT_THAT(fault(""), HasSubstr("begins with: camera NAME"));
  EXPECT_THAT(fault("camera x\ncamera y\n"), HasSubstr("line 2, column 1: a file holds one camera"));
  EXPECT_THAT(fault("camera x\nposition RA DEC offset EAST\n"), HasSubstr("the keyword of the offset north"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME K\n"), HasSubstr("'K' does not fit exptime"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME commemt *m*\n"), HasSubstr("did you mean comment"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME 5..\n"), HasSubstr("'5..' is no range"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME 5..1\n"), HasSubstr("is no range"));
  EXPECT_THAT(fault("camera x\nobstime A + B + C\n"), HasSubstr("too many keywords for obstime"));
  EXPECT_THAT(fault("camera x\nexptime\n"), HasSubstr("a keyword is missing"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME@moon\n"), HasSubstr("there are @own, @primary and @any"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME if MODE\n"), HasSubstr("a pattern for MODE is missing"));
  EXPECT_THAT(fault("camera x\nposition RA\n"), HasSubstr("the keyword of the declination is missing"));
  EXPECT_THAT(fault("camera x\nccd EXTNAME match ccd\n"),
              HasSubstr("line 2, column 19: the pattern 'ccd' has no %d, %f or %s"));
  EXPECT_THAT(fault("camera x\nccd @name\n"), HasSubstr("by match only"));
  EXPECT_THAT(fault("camera x\nforget colour\n"), HasSubstr("no field 'colour'"));
  EXPECT_THAT(fault("camera x\namps EXTNAME amp%d 0\n"), HasSubstr("no number of amplifiers"));
  EXPECT_THAT(fault("camera x\namps EXTNAME@primary amp%d 2\n"), HasSubstr("line 2, column 6: amplifiers are told by"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME drop X else 5\n"), HasSubstr("'else' does not fit exptime"));
  EXPECT_THAT(fault("camera x\ndatasec SECTION words w\n"), HasSubstr("'words' does not fit datasec"));
  EXPECT_THAT(fault("camera x\nslices -3\n"), HasSubstr("'-3' is no count"));
  EXPECT_THAT(fault("camera x\nlike a b\n"), HasSubstr("'b' is too much"));
  EXPECT_THAT(fault("camera x\nwords type dark\n"), HasSubstr("a text that means dark is missing"));
  EXPECT_THAT(fault("camera x\ntitle \"no end\nexptime E\n"), HasSubstr("line 2, column 7: a quote has no end"));
  EXPECT_THAT(fault("camera x\nobstime = 5\n"), HasSubstr("a constant fits texts and numbers only"));
  EXPECT_THAT(fault("camera x\nobstime A + B mjd\n"), HasSubstr("take one keyword"));
  EXPECT_THAT(fault("camera x\nfilter A drop [a-z\n"), HasSubstr("line 2, column 15: the pattern '[a-z': [ has no ]"));
  EXPECT_THAT(fault("camera x\nwhen INSTRUME A|[b\n"), HasSubstr("line 2, column 15: the pattern '[b'"));
  EXPECT_THAT(fault("camera x\nwhen not INSTRUME A\n"), HasSubstr("a keyword that is there"));
  EXPECT_THAT(fault("camera x\nfilter A match %s%d\n"), HasSubstr("more than one of"));
  for (const char* parts : {"A::B C", "A:B:C:D:E F", ":A B", "A B:"})
    EXPECT_THAT(fault(std::string("camera x\nposition ") + parts + "\n"), HasSubstr("with colons between them"));
  EXPECT_THAT(fault("camera x\nposition RA DEC 0..360\n"), HasSubstr("does not fit position"));
  EXPECT_THAT(fault("camera x\nexptime 5\n"), HasSubstr("a constant is written: = VALUE"));
  EXPECT_THAT(fault("camera x\nexptime A + B dates\n"), HasSubstr("KEY - KEY"));
  EXPECT_THAT(fault("camera x\nobstime A night 6\n"), HasSubstr("a date and a time of day"));
  EXPECT_THAT(fault("camera x\nobstime A + B night 30\n"), HasSubstr("no hour of the day"));
}

TEST(FilterList, ExactThenNocaseThenGroups) {
  FilterList list;
  ASSERT_TRUE(
      list.add("filter r group r\nfilter R also Rc\nfilter g.MP9401 also gsdss group g\nfilter F[0-9]*\n", "f.list")
          .ok());
  EXPECT_EQ(list.canonical("r"), "r");
  EXPECT_EQ(list.canonical("R"), "R");
  EXPECT_EQ(list.canonical("RC"), "R");
  EXPECT_EQ(list.canonical("  G.mp9401 "), "g.MP9401");
  EXPECT_EQ(list.canonical("F606W"), "F606W");
  EXPECT_EQ(list.canonical("g"), std::nullopt);
  EXPECT_THAT(list.groups("GSDSS"), ElementsAre("g"));
  EXPECT_EQ(list.canonical("Rc+gsdss"), "R+g.MP9401");
  EXPECT_EQ(list.canonical("r+nonsense"), std::nullopt);
  EXPECT_EQ(list.canonical("+"), std::nullopt);
  EXPECT_THAT(list.groups("gsdss+F606W"), ElementsAre("g"));
  EXPECT_THAT(list.add("filter a b\n", "f.list").text(),
              HasSubstr("f.list: line 1, column 10: 'b' stands where also or group must"));
  EXPECT_THAT(list.add("\ngreen\n", "f.list").text(), HasSubstr("line 2"));
  EXPECT_THAT(list.add("filter F* also x\n", "f.list").text(), HasSubstr("has no other names"));
}

// The built-in names are constants that imreg-filters writes; the lists tell what they must be.
TEST(FilterList, BuiltInNamesAreTheirLists) {
  const auto files = tables_in(IMREG_SOURCE_DIR "/formats/cameras");
  ASSERT_TRUE(files.ok()) << files.status().text();
  FilterList wanted;
  std::set<std::string> names = {"", "nonsense", "r+nonsense", "r+i", "GG455_G0305+g_G0301"};
  for (const TableFile& file : *files) {
    if (!file.is_list()) continue;
    ASSERT_TRUE(wanted.add(file.text, file.path).ok());
    for (const std::string_view line : split(file.text, '\n')) {
      for (Line words(line, 1, file.path); !words.done();) names.insert(words.take());
    }
  }
  EXPECT_GT(names.size(), 600U);
  // A user's list comes above: names that are there already, in the same case and in another one, and patterns.
  const std::string mine =
      "filter r group mine\nfilter RC also V group mine\nfilter \"[Gg]reen*\" group mine\nfilter \"H*\"\n";
  FilterList built_in(builtin_filters());
  for (int users = 0; users < 2; ++users) {
    for (const std::string& name : names) {
      for (const std::string& typed : {name, to_lower(name), ' ' + name + "_1", name + '+' + name}) {
        EXPECT_EQ(built_in.canonical(typed), wanted.canonical(typed)) << typed;
        EXPECT_EQ(built_in.groups(typed), wanted.groups(typed)) << typed;
      }
    }
    ASSERT_TRUE(wanted.add(mine, "mine.list").ok());
    ASSERT_TRUE(built_in.add(mine, "mine.list").ok());
  }
}

// A folder of tables beside the built-in ones.
class Folder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "imreg_cameras_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  std::string folder_;
};

TEST_F(Folder, TablesAreChecked) {
  write("a.cam", "camera a\n\nlike nowhere\n");
  EXPECT_THAT(Cameras::load({.folders = {folder_}, .recipes = {}, .recipes_from = {}}).status().text(),
              HasSubstr("a.cam: line 3, column 6: there is no camera 'nowhere' to refine"));
  write("a.cam", "camera a\nlike b\n");
  write("b.cam", "camera b\nlike a\n");
  EXPECT_THAT(Cameras::load({.folders = {folder_}, .recipes = {}, .recipes_from = {}}).status().text(),
              HasSubstr("refines itself"));
  write("a.cam", "camera a\ntype KIND words colours\n");
  write("b.cam", "camera b\n");
  EXPECT_THAT(Cameras::load({.folders = {folder_}, .recipes = {}, .recipes_from = {}}).status().text(),
              HasSubstr("line 2, column 1: there is no word list 'colours'"));
}

TEST_F(Folder, TablesThatApplyEquallyAreAMistake) {
  write("a.cam", "camera a\nlike generic\nwhen INSTRUME My*\n");
  write("b.cam", "camera b\nlike generic\n# second\nwhen INSTRUME *Cam|Other\n");
  EXPECT_THAT(Cameras::load({.folders = {folder_}, .recipes = {}, .recipes_from = {}}).status().text(),
              HasSubstr("b.cam: line 4, column 1: the tables b and a (" + folder_ + "/a.cam, line 3) apply equally"));
  write("b.cam", "camera b\nlike generic\nwhen INSTRUME *Cam & TELESCOP X\n");
  EXPECT_TRUE(Cameras::load({.folders = {folder_}, .recipes = {}, .recipes_from = {}}).ok());
  write("b.cam", "camera b\nlike generic\nwhen INSTRUME Your*\n");
  EXPECT_TRUE(Cameras::load({.folders = {folder_}, .recipes = {}, .recipes_from = {}}).ok());
}

TEST(BuiltIn, TablesHaveNoMistake) {
  const Result<Cameras> cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  for (const Status& mistake : cameras->mistakes()) ADD_FAILURE() << mistake.text();
}

TEST_F(Folder, AddFileKeepsNothingOfABadTable) {
  Result<Cameras> cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok()) << cameras.status().text();
  const std::size_t before = cameras->names().size();
  EXPECT_EQ(cameras->add_file(folder_ + "/none.cam").status().code(), Code::not_found);
  EXPECT_EQ(cameras->add_file(folder_).status().code(), Code::not_found);
  EXPECT_EQ(cameras->add_file(write("bad.cam", "camera bad\nlike nobody\n")).status().code(), Code::invalid);
  EXPECT_EQ(cameras->names().size(), before);
  const Result<std::string> name =
      cameras->add_file(write("mine.cam", "camera mine\nlike generic\nexptime LASTED min\n"));
  ASSERT_TRUE(name.ok()) << name.status().text();
  EXPECT_EQ(*name, "mine");
  FitsHeaders file;
  Hdu hdu;
  hdu.kind = HduKind::image;
  hdu.axes = {4, 4};
  hdu.header.add("LASTED", 2.0);
  file.hdus.push_back(hdu);
  Cameras::Options options;
  options.camera = "mine";
  EXPECT_EQ(cameras->translate("f.fits", file, options)->images.at(0).exptime.value, 120);
  options.camera = "hst-asc";
  EXPECT_THAT(cameras->translate("f.fits", file, options).status().text(), HasSubstr("did you mean hst-acs"));
}

}  // namespace
}  // namespace imreg::camera

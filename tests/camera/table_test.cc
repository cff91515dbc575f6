// The language of camera tables: what it accepts, and how it names what is wrong.
#include "camera/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

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

TEST(LineWords, BlanksQuotesAndComments) {
  EXPECT_THAT(*line_words("  a  \"b c\"\td # e"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(*line_words("x HAWAII-2RG-#77"), ElementsAre("x", "HAWAII-2RG-#77"));
  EXPECT_THAT(*line_words("\"A B\"|C"), ElementsAre("A B|C"));
  EXPECT_TRUE(line_words("# all comment")->empty());
  EXPECT_TRUE(line_words("\r")->empty());
  EXPECT_FALSE(line_words("a \"b").ok());
}

TEST(NumberIn, TakesTheDigitsAtTheMark) {
  EXPECT_EQ(number_in("ccd%d", "ccd07"), 7);
  EXPECT_EQ(number_in("CCD%d", "ccd35"), 35);
  EXPECT_EQ(number_in("*[0-9][a-z]%d", "1616681p21"), 21);
  EXPECT_EQ(number_in("chip%d_*", "chip3_raw"), 3);
  EXPECT_EQ(number_in("ccd%d", "ccd"), std::nullopt);
  EXPECT_EQ(number_in("ccd%d", "ccd7b"), std::nullopt);
  EXPECT_EQ(number_in("ccd%d", "xccd7"), std::nullopt);
  EXPECT_EQ(number_in("ccd%d", "ccd99999999999999999999"), std::nullopt);
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
  EXPECT_THAT(fault("camera x\n\nexptme EXPTIME\n"),
              HasSubstr("test.cam: line 3: 'exptme' is neither a field nor a statement; did you mean exptime"));
  EXPECT_THAT(fault("exptime EXPTIME\n"), HasSubstr("line 1: a table begins with: camera NAME"));
  EXPECT_THAT(fault(""), HasSubstr("begins with: camera NAME"));
  EXPECT_THAT(fault("camera x\ncamera y\n"), HasSubstr("line 2: a file holds one camera"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME K\n"), HasSubstr("'K' does not fit exptime"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME commemt *m*\n"), HasSubstr("did you mean comment"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME 5..\n"), HasSubstr("'5..' is no range"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME 5..1\n"), HasSubstr("is no range"));
  EXPECT_THAT(fault("camera x\nexptime A + B\n"), HasSubstr("too many keywords for exptime"));
  EXPECT_THAT(fault("camera x\nexptime\n"), HasSubstr("a keyword is missing"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME@moon\n"), HasSubstr("there are @own, @primary and @any"));
  EXPECT_THAT(fault("camera x\nexptime EXPTIME if MODE\n"), HasSubstr("a pattern for MODE is missing"));
  EXPECT_THAT(fault("camera x\nposition RA\n"), HasSubstr("the keyword of the declination is missing"));
  EXPECT_THAT(fault("camera x\nccd EXTNAME number ccd\n"), HasSubstr("has no %d"));
  EXPECT_THAT(fault("camera x\nccd @name\n"), HasSubstr("by a number pattern only"));
  EXPECT_THAT(fault("camera x\nforget colour\n"), HasSubstr("no field 'colour'"));
  EXPECT_THAT(fault("camera x\namps EXTNAME amp%d 0\n"), HasSubstr("no number of amplifiers"));
  EXPECT_THAT(fault("camera x\nslices -3\n"), HasSubstr("'-3' is no count"));
  EXPECT_THAT(fault("camera x\nlike a b\n"), HasSubstr("'b' is too much"));
  EXPECT_THAT(fault("camera x\nwords type dark\n"), HasSubstr("the texts that mean dark are missing"));
  EXPECT_THAT(fault("camera x\ntitle \"no end\nexptime E\n"), HasSubstr("line 2: a quote has no end"));
  EXPECT_THAT(fault("camera x\nobstime = 5\n"), HasSubstr("a constant fits texts and plain numbers only"));
  EXPECT_THAT(fault("camera x\nobstime A + B mjd\n"), HasSubstr("take one keyword"));
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
  EXPECT_THAT(list.add("filter a b\n", "f.list").text(),
              HasSubstr("f.list: line 1: 'b' stands where also or group must"));
  EXPECT_THAT(list.add("\ngreen\n", "f.list").text(), HasSubstr("line 2"));
  EXPECT_THAT(list.add("filter F* also x\n", "f.list").text(), HasSubstr("has no other names"));
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
  EXPECT_THAT(Cameras::load({folder_}).status().text(),
              HasSubstr("a.cam: line 3: there is no camera 'nowhere' to refine"));
  write("a.cam", "camera a\nlike b\n");
  write("b.cam", "camera b\nlike a\n");
  EXPECT_THAT(Cameras::load({folder_}).status().text(), HasSubstr("refines itself"));
  write("a.cam", "camera a\ntype KIND words colours\n");
  write("b.cam", "camera b\n");
  EXPECT_THAT(Cameras::load({folder_}).status().text(), HasSubstr("line 2: there is no word list 'colours'"));
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

// The language at work: each recipe form and modifier on made-up cards, value by value, and what must stay unknown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "imreg/camera.h"
#include "imreg/date.h"

namespace imreg {
namespace {

using ::testing::HasSubstr;

// What a table of these lines (behind "camera test", refining nothing) makes of a file of one image.
class Language : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "imreg_language_" + ::testing::UnitTest::GetInstance()->current_test_info()->name() +
            ".cam";
  }
  void TearDown() override { std::filesystem::remove(path_); }

  ImageFacts facts(const std::string& lines, const std::string& cards) {
    std::ofstream(path_) << "camera test\n" << lines;
    cameras_.emplace(*Cameras::load());
    const Result<std::string> name = cameras_->add_file(path_);
    EXPECT_TRUE(name.ok()) << name.status().text();
    FitsHeaders file;
    Hdu hdu;
    hdu.kind = HduKind::image;
    hdu.axes = {100, 100};
    std::string text;
    for (std::size_t at = 0; at < cards.size();) {
      const std::size_t end = std::min(cards.find('\n', at), cards.size());
      std::string card = cards.substr(at, end - at);
      card.resize(80, ' ');
      text += card;
      at = end + 1;
    }
    hdu.header = Header(text);
    file.hdus.push_back(hdu);
    const Result<FileFacts> out = cameras_->translate("/data/n123_r.fits", file, {.camera = "test", .explain = true});
    EXPECT_TRUE(out.ok());
    doubts_ = out.ok() ? out->doubts : std::vector<Doubt>();
    return out.ok() && !out->images.empty() ? out->images[0] : ImageFacts();
  }
  std::string obstime(const std::string& lines, const std::string& cards) {
    const ImageFacts image = facts(lines, cards);
    return image.obstime.value ? format_iso(*image.obstime.value, 1) : "unknown";
  }
  std::string path_;
  std::optional<Cameras> cameras_;  // the facts hold views into its tables
  std::vector<Doubt> doubts_;
};

TEST_F(Language, ArithmeticFromLeftToRight) {
  const std::string cards = "EXPTIME = 2.5\nCOADDS  = 4\nBEGAN   = 10.0\nENDED   = 40.5\nWORDS   = 'x'\n";
  EXPECT_EQ(facts("exptime EXPTIME * COADDS s\n", cards).exptime.value, 10);
  EXPECT_EQ(facts("exptime ENDED - BEGAN / 2 min\n", cards).exptime.value, 915);
  EXPECT_EQ(facts("airmass 1 + EXPTIME\n", cards).airmass.value, 3.5);
  EXPECT_EQ(facts("exptime EXPTIME * WORDS s\nexptime EXPTIME s\n", cards).exptime.value, 2.5);
  EXPECT_EQ(facts("exptime EXPTIME / ABSENT s\n", cards).exptime.value, std::nullopt);
  EXPECT_EQ(facts("airmass EXPTIME / 0\n", cards).airmass.value, std::nullopt);
  EXPECT_EQ(facts("exptime EXPTIME * COADDS s\n", cards).exptime.keyword, "EXPTIME * COADDS");
  EXPECT_EQ(facts("ccd COADDS * 2 - 1\n", cards).ccd.value, 7);
}

TEST_F(Language, DifferencesOfDatesAndClocks) {
  EXPECT_EQ(facts("exptime E - B dates\n", "B = '2003-01-27T23:59:00'\nE = '2003-01-28T00:01:30'\n").exptime.value,
            150);
  EXPECT_EQ(facts("exptime E - B clock\n", "B = '23:59:00'\nE = '0:01:30.5'\n").exptime.value, 150.5);
  EXPECT_EQ(facts("exptime E - B dates\n", "B = '2003-01-27'\nE = '2003-01-28T00:01:30'\n").exptime.value,
            std::nullopt);
}

TEST_F(Language, CapturesAndSexagesimals) {
  EXPECT_EQ(facts("exptime T s match \"%f sec*\"\n", "T = '300.5 seconds'\n").exptime.value, 300.5);
  EXPECT_EQ(facts("exptime T h sexagesimal\n", "T = '0:05:30'\n").exptime.value, 330);
  EXPECT_EQ(facts("filter W match \"* - %s\"\n", "W = '3 - R band'\n").filter.value, "R band");
  EXPECT_EQ(facts("filter @name match \"*_%s\"\n", "W = 'x'\n").filter.value, "r");
  EXPECT_EQ(facts("filter @name match \"*_%s\"\n", "W = 'x'\n").filter.keyword, "file name");
  EXPECT_EQ(facts("filter W match \"%d\"\n", "W = 'none'\n").filter.value, std::nullopt);
  EXPECT_EQ(obstime("obstime D match \"start %s;*\"\n", "D = 'start 2003-01-27T10:00:00; end later'\n"),
            "2003-01-27T10:00:00.0Z");
}

TEST_F(Language, RulesByConditions) {
  const std::string rules =
      "type = bias if EXPTIME 0..0\ntype = flat if LAMP on if DOME closed\ntype = dark unless SHUTTER *\ntype = "
      "object\n";
  EXPECT_EQ(facts(rules, "EXPTIME = 0.0\n").type.value, "bias");
  EXPECT_EQ(facts(rules, "EXPTIME = 5.0\nLAMP    = 'ON'\nDOME    = 'closed'\n").type.value, "flat");
  EXPECT_EQ(facts(rules, "EXPTIME = 5.0\nLAMP    = 'ON'\nSHUTTER = 'open'\n").type.value, "object");
  EXPECT_EQ(facts(rules, "EXPTIME = 5.0\n").type.value, "dark");
}

TEST_F(Language, UnitsInCommentsWin) {
  EXPECT_EQ(facts("exptime EXPTIME s\n", "EXPTIME = 1500 / [ms] exposure\n").exptime.value, 1.5);
  EXPECT_EQ(facts("exptime EXPTIME s\n", "EXPTIME = 2 / exposure (minutes)\n").exptime.value, 120);
  EXPECT_EQ(facts("exptime EXPTIME s\n", "EXPTIME = 2 / number of exposure(s)\n").exptime.value, 2);
  EXPECT_DOUBLE_EQ(facts("dettemp T C\n", "T       = 173.15 / [K] detector\n").dettemp.value.value_or(0), -100);
  EXPECT_DOUBLE_EQ(facts("position RA DEC deg\n", "RA      = 10.0 / [h]\nDEC     = 5.0 / [deg]\n").ra.value.value_or(0),
                   150);
  EXPECT_EQ(facts("exptime EXPTIME * COADDS s\n", "EXPTIME = 250 / [ms]\nCOADDS  = 4\n").exptime.value, 1);
}

TEST_F(Language, AUnitOfAnotherKindMakesAValueSenseless) {
  const ImageFacts image = facts("exptime EXPTIME s\n", "EXPTIME = 300 / [K] exposure\n");
  EXPECT_EQ(image.exptime.value, std::nullopt);
  ASSERT_EQ(doubts_.size(), 1u);
  EXPECT_THAT(doubts_[0].text, HasSubstr("EXPTIME \"300\" is in K by its comment"));
}

TEST_F(Language, CommentsDecide) {
  EXPECT_EQ(obstime("avoid obstime *local*\nobstime A\nobstime B\n",
                    "A = '2003-01-27T10:00:00' / local time\nB = '2003-01-27T20:00:00' / UT\n"),
            "2003-01-27T20:00:00.0Z");
  EXPECT_EQ(facts("exptime A s comment not *number*\n", "A = 5 / number of the exposure\n").exptime.value,
            std::nullopt);
  EXPECT_EQ(facts("exptime A * B s comment *coadd*\n", "A = 5 / per coadd\nB = 3 / how many\n").exptime.value, 15);
}

TEST_F(Language, OfADateAndATimeEitherCommentCounts) {
  const std::string lines = "exptime E s\nobstime D + UT end comment \"*at end*\"\nobstime D + UT\n";
  const std::string cards = "E       = 100\nD       = '2005-12-25'\nUT      = '05:05:05'";
  EXPECT_EQ(obstime(lines, cards + " / UT at end of exposure\n"), "2005-12-25T05:03:25.0Z");
  EXPECT_EQ(obstime(lines, cards + " / UT\n"), "2005-12-25T05:05:05.0Z");
}

TEST_F(Language, OffsetsFromGreenwich) {
  EXPECT_EQ(obstime("obstime T\n", "T       = '2005-12-25T01:00:00+02:00'\n"), "2005-12-24T23:00:00.0Z");
  EXPECT_EQ(obstime("obstime T\n", "T       = '2005-12-25T23:00:00-03:30'\n"), "2005-12-26T02:30:00.0Z");
  EXPECT_EQ(obstime("obstime D + UT\n", "D       = '2005-12-25'\nUT      = 'UT 23:12:22'\n"), "2005-12-25T23:12:22.0Z");
}

TEST_F(Language, NightsZeroPointsAndCalendars) {
  const std::string night = "obstime NIGHT + UT night 12\n";
  EXPECT_EQ(obstime(night, "NIGHT   = '2003-01-27'\nUT      = '23:30:00'\n"), "2003-01-27T23:30:00.0Z");
  EXPECT_EQ(obstime(night, "NIGHT   = '2003-01-27'\nUT      = '03:30:00'\n"), "2003-01-28T03:30:00.0Z");
  EXPECT_EQ(
      obstime("obstime TSTART s since MJDREFI + MJDREFF\n", "TSTART  = 86400.0\nMJDREFI = 52665\nMJDREFF = 0.5\n"),
      "2003-01-27T12:00:00.0Z");
  EXPECT_EQ(obstime("obstime T d since ZERO\n", "T       = 1.5\nZERO    = '2003-01-26'\n"), "2003-01-27T12:00:00.0Z");
  EXPECT_EQ(obstime("obstime T mjdsec tai\n", "T       = 4550342432.0\n"), "2003-01-27T00:00:00.0Z");
  EXPECT_EQ(obstime("obstime D mdy\n", "D       = '01/27/03 10:00'\n"), "2003-01-27T10:00:00.0Z");
  EXPECT_EQ(obstime("obstime D\n", "D       = '01/27/03 10:00'\n"), "unknown");
}

TEST_F(Language, MomentsOfTheExposure) {
  const std::string cards = "T = '2003-01-27T10:10:00'\nEXPTIME = 600\n";
  EXPECT_EQ(obstime("exptime EXPTIME s\nobstime T end\n", cards), "2003-01-27T10:00:00.0Z");
  EXPECT_EQ(obstime("exptime EXPTIME s\nobstime T middle\n", cards), "2003-01-27T10:05:00.0Z");
  EXPECT_EQ(obstime("obstime T middle\n", cards), "unknown");
}

TEST_F(Language, TimeScalesOfHeaderTextAndComment) {
  const std::string lines =
      "words timesys TAI TAI\nwords timesys LOCAL LOCAL*\ntimesys TIMESYS words timesys\nobstime T\n";
  EXPECT_EQ(obstime(lines, "T       = '2003-01-27T10:00:32'\nTIMESYS = 'TAI'\n"), "2003-01-27T10:00:00.0Z");
  EXPECT_EQ(obstime(lines, "T       = '2003-01-27T10:00:00'\nTIMESYS = 'LOCAL'\n"), "unknown");
  EXPECT_EQ(obstime(lines, "T       = '2003.01.27_10:00:32.0_TAI'\n"), "2003-01-27T10:00:00.0Z");
  EXPECT_EQ(obstime(lines, "T       = '2003-01-27T10:00:32' / [TAI]\n"), "2003-01-27T10:00:00.0Z");
}

TEST_F(Language, ContradictingTimesTheBetterOneAndAWarning) {
  const std::string lines = "obstime A\nobstime B mjd\nobstime C\n";
  // Two against one.
  EXPECT_EQ(obstime(lines, "A = '2013-01-27T10:00:00'\nB = 52666.5\nC = '2003-01-27T12:00:01'\n"),
            "2003-01-27T12:00:00.0Z");
  ASSERT_EQ(doubts_.size(), 1u);
  EXPECT_EQ(doubts_[0].text, "A (2013-01-27) and B (2003-01-27) are more than a day apart; B is taken");
  // One against one: no file is made before its exposure.
  EXPECT_EQ(obstime(lines, "A = '2013-01-27T10:00:00'\nB = 52666.5\nDATE    = '2004-05-06'\n"),
            "2003-01-27T12:00:00.0Z");
  EXPECT_EQ(obstime(lines, "A = '2013-01-27T10:00:00'\nB = 52666.5\nDATE    = '2014-05-06'\n"),
            "2013-01-27T10:00:00.0Z");
  // Hours apart is no contradiction.
  EXPECT_EQ(obstime(lines, "A = '2003-01-27T10:00:00'\nB = 52666.5\n"), "2003-01-27T10:00:00.0Z");
  EXPECT_TRUE(doubts_.empty());
}

TEST_F(Language, PositionsOfDateAndByAnotherWcs) {
  const std::string pointing = "RA      = '10:00:00'\nDEC     = '+20:00:00'\nT       = '2025-01-01T00:00:00'\n";
  // 25 years of precession: 25 * (3.075 + 1.336 * sin 150 * tan 20) s of time = 85 s east of J2000.
  EXPECT_NEAR(facts("obstime T\nposition RA DEC date\n", pointing).ra.value.value_or(0), 150 - 0.345, 0.01);
  EXPECT_EQ(facts("position RA DEC date\n", pointing).ra.value, std::nullopt);
  const std::string wcs =
      "CTYPE1A = 'RA---TAN'\nCTYPE2A = 'DEC--TAN'\nCRVAL1A = 80.0\nCRVAL2A = 10.0\nCRPIX1A = 50.5\nCRPIX2A = 50.5\n"
      "CDELT1A = -0.01\nCDELT2A = 0.01\nCTYPE1  = 'HPLN-TAN'\nCTYPE2  = 'HPLT-TAN'\n";
  EXPECT_NEAR(facts("position wcs A\n", wcs).ra.value.value_or(0), 80, 1e-9);
  EXPECT_EQ(facts("position wcs\n", wcs).ra.value, std::nullopt);
  EXPECT_EQ(facts("position wcs A\n", wcs).ra.keyword, "WCS A");
}

TEST_F(Language, SectionsAndScale) {
  const std::string cards =
      "BIASSEC = '[ 2049:2080, 1:4096]'\nDATASEC = 'none'\nCTYPE1  = 'RA---TAN'\nCTYPE2  = 'DEC--TAN'\nCD1_1   = 0.0\n"
      "CD1_2   = 1E-4\nCD2_1   = 1E-4\nCD2_2   = 0.0\nSCALE   = 0.187\n";
  const ImageFacts image = facts("biassec BIASSEC\ndatasec DATASEC\npixscale wcs\n", cards);
  EXPECT_EQ(image.biassec.value, "[2049:2080,1:4096]");
  EXPECT_EQ(image.datasec.value, std::nullopt);
  EXPECT_NEAR(image.pixscale.value.value_or(0), 0.36, 1e-9);
  EXPECT_EQ(facts("pixscale SCALE arcsec\n", cards).pixscale.value, 0.187);
}

TEST_F(Language, WhatLostIsTold) {
  const ImageFacts image =
      facts("range exptime 0..100\nexptime A s\nexptime B s\nexptime C s\n", "A = 'x'\nB = 500\nC = 7\n");
  EXPECT_EQ(image.exptime.value, 7);
  EXPECT_EQ(image.exptime.recipe.text, "exptime C s");
  EXPECT_EQ(image.exptime.recipe.line, 5);
  ASSERT_EQ(image.lost.size(), 2u);
  EXPECT_EQ(image.lost[0].keyword + " " + image.lost[0].reason, "A is no number");
  EXPECT_EQ(image.lost[1].keyword + " " + image.lost[1].reason, "B is out of range 0..100");
}

TEST_F(Language, LongTextsInDoubtsAreCutBetweenCharacters) {
  const std::string x(59, 'x');
  facts("exptime EXPTIME s\n", "EXPTIME = '" + x + "\xc3\xa9t'\n");
  ASSERT_EQ(doubts_.size(), 1u);
  EXPECT_EQ(doubts_[0].text, "EXPTIME \"" + x + "...\" is no number; exptime is not known");
}

TEST_F(Language, NumbersInsteadOfTextsAreAMistake) {
  std::ofstream(path_) << "camera test\nfilter WAVE 1..1e6\n";
  Result<Cameras> cameras = Cameras::load();
  EXPECT_THAT(cameras->add_file(path_).status().text(),
              HasSubstr("line 2, column 13: '1..1e6' means nothing behind filter"));
}

// The line with the most conditions counts, also when another line of the same table was tried before.
TEST(Choosing, TheMostSpecialLineOfATableCounts) {
  const std::string folder = ::testing::TempDir() + "imreg_choosing_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/a.cam")
      << "camera testa\nwhen TELESCOP Tester\nwhen TELESCOP Tester & INSTRUME I* & DETECTOR D\n";
  std::ofstream(folder + "/b.cam") << "camera testb\nwhen TELESCOP Tester & INSTRUME I*\n";
  const Result<Cameras> cameras = Cameras::load({{folder}, "", ""});
  ASSERT_TRUE(cameras.ok()) << cameras.status().text();
  FitsHeaders file;
  Hdu hdu;
  hdu.kind = HduKind::image;
  hdu.axes = {4, 4};
  for (const char* key : {"TELESCOP", "INSTRUME", "DETECTOR"})
    hdu.header.add(key, key[0] == 'T' ? "Tester" : std::string(1, key[0]));
  file.hdus.push_back(hdu);
  const auto facts = cameras->translate("f.fits", file, {});
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->camera, "testa");
  EXPECT_THAT(facts->warnings, ::testing::IsEmpty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace imreg

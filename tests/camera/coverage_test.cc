// What is right, unknown and suspicious: each check alone, on small headers read by the built-in tables.
#include "camera/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imreg/camera.h"
#include "imreg/date.h"

namespace imreg::camera {
namespace {

using ::testing::HasSubstr;

constexpr double kNow = 1.6e9;  // 2020-09-13

const Cameras& cameras() {
  static const Result<Cameras> loaded = Cameras::load();
  EXPECT_TRUE(loaded.ok()) << loaded.status().text();
  return *loaded;
}

// One image with headers that are good in all fields; set() changes a card, drop() takes one away.
class Image {
 public:
  Image() {
    cards_ = {{"INSTRUME", "'Cam'"},
              {"OBJECT", "'M 31'"},
              {"OBSTYPE", "'object'"},
              {"FILTER", "'r'"},
              {"EXPTIME", "60.0"},
              {"DATE-OBS", "'2001-01-27T10:20:30'"},
              {"DATE-END", "'2001-01-27T10:21:31'"},
              {"MJD-OBS", "51936.43090278"},
              {"DATE", "'2001-01-28T00:00:00'"},
              {"RA", "'10:00:00.0'"},
              {"DEC", "'+02:00:00.0'"},
              {"AIRMASS", "1.25"},
              {"DETTEMP", "-100.0"},
              {"CTYPE1", "'RA---TAN'"},
              {"CTYPE2", "'DEC--TAN'"},
              {"CRVAL1", "150.0"},
              {"CRVAL2", "2.0"},
              {"CRPIX1", "4.0"},
              {"CRPIX2", "4.0"},
              {"CDELT1", "-0.0001"},
              {"CDELT2", "0.0001"}};
  }
  Image& set(const std::string& key, const std::string& value) {
    for (auto& [name, text] : cards_) {
      if (name == key) return text = value, *this;
    }
    cards_.emplace_back(key, value);
    return *this;
  }
  Image& drop(const std::string& key) {
    std::erase_if(cards_, [&](const auto& card) { return card.first == key; });
    return *this;
  }
  FitsHeaders headers(int extensions = 1) const {
    FitsHeaders out;
    for (int i = 0; i < extensions; ++i) {
      std::string text;
      for (const auto& [key, value] : cards_) {
        std::string card = key;
        card.resize(8, ' ');
        card += "= " + value;
        card.resize(kCardSize, ' ');
        text += card;
      }
      Hdu hdu;
      hdu.number = i;
      hdu.kind = HduKind::image;
      hdu.axes = {8, 8};
      hdu.header = Header(text);
      out.hdus.push_back(std::move(hdu));
    }
    return out;
  }
  Judgement judged(std::string_view field) const {
    const FitsHeaders all = headers();
    const Result<FileFacts> facts = cameras().translate("/data/a.fits", all, {.camera = "generic", .explain = true});
    EXPECT_TRUE(facts.ok() && facts->images.size() == 1);
    const Judgements out = judge(all, *facts, 0, kNow);
    return out[static_cast<std::size_t>(std::find(kJudged.begin(), kJudged.end(), field) - kJudged.begin())];
  }

 private:
  std::vector<std::pair<std::string, std::string>> cards_;
};

void expect(const Image& image, std::string_view field, Verdict verdict, const std::string& reason = "") {
  const Judgement one = image.judged(field);
  EXPECT_EQ(one.verdict, verdict) << field << ": " << one.value << " " << one.reason;
  EXPECT_THAT(one.reason, HasSubstr(reason)) << field;
}

TEST(Judge, AGoodHeaderIsRightInAllFields) {
  for (const std::string_view field : kJudged) expect(Image(), field, Verdict::right);
}

TEST(Judge, TimesThatCannotBe) {
  constexpr const char* kField = "obstime";
  expect(Image().set("DATE-OBS", "'2031-01-27T10:20:30'").drop("MJD-OBS").drop("DATE"), kField, Verdict::suspicious,
         "is in the future");
  expect(Image().set("DATE", "'2001-01-25T00:00:00'"), kField, Verdict::suspicious, "is after DATE (2001-01-25)");
  expect(Image().set("DATE", "'2001-01-26T23:00:00'"), kField, Verdict::right);  // a night: local time
  expect(Image().set("MJD-OBS", "51930.0"), kField, Verdict::suspicious, "MJD-OBS");
  expect(Image().set("MJD-OBS", "0.0"), kField, Verdict::right);  // nothing
  expect(Image().set("DATE-OBS", "'2001-01-27'").drop("MJD-OBS").drop("DATE-END"), kField, Verdict::suspicious,
         "only the day");
  expect(Image().set("DATE-OBS", "'nn/nn/nn'").drop("MJD-OBS").drop("DATE-END"), kField, Verdict::suspicious,
         "DATE-OBS \"nn/nn/nn\"");
  expect(Image().drop("DATE-OBS").drop("MJD-OBS").drop("DATE-END"), kField, Verdict::unknown, "no keyword");
}

TEST(Judge, ExposureTimes) {
  expect(Image().set("EXPTIME", "200000.0").drop("DATE-END"), "exptime", Verdict::suspicious, "outside");
  expect(Image().set("EXPTIME", "75.0"), "exptime", Verdict::suspicious, "(61 s)");
  expect(Image().set("EXPTIME", "66.0"), "exptime", Verdict::right);  // within 10 %
  expect(Image().set("EXPTIME", "6.0"), "exptime", Verdict::right);   // of coadds with gaps
  expect(Image().set("EXPTIME", "-1.0"), "exptime", Verdict::suspicious, "EXPTIME \"-1.0\"");
  expect(Image().drop("EXPTIME").drop("DATE-END"), "exptime", Verdict::unknown);
}

TEST(Judge, Types) {
  expect(Image().set("OBSTYPE", "'bias'"), "type", Verdict::suspicious, "a bias that was exposed");
  expect(Image().set("OBSTYPE", "'dark'").set("EXPTIME", "0.0"), "type", Verdict::suspicious, "a dark of 0 s");
  expect(Image().set("EXPTIME", "0.0"), "type", Verdict::suspicious, "exposed for 0 s");
  expect(Image().set("OBSTYPE", "'my flats 7'"), "type", Verdict::suspicious, "OBSTYPE \"my flats 7\"");
  expect(Image().set("OBSTYPE", "'ARC'"), "type", Verdict::unknown, "OBSTYPE \"ARC\"");
  expect(Image().drop("OBSTYPE").drop("OBJECT"), "type", Verdict::unknown, "no keyword");
}

TEST(Judge, PositionsFiltersAndTheRest) {
  for (const char* field : {"ra", "dec"}) {
    expect(Image().set("CRVAL2", "12.0"), field, Verdict::suspicious, "is 10 degrees from the centre");
    expect(Image().set("CRVAL2", "4.0"), field, Verdict::right);
    expect(Image().set("CRVAL2", "12.0").set("OBSTYPE", "'flat'"), field, Verdict::right);
    expect(Image().set("RA", "'x'").drop("CTYPE1"), field, Verdict::suspicious, "RA \"x\"");
  }
  expect(Image().set("FILTER", "'No Such Glass'"), "filter", Verdict::suspicious, "not in the filter list");
  expect(Image().drop("DETTEMP"), "dettemp", Verdict::unknown);
}

TEST(Judge, NumbersThatATableLetThrough) {
  const FitsHeaders headers = Image().headers();
  Result<FileFacts> facts = cameras().translate("/data/a.fits", headers, {.camera = "generic", .explain = true});
  ASSERT_TRUE(facts.ok());
  facts->images[0].airmass.value = 0.5;
  facts->images[0].dettemp.value = 90;
  facts->images[0].object.value = "M\x01 31";
  const Judgements judged = judge(headers, *facts, 0, kNow);
  EXPECT_EQ(judged[6].reason, "is no airmass");
  EXPECT_EQ(judged[7].reason, "has characters that are none");
  EXPECT_EQ(judged[10].reason, "is no temperature of a detector");
}

TEST(Judge, WhatABiasNeedNotHave) {
  Image bias;
  bias.set("OBSTYPE", "'bias'").set("EXPTIME", "0.0").drop("DATE-END");
  for (const char* key : {"FILTER", "RA", "DEC", "AIRMASS", "OBJECT", "CTYPE1"}) bias.drop(key);
  for (const char* field : {"filter", "ra", "dec", "airmass", "object"}) expect(bias, field, Verdict::unneeded);
  for (const char* field : {"obstime", "exptime", "type", "instrument", "ccd", "dettemp"})
    expect(bias, field, Verdict::right);
  expect(Image(bias).set("OBSTYPE", "'flat'").set("EXPTIME", "1.0"), "filter", Verdict::unknown);
  expect(Image(bias).set("OBSTYPE", "'object'").set("EXPTIME", "1.0"), "airmass", Verdict::unknown);
}

TEST(Counting, ImagesByCameraAndFindingsByFile) {
  Image image;
  image.drop("DETTEMP").set("CCDNUM", "3");
  const FitsHeaders headers = image.headers(3);
  const Result<FileFacts> facts = cameras().translate("/data/a.fits", headers, {.camera = "generic", .explain = true});
  ASSERT_TRUE(facts.ok());
  ASSERT_EQ(facts->images.size(), 3u);
  Coverage coverage;
  coverage.add("a.fits", headers, *facts, kNow, true);
  coverage.add("b.fits", headers, *facts, kNow, false);
  const CameraCount count = coverage.cameras.at("generic");
  EXPECT_EQ(count.files, 2);
  EXPECT_EQ(count.images, 6);
  EXPECT_EQ(count.fields[0].right, 6);
  EXPECT_EQ(count.fields[9].suspicious, 6);  // three images with CCDNUM 3
  EXPECT_EQ(count.fields[10].unknown, 6);
  ASSERT_EQ(coverage.findings.size(), 2u);  // of a.fits alone, its images together
  EXPECT_EQ(coverage.findings[0].field, "ccd");
  EXPECT_EQ(coverage.findings[0].images, 3);
  EXPECT_EQ(coverage.findings[1].field, "dettemp");
  EXPECT_EQ(coverage.findings[1].verdict, Verdict::unknown);
  EXPECT_EQ(coverage.sum().images, 6);
}

TEST(Counting, SlicesAreNotCountedBesideTheirCube) {
  FitsHeaders headers = Image().headers();
  headers.hdus[0].axes = {8, 8, 5};
  const Result<FileFacts> facts = cameras().translate("/data/a.fits", headers, {.camera = "generic", .explain = true});
  ASSERT_TRUE(facts.ok());
  ASSERT_EQ(facts->images.size(), 6u);
  Coverage coverage;
  coverage.add("a.fits", headers, *facts, kNow, true);
  EXPECT_EQ(coverage.sum().images, 1);
}

}  // namespace
}  // namespace imreg::camera

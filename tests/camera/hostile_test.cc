// Broken tables and broken headers: an error or unknown values, never a crash (the sanitizers listen).
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "camera/cards.h"
#include "camera/catalog.h"
#include "camera/filters.h"
#include "camera/table.h"
#include "imreg/camera.h"

namespace imreg::camera {
namespace {

TEST(Hostile, MutilatedTablesAreReadOrRefused) {
  std::mt19937 random(7);
  int good = 0, bad = 0;
  const auto files = tables_in(IMREG_SOURCE_DIR "/formats/cameras");
  ASSERT_TRUE(files.ok());
  for (const TableFile& file : *files) {
    for (int round = 0; round < 60; ++round) {
      std::string text(file.text.substr(0, 4000));
      for (int i = 0; i < 4 && !text.empty(); ++i) {
        const std::size_t at = random() % text.size();
        switch (random() % 3) {
          case 0: text[at] = static_cast<char>(random() % 256); break;
          case 1: text.erase(at, random() % 20); break;
          default: text.insert(at, text.substr(random() % text.size(), random() % 30));
        }
      }
      if (file.is_list()) {
        FilterList list;
        (list.add(text, "x.list").ok() ? good : bad) += 1;
        continue;
      }
      const Result<Table> table = parse_table(text, "x.cam");
      (table.ok() ? good : bad) += 1;
      EXPECT_TRUE(table.ok() || table.status().text().starts_with("x.cam: ")) << table.status().text();
    }
  }
  EXPECT_GT(good, 0);
  EXPECT_GT(bad, 0);
}

TEST(Hostile, NonsenseInEveryKeyword) {
  const Result<Cameras> cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok()) << cameras.status().text();
  const char* const keys[] = {
      "DATE-OBS", "UTC-OBS", "TIME-OBS", "MJD-OBS",  "JD",      "EXPTIME", "EXPOSURE", "RA",     "DEC",     "EQUINOX",
      "RADESYS",  "FILTER",  "FILTER1",  "FILTER2",  "OBSTYPE", "EXTNAME", "CCDNUM",   "CTYPE1", "CTYPE2",  "CRVAL1",
      "CRVAL2",   "TIMESYS", "REL_DATE", "INSTRUME", "CCDNAME", "AMPNAME", "DETTEM",   "EXTVER", "TELESCOP"};
  const char* const values[] = {"'1e400'",
                                "1E400",
                                "-1E308",
                                "'NaN'",
                                "NaN",
                                "'inf'",
                                "99999999999999999999",
                                "''",
                                "",
                                "T",
                                "'9999-99-99T99:99:99'",
                                "'2003-01-27T15:20:01'",
                                "'-1:-1:-1'",
                                "'24:00:00'",
                                "'359:59:59'",
                                "0",
                                "'::'",
                                "'\xff\xfe'",
                                "'ccd99999999999'",
                                "'Segment10'",
                                "1 / minutes in radians",
                                "'RA---TAN'",
                                "'DEC--TAN'",
                                "'TAI'",
                                "-0.0",
                                "'9999-12-31T23:59:60'",
                                "1e18"};
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    FitsHeaders file;
    const int count = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < count; ++i) {
      std::string cards;
      for (unsigned n = random() % 25; n > 0; --n) {
        std::string card = keys[random() % std::size(keys)];
        card.resize(8, ' ');
        card += random() % 20 == 0 ? "=" : "= ";
        card += values[random() % std::size(values)];
        card.resize(kCardSize, ' ');
        cards += card;
      }
      Hdu hdu;
      hdu.number = i;
      hdu.kind = static_cast<HduKind>(random() % 6);
      hdu.header = Header(cards);
      for (unsigned n = random() % 5; n > 0; --n) hdu.axes.push_back(static_cast<std::int64_t>(random() % 7));
      file.hdus.push_back(std::move(hdu));
    }
    Cameras::Options options;
    options.split = random() % 2 == 0;
    const Result<FileFacts> facts = cameras->translate("f.fits", file, options);
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(facts->images.empty(), !facts->why_none.empty());
    for (const ImageFacts& image : facts->images) {
      EXPECT_TRUE(!image.ra.value || (*image.ra.value >= 0 && *image.ra.value < 360));
      EXPECT_TRUE(!image.dec.value || (*image.dec.value >= -90 && *image.dec.value <= 90));
      EXPECT_TRUE(!image.exptime.value || (*image.exptime.value >= 0 && *image.exptime.value <= 1e7));
      EXPECT_LT(image.obstime.value.value_or(0), 5e9);
      EXPECT_TRUE(!image.ccd.value || (*image.ccd.value >= 0 && *image.ccd.value < 32768));
      EXPECT_EQ(image.ra.value.has_value(), image.dec.value.has_value());
    }
  }
}

std::string card_of(const std::string& text) {
  std::string card = text;
  card.resize(kCardSize, ' ');
  return card;
}

Hdu image_of(const std::string& cards, int number = 0) {
  Hdu hdu;
  hdu.number = number;
  hdu.kind = HduKind::image;
  hdu.axes = {1, 1};
  hdu.header = Header(cards);
  return hdu;
}

// Keys that a multiplier known to everybody would put into one place: without another one in each process this runs for
// minutes, and with it for a tenth of a second.
TEST(Hostile, KeywordsThatFallTogether) {
  constexpr std::uint64_t kKnown = 0x9e3779b97f4a7c15;
  std::uint64_t inverse = kKnown;  // modulo 2^64, by Newton's iteration
  for (int i = 0; i < 5; ++i) inverse *= 2 - kKnown * inverse;
  ASSERT_EQ(kKnown * inverse, 1u);
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 1; i <= 500'000; ++i) keys.push_back(((std::uint64_t{0x123456} << 40) + i) * inverse);
  const Layout layout(keys);
  for (std::size_t i = 0; i < keys.size(); i += 1000) {
    EXPECT_TRUE(layout.each(keys[i], [&](std::size_t card) { return card == i; }));
    EXPECT_FALSE(layout.has(keys[i] ^ 1));
  }
}

TEST(Hostile, LayoutsAreForgottenByTheirSize) {
  LayoutCache cache;
  std::vector<std::weak_ptr<const Layout>> made;
  for (int file = 0; file < 1000; ++file) {
    std::string cards;
    for (int i = 0; i < 1900; ++i) {
      std::string name = "K" + std::to_string(file * 2000 + i);
      name.resize(8, ' ');
      cards += card_of(name + "= 1");
    }
    const Header header(cards);
    made.push_back(cache.layout_of(header));
    EXPECT_EQ(cache.layout_of(header), made.back().lock()) << "the last one is kept";
  }
  std::size_t bytes = 0;
  for (const auto& layout : made) {
    if (const auto kept = layout.lock()) bytes += kept->bytes();
  }
  EXPECT_GT(bytes, std::size_t{100'000});
  EXPECT_LE(bytes, std::size_t{16} << 20);
}

TEST(Hostile, ThousandsOfDatesAndTimes) {
  const Result<Cameras> cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  std::string cards;
  for (int i = 0; i < 500; ++i) cards += card_of("DATE-OBS= '2003-01-02'");
  for (int i = 0; i < 500; ++i) cards += card_of("UT      = 'nn'");
  FitsHeaders file;
  file.hdus.push_back(image_of(cards));
  const Result<FileFacts> facts = cameras->translate("f.fits", file, {.split = false, .camera = "", .explain = true});
  ASSERT_TRUE(facts.ok() && facts->images.size() == 1);
  std::map<int, int> lost;
  for (const LostCard& card : facts->images[0].lost) {
    if (card.field == "obstime" && card.keyword == "UT") ++lost[card.recipe.line];
  }
  ASSERT_FALSE(lost.empty());
  for (const auto& [line, count] : lost) EXPECT_LE(count, 2 * 16 * 16) << "recipe of line " << line;
}

TEST(Hostile, MoreDoubtsThanAnybodyReads) {
  const Result<Cameras> cameras = Cameras::load();
  ASSERT_TRUE(cameras.ok());
  FitsHeaders file;
  for (int i = 0; i < 1500; ++i) file.hdus.push_back(image_of(card_of("FILTER  = 'no " + std::to_string(i) + "'"), i));
  const Result<FileFacts> facts = cameras->translate("f.fits", file, {});
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->images.size(), 1500u);
  EXPECT_EQ(facts->doubts.size(), 1000u);
}

}  // namespace
}  // namespace imreg::camera

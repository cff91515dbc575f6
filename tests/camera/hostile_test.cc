// Broken tables and broken headers: an error or unknown values, never a crash (the sanitizers listen).
#include <gtest/gtest.h>

#include <random>

#include "base/embedded.h"
#include "camera/filters.h"
#include "camera/table.h"
#include "imreg/camera.h"

namespace imreg::camera {
namespace {

TEST(Hostile, MutilatedTablesAreReadOrRefused) {
  std::mt19937 random(7);
  int good = 0, bad = 0;
  for (const EmbeddedFile& file : embedded_cameras()) {
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
      if (file.name.ends_with(".list")) {
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

}  // namespace
}  // namespace imreg::camera

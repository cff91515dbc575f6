// Regions: what they promise to an index, the hard places of the sky, words, and nonsense. region_oracle_test.py holds the
// same against astropy and numpy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "imreg/sky_region.h"
#include "sky/angle.h"

namespace imreg {
namespace {

using Where = SkyRegion::Where;
using Corners = std::vector<std::pair<double, double>>;
using testing::HasSubstr;

SkyRegion good(Result<SkyRegion> made) {
  EXPECT_TRUE(made.ok()) << made.status().text();
  return made.ok() ? *std::move(made) : *SkyRegion::cone(0, 0, 1);
}

class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}
  double between(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }
  double ra() { return below(8) == 0 ? 45.0 * below(9) : between(0, 360); }
  double dec() {
    switch (below(8)) {
      case 0: return 90 - std::pow(10, between(-12, 1));
      case 1: return -90 + std::pow(10, between(-12, 1));
      case 2: return 45.0 * (below(5) - 2);
      default: return std::asin(between(-1, 1)) * 180 / M_PI;
    }
  }
  double size() { return below(4) == 0 ? between(90, 180) : std::pow(10, between(-6, 2.2)); }
  // Around a centre, going round once: does not cross itself, may hold a pole.
  Corners corners() {
    const double ra0 = ra(), dec0 = dec(), size = std::min(80.0, this->size());
    const int count = 3 + below(9);
    Corners out;
    for (int i = 0; i < count; ++i) {
      const double angle = 2 * M_PI * (i + between(0, 0.8)) / count, away = size * between(0.2, 1) * M_PI / 180;
      const double d = dec0 * M_PI / 180;
      const double sine = std::sin(d) * std::cos(away) + std::cos(d) * std::sin(away) * std::cos(angle);
      const double east = std::sin(angle) * std::sin(away),
                   north = std::cos(d) * std::cos(away) - std::sin(d) * std::sin(away) * std::cos(angle);
      out.emplace_back(normalize_degrees(ra0 + std::atan2(east, north) * 180 / M_PI),
                       std::asin(std::clamp(sine, -1.0, 1.0)) * 180 / M_PI);
    }
    return out;
  }
  SkyRegion region() {
    switch (below(3)) {
      case 0: return good(SkyRegion::cone(ra(), dec(), std::min(180.0, size())));
      case 1:
        for (;;) {
          double a = dec(), b = dec();
          if (below(2)) b = std::min(90.0, a + size());
          if (auto made = SkyRegion::box(ra(), below(5) ? ra() : 360, std::min(a, b), std::max(a, b))) return *made;
        }
      default:
        for (;;) {
          if (auto made = SkyRegion::polygon(corners())) return *made;  // a tiny one near the pole may touch itself
        }
    }
  }
  // Anywhere, or near where the region is.
  SkyPosition position(const SkyRegion& region) {
    if (below(3) == 0) return {ra(), dec()};
    const auto band = region.band();
    const double dec = std::clamp(between(band.low, band.high), -90.0, 90.0);
    const auto ranges = region.ra_ranges(dec, dec);
    if (ranges.empty()) return {ra(), dec};
    const auto range = ranges[static_cast<std::size_t>(below(static_cast<int>(ranges.size())))];
    return {std::min(between(range.low, range.high), 359.99999999999994), dec};
  }

 private:
  std::mt19937_64 random_;
};

bool covered(const std::vector<SkyRegion::Range>& ranges, double ra) {
  return std::any_of(ranges.begin(), ranges.end(), [ra](const auto& r) { return r.low <= ra && ra <= r.high; });
}

TEST(SkyRegion, BandAndRangesAreNeverTooSmall) {
  Draw draw(1);
  int inside = 0;
  for (int i = 0; i < 6000; ++i) {
    const SkyRegion region = draw.region();
    const auto band = region.band();
    ASSERT_LE(band.low, band.high);
    for (int j = 0; j < 40; ++j) {
      const auto at = draw.position(region);
      if (!region.contains(at.ra, at.dec)) continue;
      ++inside;
      ASSERT_TRUE(band.low <= at.dec && at.dec <= band.high) << i << ": " << at.ra << " " << at.dec;
      const double low = draw.below(3) ? at.dec - std::pow(10, draw.between(-9, 1)) : at.dec;
      const double high = draw.below(3) ? at.dec + std::pow(10, draw.between(-9, 1)) : at.dec;
      const auto ranges = region.ra_ranges(low, high);
      ASSERT_LE(ranges.size(), 2U);
      ASSERT_TRUE(covered(ranges, at.ra)) << i << ": " << at.ra << " " << at.dec << " in " << low << ".." << high;
      for (const auto& range : ranges) ASSERT_TRUE(0 <= range.low && range.low <= range.high && range.high <= 360);
    }
  }
  EXPECT_GT(inside, 60000);
}

// Ranges that are always the whole circle would pass the test above: hold them against the positions that are inside.
TEST(SkyRegion, RangesAreHardlyTooLarge) {
  const auto width = [](const SkyRegion& region, double low, double high) {
    double sum = 0;
    for (const auto& range : region.ra_ranges(low, high)) sum += range.high - range.low;
    return sum;
  };
  Draw draw(2);
  for (int i = 0; i < 300; ++i) {
    const double ra = draw.ra(), dec = draw.between(-75, 75), size = draw.between(0.5, 10);
    const SkyRegion cone = good(SkyRegion::cone(ra, dec, size));
    const SkyRegion box =
        good(SkyRegion::box(ra - size, ra + size > 360 ? ra + size - 360 : ra + size, dec - 2, dec + 2));
    Corners corners;
    for (int corner = 0; corner < 6; ++corner) {
      corners.emplace_back(normalize_degrees(ra + size * std::cos(corner)), dec + size * std::sin(corner));
    }
    const SkyRegion polygon = good(SkyRegion::polygon(corners));
    for (const SkyRegion* region : {&cone, &box, &polygon}) {
      const double low = draw.between(region->band().low, region->band().high), high = low + draw.between(0, 5);
      double west = 1000, east = -1000;  // of what is inside, from the centre
      for (int x = -2000; x <= 2000; ++x) {
        for (int y = 0; y <= 10; ++y) {
          const double away = x * 0.03;
          if (!region->contains(ra + away, low + y * (high - low) / 10)) continue;
          west = std::min(west, away), east = std::max(east, away);
        }
      }
      if (east < west) continue;
      // The steps of the grid, and the width that a curved side gains between two steps in declination.
      const double allowed =
          east - west + 0.07 + (region == &box ? 0 : 1.5 * std::sqrt(size * (high - low)) / std::cos(dec / 57));
      EXPECT_LE(width(*region, low, high), allowed) << i << " " << ra << " " << dec << " " << size << " " << low;
    }
    EXPECT_EQ(width(cone, dec + size + 1, dec + size + 2), 0);
    EXPECT_EQ(width(box, dec + 2.1, 90), 0);
    EXPECT_EQ(width(polygon, -90, dec - size - 1), 0);
    EXPECT_LE(width(cone, dec, dec), 2.001 * std::asin(std::sin(size / 57.29) / std::cos(dec / 57.29)) * 57.4 + 0.1);
  }
}

TEST(SkyRegion, ClassifyAgreesWithContains) {
  Draw draw(3);
  int seen[3] = {0, 0, 0};
  for (int i = 0; i < 4000; ++i) {
    const SkyRegion region = draw.region();
    for (int j = 0; j < 40; ++j) {
      const auto at = draw.position(region);
      const double margin = std::pow(10, draw.between(-8, 1.5));
      const Where where = region.classify(at.ra, at.dec, margin);
      ++seen[static_cast<int>(where)];
      if (where == Where::border) continue;
      ASSERT_EQ(region.contains(at.ra, at.dec), where == Where::inside) << i << ": " << at.ra << " " << at.dec;
      // Nothing within the margin is on the other side.
      for (int k = 0; k < 8; ++k) {
        const double angle = k * M_PI / 4, away = margin * M_PI / 180, d = at.dec * M_PI / 180;
        const double sine = std::sin(d) * std::cos(away) + std::cos(d) * std::sin(away) * std::cos(angle);
        const double dec = std::asin(std::clamp(sine, -1.0, 1.0)) * 180 / M_PI;
        if (std::abs(dec) > 89.999) continue;  // asin() is too coarse there
        const double ra =
            at.ra + 180 / M_PI *
                        std::atan2(std::sin(angle) * std::sin(away),
                                   std::cos(d) * std::cos(away) - std::sin(d) * std::sin(away) * std::cos(angle));
        ASSERT_EQ(region.contains(ra, dec), where == Where::inside)
            << i << ": " << at.ra << " " << at.dec << " margin " << margin << " to " << ra << " " << dec;
      }
    }
  }
  for (const int count : seen) EXPECT_GT(count, 5000);
}

// A distance from the border that is told apart: 1e-12 rad.
constexpr double kHair = 6e-11;  // degrees

TEST(SkyRegion, ConesAgreeWithTheDistance) {
  Draw draw(4);
  int inside = 0;
  for (int i = 0; i < 200000; ++i) {
    const double ra = draw.ra(), dec = draw.dec(),
                 radius = i % 5 == 0   ? 179.9
                          : i % 5 == 1 ? 0.01 / 3600
                                       : std::min(180.0, draw.size());
    const SkyRegion cone = good(SkyRegion::cone(ra, dec, radius));
    const auto at = draw.position(cone);
    const double distance = separation({ra, dec}, at);
    if (std::abs(distance - radius) < kHair) continue;
    ASSERT_EQ(cone.contains(at.ra, at.dec), distance < radius) << ra << " " << dec << " " << radius << ": " << distance;
    inside += distance < radius;
  }
  EXPECT_GT(inside, 50000);
}

TEST(SkyRegion, HardPlaces) {
  const SkyRegion pole = good(SkyRegion::cone(10, 89.5, 1));
  EXPECT_TRUE(pole.contains(190, 89.6));
  EXPECT_FALSE(pole.contains(190, 89.4));
  EXPECT_TRUE(pole.contains(77, 90));
  EXPECT_TRUE(good(SkyRegion::cone(0, 90, 180)).contains(0, -90)) << "the whole sky";
  EXPECT_TRUE(good(SkyRegion::cone(123.4, 56.7, 180)).contains(303.4, -56.7)) << "and its furthest point";
  EXPECT_TRUE(good(SkyRegion::cone(10, 0, 1)).contains(11, 0)) << "the border belongs to it";
  EXPECT_TRUE(good(SkyRegion::cone(-10, 0, 1)).contains(350, 0));
  EXPECT_TRUE(good(SkyRegion::cone(359.9, 0, 1)).contains(0.5, 0));
  EXPECT_TRUE(good(SkyRegion::cone(359.9, 0, 1)).contains(-0.5 + 720, 0));

  const SkyRegion over = good(SkyRegion::box(350, 10, -1, 1));
  EXPECT_TRUE(over.contains(350, 1) && over.contains(0, 0) && over.contains(10, -1) && over.contains(-5, 0));
  EXPECT_FALSE(over.contains(11, 0) || over.contains(180, 0) || over.contains(0, 1.0000001));
  EXPECT_TRUE(good(SkyRegion::box(-180, 180, 0, 1)).contains(200, 0.5)) << "the whole circle";
  EXPECT_TRUE(good(SkyRegion::box(10, 360, 0, 1)).contains(0, 0.5)) << "360 is 0";
  EXPECT_FALSE(good(SkyRegion::box(10, 360, 0, 1)).contains(5, 0.5));
  const SkyRegion cap = good(SkyRegion::box(10, 20, 80, 90));
  EXPECT_TRUE(cap.contains(200, 90)) << "the pole is at every right ascension";
  EXPECT_FALSE(cap.contains(200, 89.99));
  EXPECT_EQ(cap.ra_ranges(89, 90).front().high, 360);

  const SkyRegion around = good(SkyRegion::polygon({{0, 80}, {90, 80}, {180, 80}, {270, 80}}));
  EXPECT_TRUE(around.contains(45, 90) && around.contains(45, 85.5) && around.contains(0, 80));
  EXPECT_FALSE(around.contains(45, 80.1)) << "great circles run nearer to the pole than the parallel";
  EXPECT_TRUE(good(SkyRegion::polygon({{270, -80}, {180, -80}, {90, -80}, {0, -80}})).contains(1, -89));
  EXPECT_TRUE(good(SkyRegion::polygon({{0, 0}, {120, 0}, {240, 0}})).contains(5, 40))
      << "the left one of two hemispheres";
  EXPECT_TRUE(good(SkyRegion::polygon({{240, 0}, {120, 0}, {0, 0}})).contains(5, -40));
  const SkyRegion square = good(SkyRegion::polygon({{359, -1}, {1, -1}, {1, 1}, {359, 1}, {359, -1}}));
  EXPECT_TRUE(square.contains(0, 0) && square.contains(359, -1) && square.contains(1, 0) && square.contains(0.3, -1));
  EXPECT_FALSE(square.contains(180, 0) || square.contains(2, 0) || square.contains(1, 1.001));
  // Over the pole: an edge from 10 to 190 passes exactly through it.
  const SkyRegion through = good(SkyRegion::polygon({{10, 85}, {190, 85}, {280, 85}}));
  EXPECT_TRUE(through.contains(33, 90) && through.contains(280, 88));
  EXPECT_FALSE(through.contains(100, 89));
  EXPECT_EQ(through.band().high, 90);
  const SkyRegion wedge = good(SkyRegion::polygon({{20, 90}, {350, 80}, {10, 80}}));
  EXPECT_TRUE(wedge.contains(200, 90) && wedge.contains(5, 85) && wedge.contains(10, 80));
  EXPECT_FALSE(wedge.contains(11, 85) || wedge.contains(180, 89.9));
  EXPECT_EQ(wedge.ra_ranges(89, 90).front().high, 360);
  EXPECT_LT(wedge.ra_ranges(84, 86).front().high, 10.001) << "across 0h";
  // A long strip with more than half of the circle: positions opposite to each other are both inside.
  Corners strip;
  for (int ra = 0; ra <= 270; ra += 30) strip.emplace_back(ra, 1);
  for (int ra = 270; ra >= 0; ra -= 30) strip.emplace_back(ra, -1);
  const SkyRegion belt = good(SkyRegion::polygon(strip));
  EXPECT_TRUE(belt.contains(10, 0) && belt.contains(190, 0) && belt.contains(100, 0.9));
  EXPECT_FALSE(belt.contains(300, 0) || belt.contains(10, 45) || belt.contains(0, 90) || belt.contains(0, -90));

  for (const SkyRegion& region : {pole, over, around}) {
    for (const double none : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      EXPECT_FALSE(region.contains(none, 89.9) || region.contains(0, none));
      EXPECT_EQ(region.classify(none, 0, 1), Where::outside);
      EXPECT_EQ(region.classify(0, none, 1), Where::outside);
    }
    EXPECT_FALSE(region.contains(0, 91));
    EXPECT_TRUE(region.ra_ranges(5, 4).empty());
    EXPECT_TRUE(region.ra_ranges(std::nan(""), 90).empty());
  }
}

TEST(SkyRegion, ReadsWords) {
  const auto same_cone = [](std::string_view ra, std::string_view dec, std::string_view radius) {
    const SkyRegion cone = good(SkyRegion::parse_cone(ra, dec, radius));
    const double dec_deg = 2 + 12.0 / 60 + 21.0 / 3600, ra_deg = 15 * (10 + 28.6 / 3600);
    EXPECT_TRUE(cone.contains(ra_deg, dec_deg + 0.5 - 1e-9)) << ra << " " << dec << " " << radius;
    EXPECT_FALSE(cone.contains(ra_deg, dec_deg + 0.5 + 1e-9)) << ra << " " << dec << " " << radius;
    EXPECT_FALSE(cone.contains(ra_deg, dec_deg - 0.5 - 1e-9)) << ra << " " << dec << " " << radius;
  };
  for (const char* ra : {"10:00:28.6", "10h00m28.6s", "10 00 28.6", "150.1191666666666667", "150.1191666666666667d",
                         "1.501191666666666667e2", "150d07m09s", " 10:0:28.6 ", "-13:59:31.4"}) {
    same_cone(ra, "+02:12:21", "0.5d");
  }
  for (const char* dec : {"+02d12m21s", "2.2058333333333333", "02 12 21", "+2:12.35",
                          "2\xc2\xb0"
                          "12'21\""}) {
    same_cone("10:00:28.6", dec, "30'");
  }
  for (const char* radius : {"0.5", "0.5d", ".5 deg", "30'", "30 arcmin", "30m", "1800\"", "1800 arcsec", "1800s",
                             "0:30", "0d30m", "+0.5", "30\xe2\x80\xb2", "5e-1", "1800''"}) {
    same_cone("10:00:28.6", "+02:12:21", radius);
  }
  for (const char* corners : {"359,-1 1,-1 1,1 359,1", "359 -1 1 -1 1 1 359 1", " 359, -1, 1, -1, 1,1,359,1 ",
                              "23:56:00,-1:00:00 0:04:00,-1 1,1 -1,1", "359,-1 1,-1 1,1 359,1 359,-1"}) {
    const SkyRegion square = good(SkyRegion::parse_polygon(corners));
    EXPECT_TRUE(square.contains(0, 0) && square.contains(359.001, 0.999)) << corners;
    EXPECT_FALSE(square.contains(1.001, 0) || square.contains(0, -1.001)) << corners;
  }
  const SkyRegion box = good(SkyRegion::parse_box("23:56:00", "4m", "-1:30", "+2d"));
  EXPECT_TRUE(box.contains(359.001, -1.5) && box.contains(0.999, 2));
  EXPECT_FALSE(box.contains(358.999, 0) || box.contains(1.001, 0));
}

TEST(SkyRegion, RefusesNonsenseByItsWord) {
  const auto message = [](const Result<SkyRegion>& made) {
    EXPECT_FALSE(made.ok());
    EXPECT_EQ(made.status().code(), Code::invalid);
    EXPECT_EQ(made.status().text().find('\n'), std::string::npos);
    return made.status().text();
  };
  const auto cone = [&](const char* ra, const char* dec, const char* radius) {
    return message(SkyRegion::parse_cone(ra, dec, radius));
  };
  for (const char* radius : {"0", "-1", "400", "400d", "180.0001", "nan", "inf", "-5'", "1e9\"", "0\"", "-0"}) {
    EXPECT_THAT(cone("10", "2", radius),
                HasSubstr("radius \"" + std::string(radius) + "\" is not above 0 and up to 180"));
  }
  for (const char* radius : {"", "x", "5x", "'", "5 parsec", "1h", "5'5x", "1:60:00"}) {
    EXPECT_THAT(cone("10", "2", radius), HasSubstr("radius \"" + std::string(radius) + "\" is no angle"));
  }
  for (const char* ra : {"400", "-361", "25:00:00", "1e99"}) {
    EXPECT_THAT(cone(ra, "2", "1"), HasSubstr("right ascension \"" + std::string(ra) + "\" is not within -360..360"));
  }
  EXPECT_THAT(cone("nan", "2", "1"), HasSubstr("right ascension \"nan\": column 1"));
  EXPECT_THAT(cone("", "2", "1"), HasSubstr("right ascension \"\": column 1"));
  EXPECT_THAT(cone("10:61:00", "2", "1"),
              HasSubstr("right ascension \"10:61:00\": column 4: minutes are not below 60"));
  EXPECT_THAT(cone("M31", "2", "1"), HasSubstr("right ascension \"M31\": column 1"));
  EXPECT_THAT(cone("2", "150.1", "1"), HasSubstr("declination \"150.1\" is not within -90..90"));
  EXPECT_THAT(cone("2", "95", "1"), HasSubstr("declination \"95\""));
  EXPECT_THAT(cone("2", "nan", "1"), HasSubstr("declination \"nan\""));
  EXPECT_THAT(cone("2", "-90:00:01", "1"), HasSubstr("declination \"-90:00:01\""));
  EXPECT_THAT(cone("2", "5h", "1"), HasSubstr("declination \"5h\" counts in degrees"));
  EXPECT_THAT(cone("2", "", "1"), HasSubstr("declination \"\": column 1"));

  EXPECT_THAT(message(SkyRegion::parse_box("10", "20", "5", "-5")),
              HasSubstr("\"5\", \"-5\" must go from south to north"));
  EXPECT_THAT(message(SkyRegion::parse_box("10", "20", "5", "5")), HasSubstr("\"5\", \"5\""));
  EXPECT_THAT(message(SkyRegion::parse_box("10", "10", "5", "6")), HasSubstr("\"10\", \"10\" are the same"));
  EXPECT_THAT(message(SkyRegion::parse_box("-10", "350", "5", "nan")), HasSubstr("declination \"nan\""));
  EXPECT_THAT(message(SkyRegion::box(-10, 350.0000001 - 0.0000001, 5, 95)), HasSubstr("declination 95"));

  const auto polygon = [&](const char* corners) { return message(SkyRegion::parse_polygon(corners)); };
  EXPECT_THAT(polygon(""), HasSubstr("polygon \"\": a polygon needs at least 3 corners, this one has 0"));
  EXPECT_THAT(polygon("1,1 2,2"), HasSubstr("polygon \"1,1 2,2\": a polygon needs at least 3 corners, this one has 2"));
  EXPECT_THAT(polygon("1,1 2,2 1,1"), HasSubstr("this one has 2"));
  EXPECT_THAT(polygon("1,1 2,2 3"), HasSubstr("has 5 numbers"));
  EXPECT_THAT(polygon("1,1 2,2 3,95"), HasSubstr("declination \"95\""));
  EXPECT_THAT(polygon("1,1 2,2 x,5"), HasSubstr("right ascension \"x\""));
  EXPECT_THAT(polygon("0,0 1,1 1,0 0,1"), HasSubstr("edge from corner 1 to 2 crosses or touches that from 3 to 4"));
  EXPECT_THAT(polygon("359,0 1,1 1,0 359,1"), HasSubstr("crosses"));
  EXPECT_THAT(polygon("0,80 180,80 90,80 270,80"), HasSubstr("crosses"));
  EXPECT_THAT(polygon("0,0 2,0 2,2 1,0"), HasSubstr("touches")) << "a corner on another edge";
  EXPECT_THAT(polygon("0,0 1,0 2,0"), HasSubstr("turns back upon itself at corner"));
  EXPECT_THAT(polygon("0,0 0,0 1,1"), HasSubstr("corners 1 and 2 are the same position"));
  EXPECT_THAT(polygon("0,90 50,90 1,1"), HasSubstr("corners 1 and 2 are the same position")) << "the pole twice";
  EXPECT_THAT(polygon("0,0 180,0 90,50"), HasSubstr("corners 1 and 2 are opposite"));
  EXPECT_THAT(message(SkyRegion::polygon(Corners(SkyRegion::kMaxCorners + 2))), HasSubstr("at most 2000 corners"));
  EXPECT_THAT(message(SkyRegion::cone(std::nan(""), 0, 1)), HasSubstr("right ascension nan"));
  EXPECT_THAT(message(SkyRegion::parse_polygon(std::string(100000, '1'))), HasSubstr("111..."));
}

}  // namespace
}  // namespace imreg

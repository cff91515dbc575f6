// The simulator: plans that could be observed, files that depend on nothing but their seed, clear refusals.
#include "imreg/simulate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "../folder.h"
#include "base/camera_geometry.h"
#include "image/night_sky.h"
#include "image/sim_camera.h"

namespace imreg {
namespace {

namespace fs = std::filesystem;

std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Every file below a folder: name below it, bytes.
std::map<std::string, std::string> all_files(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read_bytes(entry.path());
  }
  return files;
}

SimulateOptions small() {
  SimulateOptions options;
  options.ccds = 3;
  options.objects = 2;
  options.chip_width = 64;
  options.chip_height = 48;
  options.overscan = 8;
  return options;
}

TEST(Plan, CouldBeObserved) {
  for (std::uint64_t seed : {1, 2, 77}) {
    for (int objects : {1, 2, 7, 20, 300}) {
      for (int night : {0, 1, 13, 14, 200, 3999}) {
        SimulateOptions options;
        options.seed = seed;
        options.objects = objects;
        auto plan = plan_night(options, night);
        ASSERT_TRUE(plan.ok()) << plan.status().text();
        EXPECT_LT(plan->sunset, plan->sunrise);
        std::map<std::string, int> types;
        double free = 0;
        int number = 0;
        for (const PlannedExposure& exposure : plan->exposures) {
          SCOPED_TRACE(exposure.name + " seed " + std::to_string(seed) + " night " + std::to_string(night));
          ++types[exposure.type];
          EXPECT_GT(exposure.number, number);
          EXPECT_GE(exposure.obstime, free) << "shutter still open";
          number = exposure.number;
          free = exposure.obstime + exposure.exptime;
          EXPECT_EQ(exposure.name, std::to_string(exposure.number) + exposure.letter);
          const double sun = horizontal(exposure.obstime, sun_position(exposure.obstime)).altitude;
          if (exposure.type == "object") {
            EXPECT_LT(sun, -14.9);
            EXPECT_LT(horizontal(free, sun_position(free)).altitude, -12);
            EXPECT_LT(exposure.airmass, 2.5);
            EXPECT_GT(exposure.seeing, 0.2);
            EXPECT_LT(exposure.seeing, 5);
            EXPECT_GT(exposure.sky_rate, 0);
          } else if (exposure.type == "flat") {
            EXPECT_LT(sun, -2);
            EXPECT_GT(exposure.sky_rate * exposure.exptime, 10000);
            EXPECT_LT(exposure.sky_rate * exposure.exptime, 80000);
          } else {
            EXPECT_GT(sun, 0) << "afternoon";
          }
        }
        EXPECT_EQ(types["object"], objects);
        EXPECT_EQ(types["bias"], 3);
        EXPECT_EQ(types["dark"], 2);
        EXPECT_EQ(types["flat"], 5);
        EXPECT_LT(static_cast<int>(plan->exposures.size()), 500) << "would run into the numbers of the next night";
      }
    }
  }
}

TEST(Plan, NightsHaveTheirOwnDatesNumbersAndMoon) {
  SimulateOptions options;
  std::set<std::string> folders;
  std::set<int> numbers;
  double brightest = 0, darkest = 1;
  for (int night = 0; night < 60; ++night) {
    auto plan = plan_night(options, night);
    ASSERT_TRUE(plan.ok());
    folders.insert(plan->folder);
    for (const auto& exposure : plan->exposures) EXPECT_TRUE(numbers.insert(exposure.number).second);
    brightest = std::max(brightest, plan->moon_illumination);
    darkest = std::min(darkest, plan->moon_illumination);
  }
  EXPECT_EQ(folders.size(), 60U);
  EXPECT_EQ(*folders.begin(), "00BS01-Jan26");
  EXPECT_GT(brightest, 0.95);
  EXPECT_LT(darkest, 0.15);
}

// Full moon of 2001-01-09 20:24 UTC (a lunar eclipse), new moon of 2001-01-24 13:07.
TEST(NightSky, MoonPhases) {
  EXPECT_NEAR(moon_elongation(979071840), 180, 1);
  EXPECT_NEAR(std::remainder(moon_elongation(980341620), 360), 0, 1);
}

TEST(NightSky, PlaneAndBack) {
  const SkyPosition center{359.9, -40};
  for (double xi : {-0.4, 0.0, 0.3}) {
    for (double eta : {-0.2, 0.0, 0.5}) {
      const PlanePosition plane = to_plane(center, from_plane(center, {xi, eta}));
      EXPECT_NEAR(plane.xi, xi, 1e-10);
      EXPECT_NEAR(plane.eta, eta, 1e-10);
    }
  }
}

TEST(Geometry, ChipsFillTheMosaicWithoutOverlap) {
  for (int ccds : {1, 2, 3, 4, 5, 12, 40, 101}) {
    SimulateOptions options;
    options.ccds = ccds;
    options.chip_width = 40;
    options.chip_height = 60;
    const CameraGeometry camera = sim_geometry(options);
    ASSERT_EQ(static_cast<int>(camera.chips.size()), ccds);
    std::vector<char> taken(static_cast<std::size_t>(camera.width * camera.height));
    std::set<std::string> names;
    for (const ChipGeometry& chip : camera.chips) {
      names.insert(chip.name);
      EXPECT_EQ(chip.data.width(), chip.detector.width());
      EXPECT_EQ(chip.data.height(), chip.detector.height());
      for (int x = chip.data.x1; x <= chip.data.x2; ++x) {
        for (int y = chip.data.y1; y <= chip.data.y2; ++y) {
          const int mx = static_cast<int>(chip.mosaic_x(x)), my = static_cast<int>(chip.mosaic_y(y));
          ASSERT_TRUE(mx >= 1 && mx <= camera.width && my >= 1 && my <= camera.height);
          char& pixel = taken[static_cast<std::size_t>((my - 1) * camera.width + mx - 1)];
          ASSERT_EQ(pixel, 0) << "two chips at " << mx << ' ' << my;
          pixel = 1;
          ASSERT_EQ(chip.raw_x(mx), x);
          ASSERT_EQ(chip.raw_y(my), y);
        }
      }
    }
    EXPECT_EQ(names.size(), camera.chips.size());
  }
}

TEST(Simulate, SameSeedSameBytes) {
  Folder folder;
  SimulateOptions options = small();
  ASSERT_TRUE(simulate_nights(folder / "a", options).ok());
  ASSERT_TRUE(simulate_nights(folder / "b", options).ok());
  options.seed = 2;
  ASSERT_TRUE(simulate_nights(folder / "c", options).ok());
  const auto a = all_files(folder / "a"), c = all_files(folder / "c");
  EXPECT_TRUE(a == all_files(folder / "b"));
  EXPECT_EQ(a.size(), 13U) << "12 exposures and truth.csv";
  ASSERT_EQ(a.size(), c.size());
  for (const auto& [name, bytes] : a) EXPECT_TRUE(bytes != c.at(name)) << name << " does not depend on the seed";
}

TEST(Simulate, NightsDoNotDependOnTheirNumber) {
  Folder folder;
  SimulateOptions options = small();
  options.nights = 1;
  ASSERT_TRUE(simulate_nights(folder / "one", options).ok());
  options.nights = 3;
  int calls = 0, all = 0;
  ASSERT_TRUE(simulate_nights(folder / "three", options, [&](int done, int of) {
                EXPECT_EQ(done, ++calls);
                all = of;
              }).ok());
  EXPECT_EQ(calls, 36);
  EXPECT_EQ(all, 36);
  auto one = all_files(folder / "one"), three = all_files(folder / "three");
  EXPECT_EQ(three.size(), 37U);
  EXPECT_EQ(three["truth.csv"].substr(0, one["truth.csv"].size()), one["truth.csv"]);
  one.erase("truth.csv");
  for (const auto& [name, bytes] : one) EXPECT_TRUE(three[name] == bytes) << name;
}

TEST(Simulate, SplitHasThePixelsOfMef) {
  Folder folder;
  SimulateOptions options = small();
  options.stars = true;
  auto mef = simulate_nights(folder / "mef", options);
  options.mode = SimulateMode::split;
  auto split = simulate_nights(folder / "split", options);
  ASSERT_TRUE(mef.ok() && split.ok());
  ASSERT_EQ(mef->size(), 36U);
  ASSERT_EQ(split->size(), 36U);
  const std::size_t size = 80 * 48 * 2, blocks = (size + 2879) / 2880 * 2880;
  for (std::size_t i = 0; i < mef->size(); ++i) {
    const SimulatedImage &m = (*mef)[i], &s = (*split)[i];
    const std::string file = read_bytes(folder / "mef/" + m.path), chip = read_bytes(folder / "split/" + s.path);
    ASSERT_EQ(chip.size() % 2880, 0U);
    ASSERT_EQ(file.size() % 2880, 0U);
    EXPECT_NE(file.find(chip.substr(chip.size() - blocks)), std::string::npos) << m.path;
    EXPECT_EQ(m.extension, m.ccd + 1);
    EXPECT_EQ(s.extension, 0);
    EXPECT_EQ(m.sky, s.sky);
    EXPECT_EQ(m.star_count, static_cast<int>(m.stars.size()));
    for (const SimulatedStar& star : m.stars) {
      EXPECT_TRUE(star.x >= 8.5 && star.x < 72.5 && star.y >= 0.5 && star.y < 48.5) << star.x << ' ' << star.y;
    }
  }
  EXPECT_EQ((*split)[0].path, "00BS01-Jan26/600001b/600001b00.fits");
  EXPECT_EQ((*mef)[0].path, "00BS01-Jan26/600001b.fits");
}

TEST(Simulate, RefusesWhatItCannotDo) {
  Folder folder;
  const auto refuses = [&](auto change, const std::string& word) {
    SimulateOptions options = small();
    change(options);
    auto result = simulate_nights(folder / "x", options);
    ASSERT_FALSE(result.ok()) << word;
    EXPECT_EQ(result.status().code(), Code::invalid);
    EXPECT_NE(result.status().message().find(word), std::string::npos) << result.status().message();
  };
  refuses([](SimulateOptions& o) { o.nights = 0; }, "nights");
  refuses([](SimulateOptions& o) { o.nights = 4001; }, "nights");
  refuses([](SimulateOptions& o) { o.ccds = 0; }, "ccds");
  refuses([](SimulateOptions& o) { o.ccds = 1000; }, "ccds");
  refuses([](SimulateOptions& o) { o.objects = -1; }, "objects");
  refuses([](SimulateOptions& o) { o.chip_width = 3; }, "width");
  refuses([](SimulateOptions& o) { o.overscan = 0; }, "overscan");
  refuses([](SimulateOptions& o) { o.pixel_scale = std::nan(""); }, "scale");
  EXPECT_FALSE(fs::exists(folder / "x"));

  std::ofstream(folder / "file") << "in the way";
  auto result = simulate_nights(folder / "file", small());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::io);
  EXPECT_NE(result.status().text().find("file"), std::string::npos);

  fs::create_directories(folder / "taken/00BS01-Jan26/600001b.fits");
  result = simulate_nights(folder / "taken", small());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::io);
  EXPECT_NE(result.status().file().find("600001b.fits"), std::string::npos);
  for (const auto& entry : fs::recursive_directory_iterator(folder / "taken")) {
    EXPECT_NE(entry.path().extension(), ".part") << "a half-written file is left";
  }
}

}  // namespace
}  // namespace imreg

// Sections, exact statistics and rows of planes in memory, against a naive oracle that sorts everything.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "imreg/pixels.h"
#include "pixels/byte_order.h"

namespace imreg {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A plane and its memory.
template <class T>
struct Owned {
  std::vector<T> values;
  std::vector<char> bytes;
  PixelPlane plane;
  Owned(std::vector<T> stored, std::int64_t width) : values(std::move(stored)) {
    bytes.resize(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    swap_bytes(bytes.data(), bytes.size(), sizeof(T));
    plane.bytes = reinterpret_cast<const unsigned char*>(bytes.data());
    plane.bitpix = static_cast<int>(sizeof(T)) * (std::is_floating_point_v<T> ? -8 : 8);
    plane.width = width;
    plane.height = static_cast<std::int64_t>(values.size()) / width;
  }
};

template <class T>
PixelStatistics naive(const std::vector<PixelArea>& areas, const std::vector<const Owned<T>*>& owners,
                      double saturation) {
  PixelStatistics out;
  std::vector<double> values;
  for (std::size_t a = 0; a < areas.size(); ++a) {
    const auto& [plane, box] = areas[a];
    for (std::int64_t y = box.y; y < box.y + box.height; ++y) {
      for (std::int64_t x = box.x; x < box.x + box.width; ++x) {
        const T stored = owners[a]->values[static_cast<std::size_t>(y * plane->width + x)];
        ++out.pixels;
        const bool blank = plane->blank && static_cast<double>(stored) == static_cast<double>(*plane->blank);
        const double value = plane->bscale * static_cast<double>(stored) + plane->bzero;
        if (blank || std::isnan(value)) {
          ++out.bad;
        } else {
          values.push_back(value);
          if (value >= saturation) ++out.saturated;
        }
      }
    }
  }
  if (values.empty()) return out;
  const auto middle = [](std::vector<double>& v) {
    std::sort(v.begin(), v.end());
    return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
  };
  out.median = middle(values);
  out.minimum = values.front(), out.maximum = values.back();
  out.at_minimum = std::count(values.begin(), values.end(), out.minimum);
  out.at_maximum = std::count(values.begin(), values.end(), out.maximum);
  for (double& value : values) value = std::abs(value - out.median);
  out.sigma = 1.482602218505602 * middle(values);
  return out;
}

void expect_same(const PixelStatistics& got, const PixelStatistics& wanted, const std::string& what) {
  const auto same = [](double a, double b) {
    return a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
  };
  EXPECT_EQ(got.pixels, wanted.pixels) << what;
  EXPECT_EQ(got.bad, wanted.bad) << what;
  EXPECT_EQ(got.saturated, wanted.saturated) << what;
  EXPECT_EQ(got.at_minimum, wanted.at_minimum) << what;
  EXPECT_EQ(got.at_maximum, wanted.at_maximum) << what;
  EXPECT_TRUE(same(got.median, wanted.median)) << what << " median " << got.median << " wanted " << wanted.median;
  EXPECT_TRUE(same(got.sigma, wanted.sigma)) << what << " sigma " << got.sigma << " wanted " << wanted.sigma;
  EXPECT_TRUE(same(got.minimum, wanted.minimum)) << what;
  EXPECT_TRUE(same(got.maximum, wanted.maximum)) << what;
}

template <class T>
void hold_against_naive(int round) {
  Random random(static_cast<std::uint64_t>(round) * 77 + sizeof(T));
  // Above 131072 pixels a sample chooses the windows.
  const std::int64_t width = 1 + random.below(700), height = 1 + random.below(round % 4 == 0 ? 600 : 60);
  std::vector<T> values(static_cast<std::size_t>(width * height));
  const double spread = std::pow(10, random.uniform(0, 4));
  const int kind = round % 7;
  for (T& value : values) {
    double v = 100 + (kind < 3    ? spread * random.normal()
                      : kind == 3 ? random.below(3)
                      : kind == 4 ? (random.below(2) == 0 ? 0 : spread)
                                  : 5);
    if (kind == 5 && random.below(50) == 0) v = spread;
    if (kind == 6) v = std::floor(random.uniform(0, 100)) * std::floor(random.uniform(0, 100));
    if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(v);
      if (kind == 2 && random.below(3) == 0) value = std::numeric_limits<T>::quiet_NaN();
    } else {
      value = static_cast<T>(std::clamp(v, static_cast<double>(std::numeric_limits<T>::lowest()),
                                        0.9 * static_cast<double>(std::numeric_limits<T>::max())));
    }
  }
  Owned<T> owned(std::move(values), width);
  if (std::is_integral_v<T> && round % 3 == 1) owned.plane.blank = static_cast<std::int64_t>(owned.values[0]);
  if (round % 5 == 2) owned.plane.bscale = -0.25, owned.plane.bzero = 3;
  std::vector<PixelArea> areas;
  const int boxes = round % 2 == 0 ? 1 : 3;
  for (int i = 0; i < boxes; ++i) {
    PixelBox box{0, 0, width, height};
    if (i > 0 || boxes == 3) {
      box.x = random.below(static_cast<std::uint32_t>(width)), box.y = random.below(static_cast<std::uint32_t>(height));
      box.width = random.below(static_cast<std::uint32_t>(width - box.x + 1)),
      box.height = random.below(static_cast<std::uint32_t>(height - box.y + 1));
    }
    areas.push_back({&owned.plane, box});
  }
  const std::vector<const Owned<T>*> owners(areas.size(), &owned);
  const double saturation = owned.plane.value(round % 2 == 0 ? 104 : 96);
  expect_same(statistics_of(areas, saturation), naive(areas, owners, saturation),
              "bytes " + std::to_string(sizeof(T)) + " round " + std::to_string(round));
}

TEST(Statistics, HoldAgainstSorting) {
  for (int round = 0; round < 80; ++round) {
    hold_against_naive<std::uint8_t>(round);
    hold_against_naive<std::int16_t>(round);
    hold_against_naive<std::int32_t>(round);
    hold_against_naive<std::int64_t>(round);
    hold_against_naive<float>(round);
    hold_against_naive<double>(round);
  }
}

TEST(Statistics, OfSeveralPlanes) {
  const Owned<float> a({1, 2, 3, 4}, 2), b({10, 20, 30, 40, 50, 60}, 3);
  const std::vector<PixelArea> areas = {{&a.plane, {0, 0, 2, 2}}, {&b.plane, {1, 0, 2, 2}}};
  const PixelStatistics got = statistics_of(areas);  // 1 2 3 4 20 30 50 60
  EXPECT_EQ(got.median, 12);
  EXPECT_EQ(got.maximum, 60);
  EXPECT_EQ(got.pixels, 8);
}

TEST(Statistics, OfNothing) {
  EXPECT_TRUE(std::isnan(statistics_of({}).median));
  const Owned<float> nothing({static_cast<float>(kNan), static_cast<float>(kNan)}, 2);
  const std::vector<PixelArea> areas = {{&nothing.plane, {0, 0, 2, 1}}};
  const PixelStatistics got = statistics_of(areas);
  EXPECT_TRUE(std::isnan(got.median) && std::isnan(got.sigma) && std::isnan(got.maximum));
  EXPECT_EQ(got.bad, 2);
  const std::vector<PixelArea> empty = {{&nothing.plane, {}}};
  EXPECT_EQ(statistics_of(empty).pixels, 0);
}

// Values that no sample finds: one in the middle of a gap, and windows that ties overflow.
TEST(Statistics, HardForSamples) {
  std::vector<double> values(400'001);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = i < 200'000 ? -1e300 * (1 + static_cast<double>(i)) / 1e6 : 1e300 * static_cast<double>(i) / 1e6;
  values[200'000] = 1e-300;
  const Owned<double> gap(values, 400'001);
  const std::vector<PixelArea> areas = {{&gap.plane, {0, 0, 400'001, 1}}};
  EXPECT_EQ(statistics_of(areas).median, 1e-300);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 8 == 0 ? 5 + 1e-9 * static_cast<double>(i) : 5;
  const Owned<double> ties(values, 400'001);
  const std::vector<PixelArea> tied = {{&ties.plane, {0, 0, 400'001, 1}}};
  expect_same(statistics_of(tied), naive<double>(tied, {&ties}, 1e308), "ties");
}

TEST(Rows, AreNumbers) {
  Owned<std::int16_t> a({-32768, 0, 7, 32767}, 4);
  a.plane.bzero = 32768;
  a.plane.blank = 7;
  std::vector<float> row(3);
  read_row(a.plane, 0, 1, row);
  EXPECT_EQ(row[0], 32768.0F);
  EXPECT_TRUE(std::isnan(row[1]));
  EXPECT_EQ(row[2], 65535.0F);
  EXPECT_EQ(a.plane.limit(), 65535);
  Owned<std::int32_t> b({1'000'000'007, -3}, 1);
  b.plane.bscale = -0.5;
  std::vector<float> one(1);
  read_row(b.plane, 1, 0, one);
  EXPECT_EQ(one[0], 1.5F);
  EXPECT_EQ(b.plane.limit(), 1073741824);
}

struct Spelling {
  const char* text;
  PixelBox box;  // in an image of 100 x 50
  bool whole;
};

TEST(Sections, InTheirSpellings) {
  constexpr Spelling kSpellings[] = {
      {"[1:32,1:50]", {0, 0, 32, 50}, true},   {" [ 1 : 32 , 1 : 50 ] ", {0, 0, 32, 50}, true},
      {"'[1:32,1:50]'", {0, 0, 32, 50}, true}, {"[32:1,50:1]", {0, 0, 32, 50}, true},
      {"[*,1:10]", {0, 0, 100, 10}, true},     {"[:,:]", {0, 0, 100, 50}, true},
      {"[1:100, :]", {0, 0, 100, 50}, true},   {"[90:100]", {90 - 1, 0, 11, 50}, true},
      {"[90:101,2]", {89, 1, 11, 1}, false},   {"[0:9,1:5]", {0, 0, 9, 5}, false},
      {"[-4:9,0:5]", {0, 0, 9, 5}, false},     {"[200:300,1:5]", {}, false},
      {"1:32,1:50", {0, 0, 32, 50}, true},     {"(1:32,1:50)", {0, 0, 32, 50}, true},
      {"[-*,1:2]", {0, 0, 100, 2}, true},      {"[1.0:32.0,1:50]", {0, 0, 32, 50}, true},
      {"[10:20:2,1:5]", {9, 0, 11, 5}, true},  {"[1:5,1:5,1:1]", {0, 0, 5, 5}, true},
      {"[5:*,49:*]", {4, 48, 96, 2}, true},
  };
  for (const Spelling& s : kSpellings) {
    const auto section = parse_section(s.text);
    ASSERT_TRUE(section) << s.text;
    bool whole = false;
    EXPECT_EQ(clip_section(*section, 100, 50, &whole), s.box) << s.text;
    EXPECT_EQ(whole, s.whole) << s.text;
  }
  for (const char* text :
       {"", "none", "N/A", "[0:0,0:0]", "[1:2,0:0]", "[", "[]", "[1:2", "[a:b,1:2]", "[1:2,1:2,1:2,1:2]", "[1.5:2,1:2]",
        "17", "[17]", "[1:99999999999999999999,1:2]", "[nan:2,1:2]", "[1::2:3,1]"}) {
    EXPECT_FALSE(parse_section(text)) << text;
  }
  EXPECT_TRUE(parse_section("[5:1,1:2]")->flip_x());
}

}  // namespace
}  // namespace imreg

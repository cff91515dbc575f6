// Pictures as files and back: by the bytes of another number of threads, by what comes back, by sums over what a pixel covers.
#include "raster/raster.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <random>

namespace imreg::raster {
namespace {

// Smooth, as skies are: what JPEG is made for.
Raster smooth(int width, int height, int channels) {
  Raster out(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c)
        out.at(x, y)[c] = static_cast<std::uint8_t>(127 + 100 * std::sin(x / 40.0 + c) * std::cos(y / 30.0));
    }
  }
  return out;
}

int largest_difference(const Raster& a, const Raster& b) {
  int most = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) most = std::max(most, std::abs(int{a.bytes[i]} - int{b.bytes[i]}));
  return most;
}

TEST(Jpeg, ComesBackNearlyAsItWas) {
  for (const int channels : {1, 3}) {
    // One band; several; the last one smaller than a block; many bands, so that the marks go round.
    for (const auto& [width, height] : {std::pair{40, 30}, {1, 1}, {1, 5000}, {500, 129}, {64, 1281}, {3000, 700}}) {
      const Raster picture = smooth(width, height, channels);
      const auto bytes = jpeg_of(picture, 95, 2);
      ASSERT_TRUE(bytes) << bytes.status().text();
      const auto back = picture_from(*bytes);
      ASSERT_TRUE(back) << back.status().text();
      ASSERT_EQ(std::tuple(back->width, back->height, back->channels), std::tuple(width, height, channels));
      EXPECT_LT(largest_difference(picture, *back), 12) << width << " x " << height << " x " << channels;
    }
  }
}

TEST(Jpeg, IsTheSameForAnyNumberOfThreads) {
  const Raster picture = smooth(700, 900, 3);
  const auto one = jpeg_of(picture, 80, 1, {{"Software", "imreg"}}),
             four = jpeg_of(picture, 80, 4, {{"Software", "imreg"}});
  ASSERT_TRUE(one && four);
  EXPECT_EQ(*one, *four);
  EXPECT_NE(one->find("Software: imreg\n"), std::string::npos);
}

TEST(Jpeg, HasItsLimits) {
  EXPECT_EQ(jpeg_of(Raster(0, 10), 80, 1).status().code(), Code::invalid);
  EXPECT_EQ(jpeg_of(Raster(65501, 1), 80, 1).status().code(), Code::invalid);
  const auto wide = jpeg_of(Raster(65500, 300), 80, 2);
  ASSERT_TRUE(wide);
  EXPECT_EQ(picture_from(*wide)->width, 65500);
}

TEST(Png, ComesBackAsItWas) {
  std::mt19937 random(5);
  for (const int channels : {1, 3}) {
    for (const auto& [width, height] : {std::pair{40, 30}, {1, 1}, {1, 500}, {333, 77}}) {
      Raster picture(width, height, channels);
      for (auto& byte : picture.bytes) byte = static_cast<std::uint8_t>(random());
      const auto bytes = png_of(picture, {{"Software", "imreg"}, {"Recipe", "zscale"}});
      ASSERT_TRUE(bytes);
      EXPECT_NE(bytes->find(std::string("Recipe\0zscale", 13)), std::string::npos);
      const auto back = picture_from(*bytes);
      ASSERT_TRUE(back) << back.status().text();
      EXPECT_EQ(back->bytes, picture.bytes);
    }
  }
}

TEST(Picture, OfDamagedBytesIsRefused) {
  const Raster picture = smooth(300, 300, 1);
  for (const auto& whole : {*png_of(picture), *jpeg_of(picture, 90, 1)}) {
    for (std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{30}}) {
      const auto got = picture_from(std::string_view(whole).substr(0, size));
      EXPECT_EQ(got.status().code(), Code::corrupt) << size;
    }
  }
}

// The definition: the mean over the rectangle that a pixel covers.
double mean_over(const Raster& of, int channel, double x0, double y0, double x1, double y1) {
  double sum = 0, area = 0;
  for (int y = static_cast<int>(y0); y < of.height && y < y1; ++y) {
    for (int x = static_cast<int>(x0); x < of.width && x < x1; ++x) {
      const double part =
          (std::min(x + 1.0, x1) - std::max<double>(x, x0)) * (std::min(y + 1.0, y1) - std::max<double>(y, y0));
      if (part <= 0) continue;
      sum += part * of.at(x, y)[channel];
      area += part;
    }
  }
  return sum / area;
}

TEST(Shrunk, IsTheMeanOfWhatIsCovered) {
  EXPECT_TRUE(rc::check("shrunk", [] {
    Raster of(*rc::gen::inRange(1, 40), *rc::gen::inRange(1, 40), *rc::gen::element(1, 3));
    for (auto& byte : of.bytes) byte = static_cast<std::uint8_t>(*rc::gen::inRange(0, 256));
    const int width = *rc::gen::inRange(1, of.width + 1), height = *rc::gen::inRange(1, of.height + 1);
    const Raster got = shrunk(of, width, height);
    RC_ASSERT(got.width == width && got.height == height && got.channels == of.channels);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < of.channels; ++c) {
          const double x_step = static_cast<double>(of.width) / width, y_step = static_cast<double>(of.height) / height;
          const double wanted = mean_over(of, c, x * x_step, y * y_step, (x + 1) * x_step, (y + 1) * y_step);
          RC_ASSERT(std::abs(wanted - int{got.at(x, y)[c]}) < 0.51);
        }
      }
    }
  }));
}

TEST(SizeWithin, KeepsTheShapeAndNeverGrows) {
  EXPECT_EQ(size_within(4096, 2048, 128), std::pair(128, 64));
  EXPECT_EQ(size_within(100, 50, 128), std::pair(100, 50));
  EXPECT_EQ(size_within(60000, 2, 128), std::pair(128, 1));
}

}  // namespace
}  // namespace imreg::raster

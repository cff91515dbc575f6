// Peaks in pixels of 16 bits, which are compared as they are stored, are those of the same values as floats, to the bit.
#include "measure/peaks.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace imreg::measure {
namespace {

// The same values twice: big-endian integers, and floats.
class Frame {
 public:
  Frame(std::int64_t width, std::int64_t height, double bzero, const std::vector<std::int16_t>& stored) {
    for (const std::int16_t number : stored) {
      const auto bits = static_cast<std::uint16_t>(number);
      bytes_.push_back(static_cast<unsigned char>(bits >> 8));
      bytes_.push_back(static_cast<unsigned char>(bits & 255));
      const auto word = std::bit_cast<std::uint32_t>(static_cast<float>(number + bzero));
      for (int shift = 24; shift >= 0; shift -= 8) floats_.push_back(static_cast<unsigned char>(word >> shift & 255));
    }
    integers = {bytes_.data(), 16, width, height, 1, bzero, {}};
    reals = {floats_.data(), -32, width, height, 1, 0, {}};
  }
  PixelPlane integers, reals;

 private:
  std::vector<unsigned char> bytes_, floats_;
};

std::vector<Peak> peaks_of(const PixelPlane& plane, const PixelBox& box, double saturation, double sky, int binning) {
  const PixelArea area{&plane, box};
  Background background(area, sky, 1);
  return find_peaks(area, background, saturation, binning, 1);
}

std::string text(const std::vector<Peak>& peaks) {
  std::string out;
  for (const Peak& p : peaks)
    out += std::to_string(p.x) + ' ' + std::to_string(p.y) + ' ' +
           std::to_string(std::bit_cast<std::uint32_t>(p.height)) + ' ' +
           std::to_string(std::bit_cast<std::uint32_t>(p.level)) + ' ' +
           std::to_string(std::bit_cast<std::uint32_t>(p.noise)) + '\n';
  return out;
}

TEST(Peaks, OfIntegersAreThoseOfFloats) {
  std::mt19937 random(7);
  std::size_t found = 0;
  struct Case {
    double sky, noise, bzero, saturation;
  };
  for (const Case& c :
       {Case{1000, 12, 32768, 65535}, Case{300.5, 3, 0, 5000}, Case{5, 0.4, 0, 32767}, Case{-32760, 4, 0, 1e9},
        Case{40000, 900, 32768, 65535}, Case{0, 0, 32768, 100}, Case{-3, 2, 5, 32000}}) {
    const std::int64_t width = 403, height = 301;
    std::vector<std::int16_t> stored;
    std::normal_distribution<double> noise(c.sky, c.noise > 0 ? c.noise : 1);
    std::vector<double> values(static_cast<std::size_t>(width * height));
    for (double& value : values) value = c.noise > 0 ? noise(random) : c.sky;
    std::uniform_real_distribution<double> x(0, static_cast<double>(width)), y(0, static_cast<double>(height)),
        height_of(0, 4);
    for (int star = 0; star < 300; ++star) {
      const double cx = x(random), cy = y(random), top = std::pow(10, height_of(random)) * std::max(1.0, c.noise);
      for (auto j = static_cast<std::int64_t>(cy) - 6; j < static_cast<std::int64_t>(cy) + 7; ++j) {
        for (auto i = static_cast<std::int64_t>(cx) - 6; i < static_cast<std::int64_t>(cx) + 7; ++i) {
          if (i < 0 || j < 0 || i >= width || j >= height) continue;
          const double r = std::pow(static_cast<double>(i) - cx, 2) + std::pow(static_cast<double>(j) - cy, 2);
          values[static_cast<std::size_t>(j * width + i)] += top * std::exp(-r / 4);
        }
      }
    }
    for (const double value : values)
      stored.push_back(static_cast<std::int16_t>(std::clamp(std::round(value - c.bzero), -32768.0, 32767.0)));
    const Frame frame(width, height, c.bzero, stored);
    for (const PixelBox box : {PixelBox{0, 0, width, height}, PixelBox{13, 7, 259, 200}, PixelBox{5, 5, 16, 40},
                               PixelBox{399, 298, 4, 3}, PixelBox{1, 1, 2, 50}}) {
      const auto of_integers = peaks_of(frame.integers, box, c.saturation, c.sky, 1);
      EXPECT_EQ(text(of_integers), text(peaks_of(frame.reals, box, c.saturation, c.sky, 1)))
          << c.sky << " " << box.width;
      found += of_integers.size();
    }
    EXPECT_EQ(text(peaks_of(frame.integers, {0, 0, width, height}, c.saturation, c.sky, 3)),
              text(peaks_of(frame.reals, {0, 0, width, height}, c.saturation, c.sky, 3)));
  }
  EXPECT_GT(found, 1000U);
}

}  // namespace
}  // namespace imreg::measure

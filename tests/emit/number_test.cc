// The oracle of the fast number writers is std::to_chars, and reading the text back.
#include "emit/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace {

using imreg::emit::write_number;

template <class Real>
std::string ours(Real value) {
  char text[imreg::emit::kDoubleSize];
  return std::string(text, write_number(text, value));
}

template <class Real>
std::string theirs(Real value) {
  char text[2000];
  return std::string(text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr);
}

// Counts rather than stops, so that a failure shows how common it is.
template <class Real>
struct Check {
  int wrong = 0;
  void operator()(Real value) {
    char text[imreg::emit::kDoubleSize];
    const std::string_view mine(text, static_cast<std::size_t>(write_number(text, value) - text));
    char other[2000];
    const std::string_view reference(
        other, static_cast<std::size_t>(
                   std::to_chars(other, other + sizeof other, value, std::chars_format::fixed).ptr - other));
    Real back = 0;
    std::from_chars(mine.data(), mine.data() + mine.size(), back);
    const bool same = std::isnan(value) ? std::isnan(back) : back == value;
    if (mine == reference && same) return;
    if (++wrong <= 5) ADD_FAILURE() << "wrote " << mine << ", std::to_chars " << reference;
  }
};

TEST(Number, KnownTexts) {
  EXPECT_EQ(ours(0.0F), "0");
  EXPECT_EQ(ours(-0.0F), "-0");
  EXPECT_EQ(ours(0.1F), "0.1");
  EXPECT_EQ(ours(0.1), "0.1");
  EXPECT_EQ(ours(static_cast<double>(0.1F)), "0.10000000149011612");
  EXPECT_EQ(ours(300.0F), "300");
  EXPECT_EQ(ours(30.01F), "30.01");
  EXPECT_EQ(ours(-12.5F), "-12.5");
  EXPECT_EQ(ours(0.0001F), "0.0001");
  EXPECT_EQ(ours(16777216.0F), "16777216");
  EXPECT_EQ(ours(1e-7), "0.0000001");
  EXPECT_EQ(ours(1043680801.25), "1043680801.25");
  EXPECT_EQ(ours(std::numeric_limits<float>::infinity()), "inf");
  EXPECT_EQ(ours(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(ours(std::numeric_limits<double>::denorm_min()).size(), 326U);
  EXPECT_EQ(ours(std::numeric_limits<double>::max()).size(), 309U);
}

TEST(Number, FloatsOfAnyBits) {
  std::mt19937 random(1);
  Check<float> check;
  for (int i = 0; i < 3000000; ++i) check(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
}

TEST(Number, FloatsOfUsualSize) {
  std::mt19937 random(2);
  Check<float> check;
  for (int i = 0; i < 4000000; ++i) {
    const auto exponent = 127U - 18U + random() % 44U;  // 4e-6 to 3e7
    check(std::bit_cast<float>(static_cast<std::uint32_t>(exponent << 23 | (random() & 0x807fffff))));
  }
}

TEST(Number, FloatsOfFewDecimals) {
  std::mt19937 random(3);
  Check<float> check;
  for (int i = 0; i < 2000000; ++i) {
    const double power = std::pow(10.0, static_cast<int>(random() % 10));
    check(static_cast<float>(static_cast<double>(random() % 10000000) / power));
  }
}

// Powers of two and their neighbours: the interval that reads back is lopsided. And decimals between two floats.
TEST(Number, FloatsAtTheEdges) {
  Check<float> check;
  for (int exponent = -149; exponent < 128; ++exponent) {
    const float power = std::ldexp(1.0F, exponent);
    for (const float value : {power, std::nextafter(power, 0.0F), std::nextafter(power, 1e38F), power * 1.5F, -power})
      check(value);
  }
  for (int sixteenths = 1; sixteenths < 16; sixteenths += 2) {  // x.xxx5 exactly, with few bits left behind the point
    for (float whole = 1; whole < 1048576; whole *= 1.37F)
      check(std::floor(whole) + static_cast<float>(sixteenths) / 16);
  }
}

TEST(Number, DoublesOfAnyBits) {
  std::mt19937_64 random(4);
  Check<double> check;
  for (int i = 0; i < 300000; ++i) check(std::bit_cast<double>(random()));
}

TEST(Number, DoublesOfUsualSize) {
  std::mt19937_64 random(5);
  Check<double> check;
  for (int i = 0; i < 1000000; ++i) {
    const double power = std::pow(10.0, static_cast<int>(random() % 16));
    check(static_cast<double>(random() % 1000000000000000ULL) / power);
    check(std::bit_cast<double>(((1023 - 30 + random() % 90) << 52) | (random() & 0x800fffffffffffffULL)));
  }
}

TEST(Number, Integers) {
  char text[imreg::emit::kIntegerSize];
  const auto write = [&](std::int64_t value) { return std::string(text, write_number(text, value)); };
  EXPECT_EQ(write(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(write(0), "0");
}

}  // namespace

// Values as JSON texts.
#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace imreg {
namespace {

TEST(Json, TextsAreQuotedAndEscaped) {
  EXPECT_EQ(json_text("a"), "\"a\"");
  EXPECT_EQ(json_text("\"\\"), "\"\\\"\\\\\"");
  EXPECT_EQ(json_text("a\nb\x7f"), "\"a\\u000ab\\u007f\"");
  EXPECT_EQ(json_text(std::string(1, '\0')), "\"\\u0000\"");
  EXPECT_EQ(json_text("caf\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x94\xad"), "\"caf\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x94\xad\"");
}

TEST(Json, WhatIsNoUtf8IsLatin1) {
  EXPECT_EQ(json_text("caf\xe9"), "\"caf\xc3\xa9\"");
  EXPECT_EQ(json_text("\xc0\x80"), "\"\xc3\x80\xc2\x80\"");                          // an overlong NUL
  EXPECT_EQ(json_text("\xed\xa0\x80"), "\"\xc3\xad\xc2\xa0\xc2\x80\"");              // a surrogate
  EXPECT_EQ(json_text("\xf4\x90\x80\x80"), "\"\xc3\xb4\xc2\x90\xc2\x80\xc2\x80\"");  // above U+10FFFF
  EXPECT_EQ(json_text("\xe2\x98"), "\"\xc3\xa2\xc2\x98\"");                          // cut
}

TEST(Json, NumbersAreTheShortestThatReadBack) {
  EXPECT_EQ(json_number(0.1), "0.1");
  EXPECT_EQ(json_number(-2), "-2");
  EXPECT_EQ(std::stod(json_number(1.0 / 3)), 1.0 / 3);
  EXPECT_EQ(json_number(std::nan("")), "null");
  EXPECT_EQ(json_number(-std::numeric_limits<double>::infinity()), "null");
}

}  // namespace
}  // namespace imreg

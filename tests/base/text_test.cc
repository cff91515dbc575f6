// Text matching against naive oracles.
#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstdio>

namespace imreg {
namespace {

// The definition of a glob, by recursion: slow and plainly right.
bool naive_match(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (naive_match(pattern.substr(1), text.substr(i))) return true;
    }
    return false;
  }
  if (pattern[0] == '[') {
    std::size_t start = 1;
    const bool negate = start < pattern.size() && (pattern[start] == '!' || pattern[start] == '^');
    if (negate) ++start;
    const std::size_t close = pattern.find(']', start + 1);
    if (close != pattern.npos && start < pattern.size()) {
      if (text.empty()) return false;
      const std::string_view set = pattern.substr(start, close - start);
      bool hit = false;
      for (std::size_t i = 0; i < set.size(); ++i) {
        if (i + 2 < set.size() && set[i + 1] == '-') {
          hit = hit || (set[i] <= text[0] && text[0] <= set[i + 2]);
          i += 2;
        } else {
          hit = hit || set[i] == text[0];
        }
      }
      return hit != negate && naive_match(pattern.substr(close + 1), text.substr(1));
    }
  }
  if (text.empty() || (pattern[0] != '?' && pattern[0] != text[0])) return false;
  return naive_match(pattern.substr(1), text.substr(1));
}

TEST(Text, GlobMatchesTheDefinition) {
  const auto pattern_text = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab-]*?[!^c")));
  const auto plain_text = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab-]c[!")));
  EXPECT_TRUE(rc::check("glob", [&] {
    for (int i = 0; i < 100; ++i) {
      const auto pattern = *rc::gen::resize(12, pattern_text);
      const auto text = *rc::gen::resize(8, plain_text);
      RC_ASSERT(glob_match(pattern, text, false) == naive_match(pattern, text));
    }
  }));
}

TEST(Text, GlobCases) {
  EXPECT_TRUE(glob_match("*.FITS", "1234567o.fits"));
  EXPECT_FALSE(glob_match("*.FITS", "1234567o.fits", false));
  EXPECT_TRUE(glob_match("[a-c]x", "Bx"));
  EXPECT_FALSE(glob_match("[a-c]x", "Bx", false));
  EXPECT_TRUE(glob_match("[!a-c]x", "dX"));
  EXPECT_TRUE(glob_match("a*b", "a/x/b")) << "/ is nothing special";
  EXPECT_TRUE(glob_match("[", "[")) << "an open bracket is itself";
  EXPECT_TRUE(glob_match("[]]", "]"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_TRUE(glob_match("**", ""));
  EXPECT_TRUE(glob_match("[\x80-\xff]", "\xe9")) << "bytes are unsigned";
  EXPECT_TRUE(glob_match("[a-\xff]", "\xe9"));
}

TEST(Text, GlobCannotHang) {
  std::string pattern, text(20000, 'a');
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", text));  // exponential for a naive matcher: the test would never end
}

TEST(Text, CutsAndJoins) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(words("  a\tb  c "), (std::vector<std::string_view>{"a", "b", "c"}));
  EXPECT_TRUE(words(" ").empty());
  EXPECT_TRUE(equal_nocase("AbC", "aBc"));
  EXPECT_FALSE(equal_nocase("abc", "abcd"));
  EXPECT_TRUE(starts_nocase("OBSERVED", "obs"));
  EXPECT_FALSE(starts_nocase("ob", "obs"));
  EXPECT_EQ(to_upper("a\xe9z{"), "A\xe9Z{") << "ASCII only";
  EXPECT_TRUE(is_glob("a?b"));
  EXPECT_FALSE(is_glob("a]b"));
}

TEST(Text, NumbersAreWholeTexts) {
  double value = 0;
  for (const auto& [text, expected] : std::initializer_list<std::pair<const char*, double>>{
           {"1", 1}, {" 1.5 ", 1.5}, {"+2", 2}, {"-.5", -.5}, {"1e3", 1000}, {"5.", 5}, {"-0", 0}}) {
    EXPECT_TRUE(parse_number(text, value)) << text;
    EXPECT_EQ(value, expected) << text;
  }
  for (const char* text : {"", " ", "+", "-", "+-1", "--1", "++1", "1x", "1 2", "nan", "inf", "-inf", "infinity",
                           "0x10", "1e999", "1,5", "e5", "."}) {
    EXPECT_FALSE(parse_number(text, value)) << text;
  }
  long long whole = 0;
  EXPECT_TRUE(parse_integer(" -12 ", whole));
  EXPECT_EQ(whole, -12);
  EXPECT_TRUE(parse_integer("+9223372036854775807", whole));
  for (const char* text : {"", "1.0", "9223372036854775808", "+-1", "1e3", "x"})
    EXPECT_FALSE(parse_integer(text, whole)) << text;
}

TEST(Text, CountsOneAndMany) {
  EXPECT_EQ(counted(0, "row"), "0 rows");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(21, "file"), "21 files");
}

TEST(Text, NumbersReadBack) {
  EXPECT_TRUE(rc::check([](double number) {
    char text[64];
    std::snprintf(text, sizeof text, " %.17g ", number);
    double back = 0;
    RC_PRE(std::isfinite(number));
    RC_ASSERT(parse_number(text, back) && back == number);
  }));
}

TEST(Text, SuggestsNearNames) {
  const std::vector<std::string> names = {"filter", "filename", "pathname", "exptime", "obstime", "ra", "dec"};
  EXPECT_EQ(nearest_names("flter", names), "filter");
  EXPECT_EQ(nearest_names("EXPTIM", names), "exptime");
  EXPECT_EQ(nearest_names("zzzzz", names), "");
  EXPECT_EQ(nearest_names("MegaPrime", {"cfht-wircam", "cfht-megaprime", "megaprim"}), "megaprim, cfht-megaprime");
  EXPECT_EQ(nearest_names("ame", names), "");  // too little to look for inside
  EXPECT_EQ(nearest_names("filen", names).substr(0, 8), "filename");
}

}  // namespace
}  // namespace imreg

// Names of files as texts that are read again.
#include "base/name_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/json_object.h"

namespace imreg {
namespace {

TEST(NameText, OneLineWithoutTwoBlanks) {
  EXPECT_EQ(escaped_name("a b.fits"), "a b.fits");
  EXPECT_EQ(escaped_name(" a  b "), "\\x20a \\x20b\\x20");
  EXPECT_EQ(escaped_name("a\nb\tc\rd\\n"), "a\\nb\\tc\\x0dd\\\\n");
  EXPECT_EQ(escaped_name("caf\xc3\xa9 caf\xe9 \xc2\x85"), "caf\xc3\xa9 caf\\xe9 \\xc2\\x85");
  EXPECT_EQ(unescaped_name("\\x41\\xZ1\\x4\\q\\"), "A\\xZ1\\x4\\q\\");  // what is no escape
}

TEST(NameText, IsReadBack) {
  std::mt19937 random(11);
  const std::string likely = "a\\\\x20nt \n\t\"\xc2\x85\xe9\xed\xb3\xa9{#";
  for (int round = 0; round < 20000; ++round) {
    std::string name(random() % 12, ' ');
    for (char& c : name) c = random() % 3 ? likely[random() % likely.size()] : static_cast<char>(1 + random() % 255);
    const std::string text = escaped_name(name);
    EXPECT_EQ(unescaped_name(text), name);
    EXPECT_EQ(text.find_first_of("\n\r\t"), text.npos);
    EXPECT_EQ(text.find("  "), text.npos);
    EXPECT_TRUE(text.empty() || (text.front() != ' ' && text.back() != ' '));
    const auto object = JsonObject::parse("{\"file\":" + json_name(name) + "}");
    ASSERT_TRUE(object.ok()) << object.status().text();
    EXPECT_EQ(object->text("file"), name);
  }
}

}  // namespace
}  // namespace imreg

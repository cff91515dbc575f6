// CRC-32C: the vectors of RFC 3720, section B.4, and the instruction against the table.
#include "record/crc32c.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace imreg {
namespace {

TEST(Crc32c, KnownVectors) {
  EXPECT_EQ(crc32c(0, "123456789", 9), 0xe3069283U);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(0, ""), 0U);
}

TEST(Crc32c, InstructionTableAndPiecesAgree) {
  EXPECT_TRUE(rc::check("one value", [](const std::string& bytes, const std::string& more) {
    RC_ASSERT(crc32c(0, bytes) == crc32c_by_table(0, bytes.data(), bytes.size()));
    RC_ASSERT(crc32c(crc32c(0, bytes), more) == crc32c(0, bytes + more));
  }));
}

TEST(Crc32c, TheDifferenceOfAPartIsThatOfTheWhole) {
  EXPECT_TRUE(rc::check("whatever stands around it", [](std::string text, const std::string& front, std::string fresh) {
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    const std::string behind(*rc::gen::inRange<std::size_t>(0, 600), 'b');
    fresh.resize(*rc::gen::inRange<std::size_t>(0, 600), 'x');
    text.resize(at + fresh.size(), 't');
    const std::string before = front + text + behind;
    const std::uint32_t difference = crc32c_difference(text.data() + at, fresh.data(), fresh.size(), behind.size());
    text.replace(at, fresh.size(), fresh);
    RC_ASSERT((crc32c(0, before) ^ difference) == crc32c(0, front + text + behind));
  }));
}

// The instruction goes by three runs beside each other where there are enough bytes, 152 and 4,088 at a time.
TEST(Crc32c, InstructionAndTableAgreeAroundEveryRun) {
  std::string bytes(3 * 4088 + 200, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  for (std::size_t size = 0; size <= bytes.size() - 8; size += size % 152 < 16 || size % 4088 < 16 ? 1 : 7) {
    const char* from = bytes.data() + size % 8;
    ASSERT_EQ(crc32c(state, from, size), crc32c_by_table(state, from, size)) << size;
  }
}

}  // namespace
}  // namespace imreg

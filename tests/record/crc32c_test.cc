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

// Long ones are taken in several parts at once: all sizes around three times 168 and three times 1,360 bytes.
TEST(Crc32c, LongBytesAgreeWithTheTable) {
  std::string bytes(9000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i * 31 + i / 7);
  for (std::size_t size = 0; size < bytes.size() - 8; size += size < 600 || (size > 4000 && size < 4700) ? 1 : 37) {
    const char* const at = bytes.data() + size % 8;
    ASSERT_EQ(crc32c(0x12345678, at, size), crc32c_by_table(0x12345678, at, size)) << size;
  }
}

}  // namespace
}  // namespace imreg

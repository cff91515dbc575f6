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

}  // namespace
}  // namespace imreg

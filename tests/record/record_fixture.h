// What the tests of the record engine share: a small record whose content proves itself, a model.
#pragma once

#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

#include "../folder.h"
#include "imreg/record_file.h"

namespace imreg::testing {

// 56 bytes: no divisor of a sector, so records straddle sectors and a torn write tears records.
inline const Schema& tiny() {
  static const Schema schema = *parse_format(
      "format tiny\nversion 1\nsize 56\nextname TINY\ntitle for tests\n"
      "field id ID i64 - - which row\nfield value VALUE i64 - - what changes\nfield hash HASH i64 - - of id and value\n"
      "field changeno CHANGENO i64 - - last change\nfield pad PAD text20 - - text\nfield crc CRC u32 - - check\n",
      "tiny.fmt");
  return schema;
}
inline constexpr Field<std::int64_t> kId{0, 1}, kValue{8, 1}, kHash{16, 1};
inline constexpr Field<Text> kPad{32, 20};

struct Row {
  std::int64_t id = 0;
  std::int64_t value = 0;
  bool operator==(const Row&) const = default;
};
using Rows = std::vector<Row>;

inline std::int64_t hash_of(const Row& row) {
  return static_cast<std::int64_t>(
      (static_cast<std::uint64_t>(row.id) * 1000003U + static_cast<std::uint64_t>(row.value)) * 0x9e3779b97f4a7c15U);
}

inline std::string bytes_of(const Row& row) {
  Record record(56);
  record.set(kId, row.id);
  record.set(kValue, row.value);
  record.set(kHash, hash_of(row));
  (void)record.set(kPad, "v" + std::to_string(row.value));
  return record.bytes();
}

inline std::string bytes_of(const Rows& rows) {
  std::string out;
  for (const auto& row : rows) out += bytes_of(row);
  return out;
}

// All rows of a file; fails the test when a row is invented or mixed.
inline Rows rows_of(const RecordFile& file) {
  Rows out;
  Record copy = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    const Status status = file.read(i, copy);
    EXPECT_TRUE(status.ok()) << status.text();
    const Row row{copy[kId], copy[kValue]};
    EXPECT_EQ(copy[kHash], hash_of(row)) << "row " << i;
    EXPECT_EQ(copy[kPad], "v" + std::to_string(row.value));
    out.push_back(row);
  }
  return out;
}

// Fails the test with the message, not with a bad_variant_access.
template <class T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.status().text();
  return *std::move(result);
}
#define EXPECT_OK(expr)                              \
  do {                                               \
    const ::imreg::Status ok_status = (expr);        \
    EXPECT_TRUE(ok_status.ok()) << ok_status.text(); \
  } while (false)

inline std::string slurp(const std::string& path) {
  std::string out;
  if (FILE* file = std::fopen(path.c_str(), "rb")) {
    char buffer[65536];
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) out.append(buffer, n);
    std::fclose(file);
  }
  return out;
}
inline void spill(const std::string& path, const std::string& bytes) {
  FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr) << path;
  ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fclose(file);
}
// Overwrites some bytes in place, as rot does.
inline void scribble(const std::string& path, std::int64_t at, const std::string& bytes) {
  std::string all = slurp(path);
  ASSERT_LE(static_cast<std::size_t>(at) + bytes.size(), all.size());
  all.replace(static_cast<std::size_t>(at), bytes.size(), bytes);
  spill(path, all);
}
inline constexpr std::int64_t kData = 23040;  // where the records of the tiny format begin

}  // namespace imreg::testing

// A small record that can be marked as deleted and whose content proves itself; the rows of a file as a list.
#pragma once

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "../faults.h"
#include "../folder.h"
#include "imreg/record_file.h"
#include "os/file.h"

namespace imreg::testing {

// 56 bytes: no divisor of a sector or of a page.
inline const Schema& small() {
  static const Schema schema = *parse_format(
      "format small\nversion 1\nsize 56\nextname SMALL\ntitle for tests\n"
      "field id ID i64 - - which row\nfield value VALUE i64 - - what changes\nfield hash HASH i64 - - of id and value\n"
      "field changeno CHANGENO i64 - - last change\nfield deleted DELETED bool - - T: deleted\nfield pad PAD text19 - "
      "- text\n"
      "field crc CRC u32 - - check\n",
      "small.fmt");
  return schema;
}
inline constexpr Field<std::int64_t> kId{0, 1}, kValue{8, 1}, kHash{16, 1}, kChangeno{24, 1};
inline constexpr Field<bool> kDeleted{32, 1};
inline constexpr std::int64_t kData = 23040, kSize = 56;

struct Row {
  std::int64_t id = 0, value = 0;
  bool deleted = false;
  bool operator==(const Row&) const = default;
};
using Rows = std::vector<Row>;

inline std::int64_t hash_of(const Row& row) {
  return static_cast<std::int64_t>(
      (static_cast<std::uint64_t>(row.id) * 1000003U + static_cast<std::uint64_t>(row.value)) * 0x9e3779b97f4a7c15U);
}

inline std::string bytes_of(const Row& row) {
  Record record(kSize);
  record.set(kId, row.id);
  record.set(kValue, row.value);
  record.set(kHash, hash_of(row));
  store(record.data(), kDeleted, row.deleted);
  return record.bytes();
}
inline std::string bytes_of(const Rows& rows) {
  std::string out;
  for (const auto& row : rows) out += bytes_of(row);
  return out;
}
inline Rows numbered(std::int64_t from, std::int64_t count, std::int64_t value = 1) {
  Rows out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back({from + i, value});
  return out;
}

// All rows; fails the test when one is invented or mixed.
inline Rows rows_of(const RecordFile& file) {
  Rows out;
  Record copy = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    const Status status = file.read(i, copy);
    EXPECT_TRUE(status.ok()) << status.text();
    const Row row{copy[kId], copy[kValue], copy[kDeleted]};
    EXPECT_EQ(copy[kHash], hash_of(row)) << "row " << i;
    out.push_back(row);
  }
  return out;
}
template <class T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.status().text();
  return *std::move(result);
}
inline Rows rows_in(const std::string& path) { return rows_of(must(RecordFile::open(path))); }
#define EXPECT_OK(expr)                              \
  do {                                               \
    const ::imreg::Status ok_status = (expr);        \
    EXPECT_TRUE(ok_status.ok()) << ok_status.text(); \
  } while (false)

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void spill(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
inline void scribble(const std::string& path, std::int64_t at, const std::string& bytes) {
  std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(at);
  out << bytes;
}

// Kills the process at an operation.
struct Killing : IoObserver {
  int at = 0, count = 0;
  int before(const IoOperation&) override {
    if (count++ == at) ::kill(::getpid(), SIGKILL);
    return 0;
  }
};

// Runs `work` in a process of its own: its result, or -1 when it was killed.
inline int in_process(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace imreg::testing

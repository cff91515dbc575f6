// What the tests of damage and of recovery share: a closed file of the rows (i, 1), and where its bytes stand.
#pragma once

#include "record_fixture.h"

namespace imreg::testing {

using ::testing::HasSubstr;

inline Rows some(int n) {
  Rows rows;
  for (int i = 0; i < n; ++i) rows.push_back({i, 1});
  return rows;
}

// A file of n rows, closed cleanly, not trimmed.
inline void make(const std::string& path, int n) {
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_OK(writer.append(bytes_of(some(n))));
}

inline std::int64_t place(std::int64_t row) { return kData + row * 56; }

inline std::int64_t cards_at(const std::string& path, const char* keyword) {
  const std::string text = slurp(path).substr(0, kData);
  for (std::size_t at = 0; at < text.size(); at += 80) {
    if (text.compare(at, 8, std::string(keyword) + std::string(8 - std::strlen(keyword), ' ')) == 0)
      return static_cast<std::int64_t>(at);
  }
  ADD_FAILURE() << keyword << " is not in the header";
  return 0;
}

class Damage : public ::testing::Test {
 protected:
  Folder folder;
  std::string path = folder / "d.db";
  Status open_status() { return RecordFile::open(path).status(); }
  Status writer_status() { return RecordWriter::open(path, {}).status(); }
};

}  // namespace imreg::testing

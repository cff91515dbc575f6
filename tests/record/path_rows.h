// Rows with a path, for tests of changes of many of them: as small as they may be.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "record_fixture.h"

namespace imreg::testing {

inline const Schema& with_path() {
  static const Schema schema = *parse_format(
      "format paths\nversion 1\nsize 76\nextname PATHS\ntitle for tests\n"
      "field value VALUE i64 - - what changes\nfield changeno CHANGENO i64 - - last change\n"
      "field path PATH text24 - - path\nfield deleted DELETED bool - - deleted\n"
      "field pad PAD text31 - - text\nfield crc CRC u32 - - check\n",
      "paths.fmt");
  return schema;
}
inline const auto kPath = *find_field<Text>(with_path(), "path");
inline const auto kNumber = *find_field<std::int64_t>(with_path(), "value");
inline const auto kDeleted = *find_field<bool>(with_path(), "deleted");

struct File {
  std::int64_t value = 0;
  std::string path;
  bool deleted = false;
  bool operator==(const File&) const = default;
};
using Files = std::vector<File>;

inline std::ostream& operator<<(std::ostream& out, const File& file) {
  return out << file.value << ' ' << file.path << (file.deleted ? " deleted" : "");
}

inline Record record_of(const File& file) {
  Record out(76);
  out.set(kNumber, file.value);
  out.set(kDeleted, file.deleted);
  EXPECT_TRUE(out.set(kPath, file.path));
  return out;
}
inline std::string bytes_of(const File& file) { return record_of(file).bytes(); }

inline Files files_of(const RecordFile& file) {
  Files out;
  Record copy = file.make_record();
  for (std::int64_t i = 0; i < file.count(); ++i) {
    EXPECT_OK(file.read(i, copy));
    out.push_back({copy[kNumber], std::string(copy[kPath]), copy[kDeleted]});
  }
  return out;
}

}  // namespace imreg::testing

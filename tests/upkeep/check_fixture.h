// What the tests of check and repair share: a database of registration rows made here, damage, and what a check says of it.
#pragma once

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "../folder.h"
#include "formats/regimage.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"
#include "imreg/upkeep.h"

namespace imreg {
inline namespace check_testing {

using ::testing::HasSubstr;

inline const Schema& schema() { return *builtin_format(regimage::kFormat, regimage::kVersion); }
inline constexpr std::int64_t kData = 23040, kSize = regimage::kRecordSize;
inline std::int64_t place(std::int64_t row) { return kData + row * kSize; }

inline Record row_number(int i) {
  Record row(regimage::kRecordSize);
  row.set(regimage::kObstime, 1e9 + 100.0 * (i % 7) + i);
  row.set(regimage::kExptime, 30.0 + i);
  row.set(regimage::kRa, i % 5 == 4 ? std::nan("") : std::fmod(17.0 * i, 360));
  row.set(regimage::kDec, i % 5 == 4 ? std::nan("") : -80.0 + 7 * (i % 20));
  row.set(regimage::kCcd, i % 4);
  row.set(regimage::kExtension, i % 4 + 1);
  row.set(regimage::kType, 1 + i % 5);
  row.set(regimage::kMode, 1 + i % 2);
  row.set(regimage::kDeleted, i % 11 == 10);
  row.set(regimage::kRegtime, 1.6e9 + i);
  row.set(regimage::kMtime, 1.5e9 + i);
  row.set(regimage::kFilesize, 1000 + i);
  row.set(regimage::kFingerprint, 77 * i + 1);
  EXPECT_TRUE(row.set(regimage::kFilename, std::to_string(600000 + i / 4) + "o.fits"));
  EXPECT_TRUE(row.set(regimage::kPathname, "/data/night" + std::to_string(i / 8)));
  EXPECT_TRUE(row.set(regimage::kFilter, i % 2 ? "r" : "Halpha"));
  EXPECT_TRUE(row.set(regimage::kInstrument, "MegaPrime"));
  EXPECT_TRUE(row.set(regimage::kObject, i % 3 ? "M67" : "NGC 6791"));
  return row;
}

inline std::string rows_from(int from, int end) {
  std::string out;
  for (int i = from; i < end; ++i) out += row_number(i).bytes();
  return out;
}

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
inline void scribble(const std::string& path, std::int64_t at, const std::string& bytes) {
  std::string all = slurp(path);
  ASSERT_LE(static_cast<std::size_t>(at) + bytes.size(), all.size());
  all.replace(static_cast<std::size_t>(at), bytes.size(), bytes);
  spill(path, all);
}
inline void flip(const std::string& path, std::int64_t at, char mask = 1) {
  const char was = slurp(path)[static_cast<std::size_t>(at)];
  scribble(path, at, std::string(1, static_cast<char>(was ^ mask)));
}

inline IndexKeeper::Limits index_at_once() {
  IndexKeeper::Limits limits;
  limits.tail = 1;
  return limits;
}

// Rows 0..n-1, trimmed, an index of all; `changes` rows changed behind that: they stand in the journal, and in the file.
inline void make(const std::string& path, int n, int changes = 0) {
  ASSERT_TRUE(RecordWriter::create(path, schema(), {}).ok());
  IndexKeeper keeper(IndexKeeper::Patience::full, index_at_once());
  RecordWriter::Options options;
  options.follower = &keeper;
  auto writer = RecordWriter::open(path, options);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->append(rows_from(0, n)).ok());
  keeper.finish(writer->file());
  ASSERT_TRUE(writer->trim().ok());
  for (int i = 0; i < changes; ++i) {
    Record row = row_number(3 * i % n);
    row.set(regimage::kFwhm, 1.5 + i);
    row.set(regimage::kQuality, i + 1);
    ASSERT_TRUE(writer->commit({{3 * i % n, row.bytes()}}).ok());
  }
  ASSERT_EQ(keeper.note(), "");
}

inline std::string all_of(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& finding : findings) out += text_of(finding) + "\n";
  return out;
}
inline CheckReport checked(const std::string& path, int jobs = 1) {
  CheckOptions options;
  options.jobs = jobs;
  auto report = check_database(path, options);
  if (report) return *std::move(report);
  CheckReport out;
  out.damages = 1;
  out.findings.push_back({Finding::Kind::damage, path, -1, -1, report.status().text()});
  return out;
}

// What makes it a row of its file left out.
inline std::string plain(Record row) {
  row.set(regimage::kCrc, 0U);
  row.set(regimage::kChangeno, 0);
  return row.bytes();
}

// Every row as a reader gets it.
inline std::vector<std::string> contents(const std::string& path) {
  std::vector<std::string> out;
  const auto file = RecordFile::open(path);
  if (!file) return {file.status().text()};
  Record row = file->make_record();
  for (std::int64_t i = 0; i < file->count(); ++i) {
    if (!file->read(i, row).ok()) {
      out.push_back("damaged");
      continue;
    }
    out.push_back(plain(row));
  }
  return out;
}

class CheckedTest : public ::testing::Test {
 protected:
  Folder folder;
  std::string path = folder / "x.db";
};

}  // namespace check_testing
}  // namespace imreg

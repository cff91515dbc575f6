// merge_databases while the disk fails: each call in turn fails, is full, is interrupted or does half. Nothing is lost, no image is
// there twice, the sources are as they were, and done again it is all done.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "../faults.h"
#include "../folder.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "imreg/upkeep.h"
#include "registry/image_row.h"
#include "registry/path_roots.h"

namespace imreg {
namespace {

// Of each file its exposure time, which says whose row it is.
using Images = std::map<std::string, double>;

std::string name_of(int number) { return std::to_string(100 + number) + "o.fits"; }

void add(Images& images, int from, int end, double exptime) {
  for (int i = from; i < end; ++i) images[name_of(i)] = exptime;
}

// Rows of files from..end-1, each newer when its exposure time is larger; `deleted` is marked so.
void make(const std::string& path, int from, int end, double exptime, int deleted = -1) {
  ASSERT_TRUE(RecordWriter::create(path, *builtin_format(regimage::kFormat, regimage::kVersion), {}).ok());
  std::string rows;
  for (int i = from; i < end; ++i) {
    ImageFacts facts;
    facts.mode = ImageMode::single;
    facts.exptime.value = exptime;
    facts.obstime.value = 980590810.25 + i;
    auto row =
        make_image_row(facts, {"/data/night", name_of(i), 1000, 980590900 + exptime, 77}, {}, 980600000 + exptime);
    ASSERT_TRUE(row.ok());
    row->set(regimage::kDeleted, i == deleted);
    rows += row->bytes();
  }
  auto writer = RecordWriter::open(path, {});
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->append(rows).ok());
}

Images images_in(const std::string& path) {
  Images out;
  const auto file = RecordFile::open(path);
  if (!file) {
    EXPECT_EQ(file.status().code(), Code::not_found) << file.status().text();
    return out;
  }
  Record row = file->make_record();
  for (std::int64_t i = 0; i < file->count(); ++i) {
    EXPECT_TRUE(file->read(i, row).ok());
    const std::string name(row[regimage::kFilename]);
    EXPECT_FALSE(out.contains(name)) << name << " is there twice";
    out[name] = row[regimage::kExptime];
  }
  return out;
}

// What the rows say, but for what a writer fills in.
std::map<std::string, std::string> rows_in(const std::string& path) {
  std::map<std::string, std::string> out;
  const auto file = RecordFile::open(path);
  if (!file) return out;
  Record row = file->make_record();
  for (std::int64_t i = 0; i < file->count(); ++i) {
    EXPECT_TRUE(file->read(i, row).ok());
    row.set(regimage::kChangeno, std::int64_t{0});
    row.set(regimage::kCrc, std::uint32_t{0});
    out[std::string(row[regimage::kFilename])] = row.bytes();
  }
  return out;
}

// All files of a folder but the locks.
std::map<std::string, std::string> files_in(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".lock") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out[entry.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return out;
}

class MergeFaults : public testing::TestWithParam<bool> {};

// Into a database that is there, and into one that it makes.
TEST_P(MergeFaults, NothingIsLostOrDoubled) {
  const bool there = GetParam();
  Folder pristine, folder;
  std::vector<Images> states(1);
  if (there) {
    make(pristine / "x.db", 0, 10, 10);
    add(states[0], 0, 10, 10);
  }
  make(pristine / "a.db", 5, 25, 20, 23);
  make(pristine / "b.db", 20, 30, 30, 29);
  if (HasFailure()) return;
  states.push_back(states[0]);
  add(states[1], 5, 25, 20);
  states[1].erase(name_of(23));
  states.push_back(states[1]);
  add(states[2], 20, 29, 30);
  const auto sources = files_in(pristine.path());

  const auto merged = [&](IoObserver* observer) {
    MergeOptions options;
    options.database = folder / "x.db";
    options.sources = {folder / "a.db", folder / "b.db"};
    options.observer = observer;
    const auto report = merge_databases(options, [](const Status& row) { ADD_FAILURE() << row.text(); });
    for (const auto& source : report.sources) EXPECT_TRUE(source.failure.ok()) << source.failure.text();
    return report.database;
  };
  std::set<std::string> names;  // of the files that a merge leaves
  std::map<std::string, std::string> rows;
  int failures = 0;
  for (const Fault& fault : all_faults()) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
      std::filesystem::remove_all(folder.path());
      std::filesystem::copy(pristine.path(), folder.path());
      FaultAt observer(at, fault);
      const Status status = merged(&observer);
      failures += !status.ok();
      EXPECT_TRUE(status.ok() || status.code() == Code::io) << status.text();
      EXPECT_TRUE(status.ok() || !observer.harmless()) << status.text();
      const Images now = images_in(folder / "x.db");
      if (status.ok())
        EXPECT_EQ(now, states[2]);
      else if (there || now.size() >= states[1].size())
        EXPECT_TRUE(now == states[0] || now == states[1] || now == states[2]);
      else  // the first of them
        EXPECT_TRUE(std::equal(now.begin(), now.end(), states[1].begin()));

      const Status again = merged(nullptr);
      EXPECT_TRUE(again.ok()) << again.text();
      EXPECT_EQ(images_in(folder / "x.db"), states[2]);
      const auto check = check_database(folder / "x.db");
      EXPECT_TRUE(check.ok() && check->damages + check->warnings == 0)
          << (check && !check->findings.empty() ? text_of(check->findings[0]) : check.status().text());
      std::set<std::string> left;
      for (const auto& [name, bytes] : files_in(folder.path())) {
        left.insert(name);
        if (name[0] != 'x') {
          EXPECT_EQ(bytes, sources.at(name)) << name;
        }
      }
      if (names.empty()) names = left, rows = rows_in(folder / "x.db");
      EXPECT_EQ(left, names);
      EXPECT_EQ(rows_in(folder / "x.db"), rows);
      if (HasFailure()) return;
      if (observer.reached()) continue;
      EXPECT_GT(at, 20);
      break;
    }
  }
  EXPECT_GT(failures, 60);
}
INSTANTIATE_TEST_SUITE_P(Of, MergeFaults, testing::Bool(),
                         [](const auto& param) { return param.param ? "OneThatIsThere" : "ANewOne"; });

}  // namespace
}  // namespace imreg

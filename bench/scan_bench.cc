// A full scan without an index against a plain pass over the same bytes, and SQLite without an index. All of them open
// the file anew in each iteration: page faults belong to the work. The file is in the page cache.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <map>
#include <string>

#include "bench_data.h"
#include "imreg/scan.h"
#include "peers/sqlite_rows.h"

namespace {

using namespace imreg;

constexpr double kFrom = 1262304000, kTo = 1293839999;  // 2010, one year of twenty
constexpr int kCcd = 12, kObject = 1;
constexpr std::int64_t kRecord = 512, kHeader = 23040;

std::int64_t matches_of_scan(const std::string& path) {
  const auto file = RecordFile::open(path);
  if (!file) bench::die(file.status().text());
  Selection selection;
  selection.without_deleted(file->schema());
  if (!selection.overlap(file->schema(), "obstime", "exptime", {{kFrom, kTo}}).ok() ||
      !selection.number(file->schema(), "ccd", {{kCcd, kCcd}}).ok() ||
      !selection.codes(file->schema(), "type", {kObject}).ok()) {
    bench::die("the selection is wrong");
  }
  const auto report = scan(*file, selection, {}, [](std::int64_t, RecordView) { return true; });
  if (!report.damaged.empty()) bench::die(report.damaged.first[0].text());
  return report.matched;
}

// The same cache line of every row through a new map: what any reader of a map pays.
std::uint64_t touch_by_map(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) bench::die("cannot open " + path);
  const auto size = static_cast<std::size_t>(info.st_size);
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) bench::die("cannot map " + path);
  std::uint64_t sum = 0;
  const char* bytes = static_cast<const char*>(map);
  for (std::int64_t at = kHeader; at + kRecord <= info.st_size; at += kRecord) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    sum += word;
  }
  ::munmap(map, size);
  ::close(fd);
  return sum;
}

// All bytes by read(), nothing done with them.
std::uint64_t read_all(const std::string& path) {
  static std::string buffer(256 << 10, '\0');
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) bench::die("cannot open " + path);
  std::uint64_t sum = 0;
  for (ssize_t got; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) sum += static_cast<std::uint64_t>(got);
  ::close(fd);
  return sum;
}

// Made when the first benchmark that needs it runs.
struct Data {
  std::string path;
  std::int64_t expected = 0;
};
const Data& data_of(std::int64_t rows) {
  static std::map<std::int64_t, Data> all;
  auto [entry, is_new] = all.try_emplace(rows);
  if (is_new) {
    entry->second.path = bench::simulated_database(rows);
    entry->second.expected = matches_of_scan(entry->second.path);
    if (entry->second.expected == 0) bench::die("the selection finds nothing");
  }
  return entry->second;
}

void add(const char* name, std::int64_t rows, const std::function<void(const Data&)>& work) {
  benchmark::RegisterBenchmark((std::string(name) + "_" + bench::short_count(rows)).c_str(),
                               [=](benchmark::State& state) {
                                 const Data& data = data_of(rows);
                                 work(data);  // everything that is made once is made
                                 for (auto _ : state) work(data);
                                 state.SetItemsProcessed(state.iterations() * rows);
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

void scan_with_sqlite(const Data& data) {
  const std::string copy = data.path + ".sqlite";
  static const bool made = (bench::sqlite_copy(data.path, copy), true);
  const std::string query = "SELECT count(*) FROM images WHERE deleted = 0 AND obstime <= " + std::to_string(kTo) +
                            " AND obstime + max(coalesce(exptime, 0), 0) >= " + std::to_string(kFrom) +
                            " AND ccd = " + std::to_string(kCcd) + " AND type = " + std::to_string(kObject);
  if (!made || bench::sqlite_number(copy, query) != data.expected) bench::die("SQLite finds another number of rows");
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const std::int64_t rows : {1000000, 10000000}) {
    add("imreg_scan", rows, [](const Data& data) {
      if (matches_of_scan(data.path) != data.expected) bench::die("the scan found another number of rows");
    });
    add("plain_map", rows, [](const Data& data) { benchmark::DoNotOptimize(touch_by_map(data.path)); });
    add("plain_read", rows, [](const Data& data) { benchmark::DoNotOptimize(read_all(data.path)); });
  }
  add("sqlite_scan", 1000000, scan_with_sqlite);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

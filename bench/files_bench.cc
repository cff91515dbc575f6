// imcheck -files against a bare loop of stat() over the same files, and a database of which all folders are missing.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench_data.h"
#include "formats/regimage.h"
#include "imreg/find_files.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"

namespace {

using namespace imreg;

constexpr int kFiles = 100'000;
constexpr int kOfFolder = 500;

struct Archive {
  std::string database;
  std::vector<std::string> paths;
};

// Files of one byte, each with one row that says what stat() says.
Archive make_archive() {
  const std::string top = bench::new_file("files_archive");
  std::filesystem::remove_all(top);
  Archive out{bench::new_file("files_bench.db"), {}};
  RecordWriter::Options options;
  if (!RecordWriter::create(out.database, *builtin_format(regimage::kFormat, regimage::kVersion), options).ok())
    bench::die("cannot make " + out.database);
  std::string rows;
  for (int i = 0; i < kFiles; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%07do.fits", 600'000 + i);
    const std::string folder = top + "/night" + std::to_string(i / kOfFolder);
    if (i % kOfFolder == 0) std::filesystem::create_directories(folder);
    out.paths.push_back(folder + "/" + name);
    const int fd = ::open(out.paths.back().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    struct stat info {};
    if (fd < 0 || ::write(fd, "x", 1) != 1 || ::fstat(fd, &info) != 0) bench::die("cannot make " + out.paths.back());
    ::close(fd);
    Record row(regimage::kRecordSize);
    row.set(regimage::kDeleted, false);
    row.set(regimage::kFilesize, info.st_size);
    row.set(regimage::kMtime,
            static_cast<double>(info.st_mtim.tv_sec) + static_cast<double>(info.st_mtim.tv_nsec) * 1e-9);
    row.set(regimage::kFingerprint, i + 1);
    if (!row.set(regimage::kPathname, folder) || !row.set(regimage::kFilename, name)) bench::die("a path is too long");
    rows += row.bytes();
  }
  auto writer = RecordWriter::open(out.database, options);
  if (!writer || !writer->append(std::move(rows)).ok()) bench::die("cannot write " + out.database);
  return out;
}

const Archive& archive() {
  static const Archive made = make_archive();
  return made;
}

void bare_stat(benchmark::State& state) {
  (void)archive();
  for (auto _ : state) {
    for (const auto& path : archive().paths) {
      struct stat info {};
      if (::stat(path.c_str(), &info) != 0 || info.st_size != 1) bench::die("a file has gone");
    }
  }
  state.SetItemsProcessed(state.iterations() * kFiles);
}

void check(benchmark::State& state) {
  FindFilesOptions options;
  options.jobs = static_cast<int>(state.range(0));
  for (auto _ : state) {
    const auto report = check_files(archive().database, options);
    if (!report || !report->well() || report->files != kFiles) bench::die("the check finds something");
  }
  state.SetItemsProcessed(state.iterations() * kFiles);
}

// The least that must be done: one pass over the rows.
void pass(benchmark::State& state) {
  const std::string path = bench::simulated_database(1'000'000);
  const auto file = RecordFile::open(path);
  if (!file) bench::die("cannot open " + path);
  ScanOptions options;
  options.use_index = false;
  options.jobs = static_cast<int>(state.range(0));
  for (auto _ : state) {
    Selection selection;
    if (!selection.patterns(file->schema(), "pathname", {{"/nowhere", TextPattern::How::exact}}).ok())
      bench::die("pass");
    benchmark::DoNotOptimize(count_matches(*file, selection, options));
  }
  state.SetItemsProcessed(state.iterations() * file->count());
}

void all_missing(benchmark::State& state) {
  const std::string path = bench::simulated_database(1'000'000);
  FindFilesOptions options;
  options.jobs = static_cast<int>(state.range(0));
  for (auto _ : state) {
    const auto report = check_files(path, options);
    if (!report || report->missing_rows != report->rows || report->findings.size() > 10)
      bench::die("not all is missing");
  }
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}

BENCHMARK(bare_stat)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(check)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(pass)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(all_missing)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();

// From the telescope to the database. imwatch: from the rename that makes a file complete to its rows, which are durable when
// another process can see them; files of one CCD and of 36, one after the other. imstatreg: 100,000 statistics into as many rows
// (ROWS=10M: of 10 M), from the JSON lines of imstats to durable; each time other values; of some
// nights, and spread over twenty years.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "bench_data.h"
#include "formats/regimage.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "imreg/simulate.h"

extern char** environ;

namespace {

namespace fs = std::filesystem;
using namespace imreg;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kEntries = 100'000, kCcds = 40;  // of the simulator's exposures

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::int64_t rows_of(const std::string& database) {
  const auto file = RecordFile::open(database);
  return file ? file->count() : 0;
}

// One imwatch on one folder, until the end of the bench.
class Watcher {
 public:
  explicit Watcher(int ccds) : ccds_(ccds) {
    const std::string name = "watch" + std::to_string(ccds);
    folder_ = bench::new_file(name);
    fs::create_directories(folder_ + "/night");
    database_ = folder_ + "/Imreg.db";
    SimulateOptions options;
    options.ccds = ccds;
    options.objects = 1;
    options.chip_width = options.chip_height = 32;
    const auto made = simulate_nights(folder_ + "/template", options);
    if (!made) bench::die(made.status().text());
    exposure_ = folder_ + "/template/" + made->back().path;
    if (rows_of(database_) == 0) bench::run({bench::program("imregister"), "-db", database_, exposure_});
    const std::string program = bench::program("imwatch"), watched = folder_ + "/night";
    const char* words[] = {program.c_str(), "-db", database_.c_str(), watched.c_str(), nullptr};
    posix_spawn_file_actions_t actions;  // it says a line for each file
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (::posix_spawn(&child_, words[0], &actions, nullptr, const_cast<char**>(words), environ) != 0)
      bench::die("cannot start imwatch");
    ::posix_spawn_file_actions_destroy(&actions);
    (void)appears();  // it watches now
  }
  ~Watcher() {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Seconds from the rename of one more file to all of its rows.
  double appears() {
    const std::string path = folder_ + "/night/" + std::to_string(800000 + ++files_) + "o.fits";
    fs::copy_file(exposure_, path + ".part");
    const std::int64_t wanted = rows_of(database_) + ccds_;
    const auto start = Clock::now();
    fs::rename(path + ".part", path);
    while (rows_of(database_) < wanted) {
      if (since(start) > 30) bench::die("imwatch did not register " + path);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    const double seconds = since(start);
    ::usleep(20'000);  // what comes behind it (the index) is not of the next file
    return seconds;
  }

 private:
  int ccds_, files_ = 0;
  pid_t child_ = 0;
  std::string folder_, database_, exposure_;
};

void watch(benchmark::State& state) {
  Watcher watcher(static_cast<int>(state.range(0)));
  for (auto _ : state) state.SetIterationTime(watcher.appears());
}
BENCHMARK(watch)->Arg(1)->Arg(36)->Iterations(40)->UseManualTime()->Unit(benchmark::kMillisecond);

// Of the 40 CCDs of every `step`th exposure, from the middle of the database or, when they are spread over all, from its beginning.
std::string json_lines(const std::string& database, std::int64_t step, double add) {
  const auto file = RecordFile::open(database);
  if (!file) bench::die(file.status().text());
  Record scratch = file->make_record();
  std::string out;
  const std::int64_t first = step == 1 ? file->count() / 2 : 0;
  for (std::int64_t i = 0; i < kEntries; ++i) {
    const RecordView row = file->peek(first + i / kCcds * kCcds * step + i % kCcds, scratch);
    char values[160];
    std::snprintf(values, sizeof values,
                  "\"ccd\": %d, \"extension\": %d, \"bias\": %.2f, \"sky\": %.2f, \"fwhm\": %.3f}\n",
                  static_cast<int>(row[regimage::kCcd]), static_cast<int>(row[regimage::kExtension]),
                  1000 + add + static_cast<double>(i % 97), 1500 + add, 3 + add);
    out +=
        "{\"file\": " + json_text(std::string(row[regimage::kPathname]) + '/' + std::string(row[regimage::kFilename])) +
        ", " + values;
  }
  return out;
}

void statreg(benchmark::State& state) {
  const char* rows = std::getenv("ROWS");
  const std::string source = bench::simulated_database(rows && std::strstr(rows, "10") ? 10'000'000 : 1'000'000);
  const std::string copy = bench::new_file("statreg_copy.db");
  fs::copy_file(source, copy);
  fs::copy_file(source + ".idx", copy + ".idx");
  bench::warm(copy);
  ::sync();
  const std::string program = bench::program("imstatreg");
  std::vector<std::string> inputs;
  const std::int64_t step = state.range(0) == 0 ? 1 : RecordFile::open(copy)->count() / kEntries;
  for (const double add : {0.25, 0.75}) {
    inputs.push_back(bench::new_file("statreg_input" + std::to_string(inputs.size())));
    std::ofstream(inputs.back(), std::ios::binary) << json_lines(copy, step, add);
  }
  std::size_t turn = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    const std::string said = bench::output_of({program, "-db", copy, "-format", "json", inputs[turn++ % 2]});
    state.SetIterationTime(since(start));
    if (said.find("\"updated\":100000,") == said.npos && said.find("\"updated\": 100000,") == said.npos)
      bench::die("not every row took its statistics: " + said);
    ::sync();
  }
  bench::new_file("statreg_");
}
BENCHMARK(statreg)->Arg(0)->Arg(1)->Iterations(3)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

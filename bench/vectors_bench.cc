// Statistics of one field of $ROWS simulated rows (1M, 10M): as the library does it (rows read, then n, min, max, mean, sigma, median, MAD
// and two percentiles), beside one pass over the 64 bytes of each row where the field stands, one over a packed column, numpy, DuckDB and
// SQLite (which has no median, and is not asked for one). Then whole programs: a statistic, a picture of all rows. Medians are compared
// before anything is timed.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench_data.h"
#include "imreg/query.h"
#include "imreg/record_file.h"
#include "imreg/vectors.h"
#include "peers/duckdb_rows.h"
#include "peers/sqlite_rows.h"

namespace {

using namespace imreg;

constexpr int kThreads = 2;

const std::int64_t kRows = bench::rows_of_run();

template <class T>
T must(Result<T> result) {
  if (!result) bench::die(result.status().text());
  return *std::move(result);
}

const std::string& database() {
  static const std::string path = bench::simulated_database(kRows);
  return path;
}
const RecordFile& file() {
  static const RecordFile opened = must(RecordFile::open(database()));
  return opened;
}

Columns column() { return must(Query(file()).jobs(kThreads).use_index(false).columns({"fwhm"}, false)); }
vectors::Summary statistics(const std::vector<double>& values) {
  return vectors::summarize(values, {.percents = {5, 95}, .weights = {}, .jobs = kThreads});
}

// By two threads, each its half; what they find is kept from being optimised away.
void halves(const std::function<double(std::int64_t from, std::int64_t end)>& work) {
  double other = 0;
  std::thread second([&] { other = work(kRows / 2, kRows); });
  benchmark::DoNotOptimize(work(0, kRows / 2));
  second.join();
  benchmark::DoNotOptimize(other);
}

// One word of each row's first cache line: what no reader of the rows can do without.
void pass_64() {
  const auto size = static_cast<std::size_t>(file().schema().record_size);
  halves([&](std::int64_t from, std::int64_t end) {
    double sum = 0;
    for (std::int64_t row = from; row < end;) {
      const auto run = file().run_in_place(row);
      for (const char* at = run.bytes; row < std::min(run.end, end); ++row, at += size) {
        float value;
        std::memcpy(&value, at + 48, sizeof value);
        __builtin_prefetch(at + 48 * size);  // fewer rows ahead are slower
        sum += static_cast<double>(value);
      }
    }
    return sum;
  });
}

void pass_packed(const std::vector<double>& values) {
  halves([&](std::int64_t from, std::int64_t end) {
    double sum[4] = {};
    for (std::int64_t i = from; i + 4 <= end; i += 4) {
      for (int k = 0; k < 4; ++k) sum[k] += values[static_cast<std::size_t>(i + k)];
    }
    return sum[0] + sum[1] + sum[2] + sum[3];
  });
}

std::string sqlite_path() {
  static const std::string path = [] {
    std::string out = database() + ".vectors.sqlite";
    bench::sqlite_copy(database(), out);
    bench::warm(out);
    return out;
  }();
  return path;
}

std::string duckdb_path() {
  static const std::string path = [] {
    std::string out = database() + ".vectors.duckdb";
    if (!std::filesystem::exists(out)) {
      bench::Duckdb duck(out, false);
      duck.run("CREATE TABLE images (" + bench::duckdb_columns(file().schema()) + ")");
      duck.append(file());
    }
    bench::warm(out);
    return out;
  }();
  return path;
}

// A Python that has read the column once: `seconds` of its statistics, from the rows of the file or from a packed column.
double numpy_seconds(bool packed, double& median) {
  const std::string script =
      "import sys,time,numpy as np\n"
      "rows=np.memmap(sys.argv[1],dtype=np.dtype({'names':['x'],'formats':['>f4'],'offsets':[int(sys.argv[3])],'"
      "itemsize':int(sys.argv[4])}),"
      "mode='r',offset=int(sys.argv[2]),shape=(int(sys.argv[5]),))\n"
      "def work(x):\n"
      "  x=x[~np.isnan(x)]\n"
      "  m=np.median(x)\n"
      "  return len(x),x.min(),x.max(),x.mean(),x.std(ddof=1),m,np.median(np.abs(x-m)),np.percentile(x,[5,95])\n"
      "packed=rows['x'].astype('f8')\n"
      "t=time.perf_counter()\n"
      "out=work(packed if sys.argv[6]=='1' else rows['x'].astype('f8'))\n"
      "print(time.perf_counter()-t,repr(float(out[5])))\n";
  const auto* field = file().schema().find("fwhm");
  const std::int64_t size = file().schema().record_size;
  // Rows end where the file's last block does; the header is a whole number of blocks.
  std::int64_t begin = static_cast<std::int64_t>(std::filesystem::file_size(database())) - kRows * size;
  begin -= begin % 2880;
  const std::string printed = bench::output_of({"/usr/bin/python3", "-c", script, database(), std::to_string(begin),
                                                std::to_string(field->offset), std::to_string(size),
                                                std::to_string(kRows), packed ? "1" : "0"});
  double seconds = 0;
  if (std::sscanf(printed.c_str(), "%lf %lf", &seconds, &median) != 2) bench::die("numpy said: " + printed);
  return seconds;
}

void add(const std::string& name, const std::function<void()>& work) {
  benchmark::RegisterBenchmark((name + "_" + bench::short_count(kRows)).c_str(),
                               [work](benchmark::State& state) {
                                 for (auto _ : state) work();
                               })
      ->Unit(benchmark::kMillisecond)
      ->MeasureProcessCPUTime()
      ->UseRealTime();
}
void add_timed(const std::string& name, const std::function<double()>& seconds) {
  benchmark::RegisterBenchmark((name + "_" + bench::short_count(kRows)).c_str(),
                               [seconds](benchmark::State& state) {
                                 for (auto _ : state) state.SetIterationTime(seconds());
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseManualTime();
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  bench::warm(database());
  static const std::vector<double> packed = column().columns[0].numbers;
  const auto own = statistics(packed);
  double median = 0;
  numpy_seconds(true, median);
  if (median != own.median)
    bench::die("medians differ: " + std::to_string(own.median) + ", numpy " + std::to_string(median));

  add("stat", [] { benchmark::DoNotOptimize(statistics(column().columns[0].numbers).median); });
  add("stat_packed", [] { benchmark::DoNotOptimize(statistics(packed).median); });
  add("limit_64_bytes", pass_64);
  add("limit_packed", [] { pass_packed(packed); });
  for (const bool is_packed : {false, true}) {
    add_timed(is_packed ? "numpy_packed" : "numpy", [is_packed] {
      double ignored = 0;
      return numpy_seconds(is_packed, ignored);
    });
  }
  add("sqlite", [] {
    benchmark::DoNotOptimize(bench::sqlite_number(
        sqlite_path(), "SELECT count(fwhm) + min(fwhm) + max(fwhm) + avg(fwhm) + sum(fwhm * fwhm) FROM images"));
  });
  if (!bench::duckdb_library().empty()) {
    static std::unique_ptr<bench::Duckdb> duck;
    static void* query = nullptr;
    add("duckdb", [] {
      if (!duck) {
        duck = std::make_unique<bench::Duckdb>(duckdb_path(), true);
        query = duck->prepare(
            "SELECT concat(count(fwhm), ' ', min(fwhm), ' ', max(fwhm), ' ', avg(fwhm), ' ', stddev_samp(fwhm), ' ', "
            "median(fwhm), ' ', "
            "mad(fwhm), ' ', quantile_cont(fwhm, 0.05), ' ', quantile_cont(fwhm, 0.95)) FROM images WHERE NOT "
            "isnan(fwhm)");
      }
      std::string text;
      duck->run(query, &text);
      benchmark::DoNotOptimize(text);
    });
  }
  const std::string imstatus = bench::program("imstatus");
  add_timed("program_stat", [=] { return bench::run({imstatus, "-db", database(), "stat", "fwhm"}); });
  const std::string picture = bench::new_file("vectors.png");
  add_timed("program_plot", [=] {
    return bench::run({imstatus, "-db", database(), "-o", picture, "plot", "obstime", "fwhm"});
  });
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

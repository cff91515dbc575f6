// The check of a whole database, rows, fields, keys and index, against read() of the same bytes by as many threads. All files
// are in the page cache.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "bench_data.h"
#include "imreg/upkeep.h"

namespace {

using namespace imreg;

int threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

// Every byte is added up: a read whose bytes nobody looks at is cheaper than any check can be.
std::int64_t read_by_threads(const std::string& path) {
  constexpr std::size_t kPiece = 1 << 20;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) bench::die("cannot open " + path);
  std::atomic<std::int64_t> next{0}, bytes{0};
  std::atomic<std::uint64_t> sum{0};
  const auto work = [&] {
    std::vector<char> piece(kPiece);
    std::uint64_t mine = 0;
    for (ssize_t got; (got = ::pread(fd, piece.data(), kPiece, static_cast<off_t>(kPiece) * next++)) > 0;
         bytes += got) {
      for (std::size_t at = 0; at + 8 <= static_cast<std::size_t>(got); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, piece.data() + at, sizeof word);
        mine += word;
      }
    }
    sum += mine;
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads(); ++i) others.emplace_back(work);
  work();
  for (auto& other : others) other.join();
  ::close(fd);
  benchmark::DoNotOptimize(sum.load());
  return bytes;
}

void check(benchmark::State& state) {
  const std::string path = bench::simulated_database(state.range(0));
  bench::build_index(path, state.range(0));
  bench::warm(path);
  bench::warm(path + ".idx");
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const auto report = check_database(path);
    if (!report || !report->whole() || report->rows != state.range(0) || report->indexed != state.range(0))
      bench::die("the check finds something in a whole database");
    bytes += report->bytes;
  }
  state.SetBytesProcessed(bytes);
}

void read(benchmark::State& state) {
  const std::string path = bench::simulated_database(state.range(0));
  bench::build_index(path, state.range(0));
  bench::warm(path);
  bench::warm(path + ".idx");
  std::int64_t bytes = 0;
  for (auto _ : state) bytes += read_by_threads(path) + read_by_threads(path + ".idx");
  state.SetBytesProcessed(bytes);
}

BENCHMARK(check)->Name("check")->Arg(1000000)->Arg(10000000)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(read)->Name("read")->Arg(1000000)->Arg(10000000)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

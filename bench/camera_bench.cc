// Header translation against header reading: the camera tables may add 30 % to the time of reading the headers of the same
// files. Files: simulated SPLIT files (one HDU), MEFs of 4 and of 36 CCDs, and the real files of ../shared/data when they
// are there (by the tables that are chosen and by generic). Reading from the page cache and from the disk (read_cold).
// Facts are remembered from file to file, and the real files come again in each round: their figures flatter.
// Also the start: loading the tables.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench_data.h"
#include "imreg/camera.h"
#include "imreg/fits_file.h"

namespace {

using namespace imreg;

struct Case {
  std::string name;
  std::vector<std::string> files;
  std::vector<FitsHeaders> headers;  // of the files
};

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file() && read_fits_headers(it->path().string()).ok()) out.push_back(it->path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string simulated(const std::string& name, const std::vector<std::string>& options) {
  const std::string folder = bench::new_file("camera_bench_" + name);
  std::vector<std::string> words{bench::program("imsim"), "-o", folder, "-seed", "1"};
  words.insert(words.end(), options.begin(), options.end());
  double seconds = 0;
  if (bench::run_program(words, "/dev/null", seconds) != 0) bench::die("imsim failed");
  return folder;
}

const Cameras& cameras() {
  static const Result<Cameras> loaded = Cameras::load();
  if (!loaded) bench::die(loaded.status().text());
  return *loaded;
}

void read_files(benchmark::State& state, const Case& c) {
  for (auto _ : state) {
    for (const std::string& file : c.files) benchmark::DoNotOptimize(read_fits_headers(file).ok());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(c.files.size()));
}

// As a file is read for the first time: not from the page cache.
void read_cold(benchmark::State& state, const Case& c) {
  for (auto _ : state) {
    state.PauseTiming();
    for (const std::string& file : c.files) {
      const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
      if (handle < 0 || ::fdatasync(handle) != 0 || ::posix_fadvise(handle, 0, 0, POSIX_FADV_DONTNEED) != 0)
        bench::die("cannot drop " + file + " from the cache");
      ::close(handle);
    }
    state.ResumeTiming();
    for (const std::string& file : c.files) benchmark::DoNotOptimize(read_fits_headers(file).ok());
  }
}

void translate(benchmark::State& state, const Case& c, const char* camera) {
  Cameras::Options options;
  options.camera = camera;
  for (auto _ : state) {
    for (std::size_t i = 0; i < c.files.size(); ++i) {
      const auto facts = cameras().translate(c.files[i], c.headers[i], options);
      if (!facts) bench::die(facts.status().text());
      benchmark::DoNotOptimize(facts->images.size());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(c.files.size()));
}

void load(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Cameras::load().ok());
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  static std::vector<std::unique_ptr<Case>> cases;
  const auto add = [](const std::string& name, std::vector<std::string> files) {
    if (files.empty()) return;
    auto c = std::make_unique<Case>(Case{name, {}, {}});
    for (std::string& file : files) {
      auto headers = read_fits_headers(file);
      if (!headers) continue;
      c->files.push_back(std::move(file));
      c->headers.push_back(*std::move(headers));
    }
    benchmark::RegisterBenchmark(("read/" + name).c_str(), read_files, std::cref(*c))->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("read_cold/" + name).c_str(), read_cold, std::cref(*c))
        ->Unit(benchmark::kMicrosecond)
        ->Iterations(3);
    benchmark::RegisterBenchmark(("translate/" + name).c_str(), translate, std::cref(*c), "")
        ->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("generic/" + name).c_str(), translate, std::cref(*c), "generic")
        ->Unit(benchmark::kMicrosecond);
    cases.push_back(std::move(c));
  };
  add("split", files_below(simulated("split", {"-mode", "split"})));
  add("mef4", files_below(simulated("mef4", {"-ccds", "4"})));
  add("mef36", files_below(simulated("mef36", {"-ccds", "36", "-objects", "3"})));
  // By camera, so that one camera's cost is seen; packed files are left out, their reading takes the longest.
  const std::string real = std::string(IMREG_SOURCE_DIR) + "/../shared/data/fits";
  for (const char* folder : {"a", "b", "c", "f", "g"}) {
    std::vector<std::string> files = files_below(real + "/" + folder);
    std::erase_if(files, [](const std::string& file) { return !file.ends_with(".fits"); });
    add(std::string("real_") + folder, std::move(files));
  }
  benchmark::RegisterBenchmark("load", load)->Unit(benchmark::kMicrosecond);
  benchmark::RunSpecifiedBenchmarks();
}

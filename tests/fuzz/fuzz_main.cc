// Runs a fuzz target. Under libFuzzer: writes the target's seeds into the first corpus folder and mixes the target's own
// changes with libFuzzer's. Else: `x_fuzz [-mutations N] [FILE|FOLDER...]` runs the seeds, the files that are there, and
// changes of each, the same ones every time.
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "fuzz.h"

namespace fs = std::filesystem;
using namespace imreg::fuzz;

#ifdef IMREG_LIBFUZZER

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  for (int i = 1; i < *argc; ++i) {
    if (!fs::is_directory((*argv)[i])) continue;
    int number = 0;
    for (const auto& seed : kTarget.seeds()) {
      spill((fs::path((*argv)[i]) / ("seed-" + std::to_string(++number))).string(), seed);
    }
    break;
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  Random random(seed);
  if (below(random, 2) == 0) size = LLVMFuzzerMutate(data, size, max_size);
  std::string bytes(data, data + size);
  kTarget.mutate(bytes, random);
  size = std::min(bytes.size(), max_size);
  std::copy_n(bytes.begin(), size, data);
  return size;
}

#else

namespace {

void run(const std::string& bytes) {
  const std::vector<std::uint8_t> data(bytes.begin(), bytes.end());  // exact size: the sanitizer sees a read past it
  LLVMFuzzerTestOneInput(data.data(), data.size());
}

std::vector<fs::path> files_of(const std::vector<std::string>& names) {
  std::vector<fs::path> files;
  for (const auto& name : names) {
    if (fs::is_directory(name)) {
      for (const auto& entry : fs::recursive_directory_iterator(name)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else if (fs::exists(name)) {
      files.emplace_back(name);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  int mutations = 0;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "-mutations" && i + 1 < argc) {
      mutations = std::atoi(argv[++i]);
    } else {
      names.emplace_back(argv[i]);
    }
  }
  Random random(20030127);
  std::size_t runs = 0;
  const auto all_of = [&](const std::string& bytes, int count) {
    run(bytes);
    for (int i = 0; i < count; ++i) {
      std::string changed = bytes;
      for (std::size_t changes = 1 + below(random, 8); changes > 0; --changes) kTarget.mutate(changed, random);
      run(changed);
    }
    runs += static_cast<std::size_t>(count) + 1;
  };
  run("");
  for (const auto& seed : kTarget.seeds()) all_of(seed, kTarget.replays);
  const auto files = files_of(names);
  for (const auto& file : files) all_of(slurp(file.string()), mutations);
  std::printf("%zu inputs, %zu files\n", runs, files.size());
  return 0;
}

#endif

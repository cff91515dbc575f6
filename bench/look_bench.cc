// acsql's picture of 4096 x 2048 and 4096 x 4096 floats, JPEG and thumbnail, in process, from a file in the page cache: ours, by one thread and
// two, and numpy with PIL doing the same (clamp, scale, flip, save; thumbnail of that). Then whole processes: a mosaic of 36 CCDs of 16 bits (700 MB) at 2000
// pixels, beside dd, from a disk of 1 GB/s (where control groups can make one), from the disk as it is, from memory. Before anything is timed the levels are compared.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "base/random.h"
#include "bench_data.h"
#include "imreg/header.h"
#include "imreg/look.h"

namespace {

using namespace imreg;

constexpr std::size_t kBlockSize = 2880;

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + kBlockSize - 1) / kBlockSize * kBlockSize, '\0');
  return bytes;
}

// Sky, noise and something brighter.
std::string write_floats(int width, int height) {
  std::string path = bench::new_file("look_" + std::to_string(height) + ".fits");
  Header header;
  header.add("SIMPLE", true);
  header.add("BITPIX", -32);
  header.add("NAXIS", 2);
  header.add("NAXIS1", width);
  header.add("NAXIS2", height);
  std::string bytes;
  Random random(3);
  for (std::int64_t i = 0; i < std::int64_t{width} * height; ++i) {
    const double bright = random.uniform(0, 1);
    const auto bits = std::bit_cast<std::uint32_t>(
        static_cast<float>(1000 + 12 * random.normal() + (bright > 0.98 ? 3000 * (bright - 0.98) : 0)));
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> shift);
  }
  std::ofstream(path, std::ios::binary) << header.file_bytes() << padded(std::move(bytes));
  bench::warm(path);
  return path;
}

// 36 CCDs of 2048 x 4612 with their overscan, in four rows of nine.
std::string write_mosaic() {
  constexpr int kWidth = 2112, kHeight = 4612;
  std::string pixels;
  Random random(4);
  for (int i = 0; i < kWidth * kHeight; ++i) {
    const auto value =
        static_cast<int>((i % kWidth < 32 || i % kWidth >= 2080 ? 300 : 1000) + 10 * random.normal()) - 32768;
    pixels += {static_cast<char>(value >> 8), static_cast<char>(value)};
  }
  pixels = padded(std::move(pixels));
  std::string path = bench::new_file("look_mosaic.fits");
  std::ofstream out(path, std::ios::binary);
  Header primary;
  primary.add("SIMPLE", true);
  primary.add("BITPIX", 8);
  primary.add("NAXIS", 0);
  primary.add("EXTEND", true);
  out << primary.file_bytes();
  for (int ccd = 0; ccd < 36; ++ccd) {
    Header header;
    header.add("XTENSION", "IMAGE");
    header.add("BITPIX", 16);
    header.add("NAXIS", 2);
    header.add("NAXIS1", kWidth);
    header.add("NAXIS2", kHeight);
    header.add("PCOUNT", 0);
    header.add("GCOUNT", 1);
    header.add("BZERO", 32768);
    header.add("DATASEC", "[33:2080,1:4612]");
    header.add("BIASSEC", "[1:32,1:4612]");
    const int x = ccd % 9 * 2048, y = ccd / 9 * 4612;
    header.add("DETSEC", "[" + std::to_string(x + 1) + ":" + std::to_string(x + 2048) + "," + std::to_string(y + 1) +
                             ":" + std::to_string(y + 4612) + "]");
    out << header.file_bytes() << pixels;
  }
  out.close();
  ::sync();
  return path;
}

const Cameras& cameras() {
  static const Cameras all = [] {
    auto loaded = Cameras::load();
    if (!loaded) bench::die(loaded.status().text());
    return *std::move(loaded);
  }();
  return all;
}

Look acsql(const std::string& path, int jobs) {
  LookOptions options;
  options.stretch = "acsql";
  options.jobs = jobs;
  auto look = look_at({path}, cameras(), options);
  if (!look) bench::die(look.status().text());
  return *std::move(look);
}

// Seconds of numpy and PIL; the sum of all levels of the picture.
double numpy_seconds(const std::string& path, bool thumbnail, double& sum) {
  const std::string script =
      "import io,sys,time,numpy as np\n"
      "from PIL import Image\n"
      "from astropy.io import fits\n"
      "def work():\n"
      "  with fits.open(sys.argv[1]) as hdus:\n"
      "    data=np.array(hdus[0].data)\n"
      "  top=np.percentile(data,99); data[data>top]=top\n"
      "  low=np.percentile(data,1); data[data<low]=low\n"
      "  levels=((data-low)*(255/(top-low)))[::-1].astype(np.uint8)\n"
      "  image=Image.fromarray(levels); out=io.BytesIO(); image.save(out,'jpeg')\n"
      "  if sys.argv[2]=='1':\n"
      "    image.thumbnail((128,128)); image.save(io.BytesIO(),'jpeg')\n"
      "  return levels\n"
      "work()\n"
      "t=time.perf_counter()\n"
      "levels=work()\n"
      "print(time.perf_counter()-t,int(levels.sum(dtype=np.int64)))\n";
  const std::string printed = bench::output_of({"/usr/bin/python3", "-c", script, path, thumbnail ? "1" : "0"});
  double seconds = 0;
  if (std::sscanf(printed.c_str(), "%lf %lf", &seconds, &sum) != 2) bench::die("numpy said: " + printed);
  return seconds;
}

void add_timed(const std::string& name, const std::function<double()>& seconds) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [seconds](benchmark::State& state) {
                                 for (auto _ : state) state.SetIterationTime(seconds());
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}
void add(const std::string& name, const std::function<void()>& work) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [work](benchmark::State& state) {
                                 for (auto _ : state) work();
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const int height : {2048, 4096}) {
    const std::string path = write_floats(4096, height), size = std::to_string(height);
    double theirs = 0;
    numpy_seconds(path, false, theirs);
    const auto mean = acsql(path, 2).mean_level(), wanted = theirs / (4096.0 * height);
    if (std::abs(mean - wanted) > 0.01)
      bench::die("mean levels differ: " + std::to_string(mean) + ", numpy " + std::to_string(wanted));
    for (const int jobs : {1, 2}) {
      add("jpeg/" + size + "/" + std::to_string(jobs), [=] { benchmark::DoNotOptimize(acsql(path, jobs).jpeg()); });
      add("jpeg_and_thumbnail/" + size + "/" + std::to_string(jobs), [=] {
        const Look look = acsql(path, jobs);
        benchmark::DoNotOptimize(look.jpeg());
        benchmark::DoNotOptimize(look.thumbnail());
      });
    }
    for (const bool thumbnail : {false, true}) {
      add_timed((thumbnail ? "numpy_and_thumbnail/" : "numpy/") + size, [=] {
        double ignored = 0;
        return numpy_seconds(path, thumbnail, ignored);
      });
    }
  }
  const std::string mosaic = write_mosaic(), imlook = bench::program("imlook"), picture = bench::new_file("look.jpg");
  const bench::SlowDisk disk;
  for (const std::string from : {"disk", "cold", "warm"}) {
    if (from == "disk" && !disk.works()) continue;
    const auto add_reading = [&](const std::string& name, const std::vector<std::string>& words) {
      add_timed(name + "/" + from, [=, run = from == "disk" ? disk.of(words) : words] {
        if (from == "warm")
          bench::warm(mosaic);
        else
          bench::forget(mosaic);
        return bench::run(run);
      });
    };
    for (const std::string stretch : {"zscale", "asinh"})
      add_reading("mosaic/" + stretch,
                  {imlook, "-j", "2", "-size", "2000", "-stretch", stretch, "-o", picture, mosaic});
    add_reading("mosaic/read", {"/bin/dd", "if=" + mosaic, "of=/dev/null", "bs=1M", "status=none"});
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

// Exact statistics of a CCD of 2048 x 4612 pixels with its overscan, 16 bits and floats, from a mapped file to the value: ours are median
// AND sigma, numpy's are the median alone. Then whole processes: imstats and source-extractor on the same frame of 2,000 stars. Before anything
// is timed the medians are compared, and our FWHM with the truth. Last an exposure of 36 such CCDs, with two threads, beside dd: from a
// disk of 1 GB/s (where control groups can make one), from the disk as it is, from memory.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "bench_data.h"
#include "imreg/header.h"
#include "imreg/pixels.h"

namespace {

using namespace imreg;

constexpr int kWidth = 2112, kHeight = 4612, kLeft = 32, kRight = 2080, kStars = 2000;
constexpr double kFwhm = 4;

// Sky, stars and noise.
std::vector<float> frame() {
  std::vector<float> out(std::size_t{kWidth} * kHeight);
  Random random(7);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto x = static_cast<int>(i % kWidth);
    const bool data = x >= kLeft && x < kRight;
    out[i] = static_cast<float>(data ? 1000 + 12 * random.normal() : 300 + 4 * random.normal());
  }
  for (int star = 0; star < kStars; ++star) {
    const double x = random.uniform(kLeft + 25, kRight - 25), y = random.uniform(25, kHeight - 25);
    const double peak = 12 * std::exp(random.uniform(std::log(5), std::log(1000)));
    for (int dy = -12; dy <= 12; ++dy) {
      for (int dx = -12; dx <= 12; ++dx) {
        const double px = std::floor(x) + dx, py = std::floor(y) + dy, q = (px - x) * (px - x) + (py - y) * (py - y);
        out[static_cast<std::size_t>(py) * kWidth + static_cast<std::size_t>(px)] +=
            static_cast<float>(peak * std::exp2(-4 * q / (kFwhm * kFwhm)));
      }
    }
  }
  return out;
}

// An HDU. `left` to `right`: the columns that are written.
std::string hdu_bytes(const std::vector<float>& pixels, int bitpix, int left, int right, bool extension) {
  Header header;
  if (extension) {
    header.add("XTENSION", "IMAGE");
  } else {
    header.add("SIMPLE", true);
  }
  header.add("BITPIX", bitpix);
  header.add("NAXIS", 2);
  header.add("NAXIS1", right - left);
  header.add("NAXIS2", kHeight);
  if (extension) {
    header.add("PCOUNT", 0);
    header.add("GCOUNT", 1);
  }
  if (bitpix == 16) header.add("BZERO", 32768);
  header.add("OBSTYPE", "object");
  if (left == 0) {
    header.add("BIASSEC", "[1:32,1:4612]");
    header.add("DATASEC", "[33:2080,1:4612]");
  }
  std::string bytes = header.file_bytes();
  for (int y = 0; y < kHeight; ++y) {
    for (int x = left; x < right; ++x) {
      const float value = pixels[std::size_t{kWidth} * static_cast<std::size_t>(y) + static_cast<std::size_t>(x)];
      const std::uint32_t stored =
          bitpix == 16 ? static_cast<std::uint32_t>(std::lround(std::clamp(value, 0.0F, 65535.0F)) - 32768) << 16
                       : std::bit_cast<std::uint32_t>(value);
      for (int shift = 24; shift >= (bitpix == 16 ? 16 : 0); shift -= 8) bytes += static_cast<char>(stored >> shift);
    }
  }
  bytes.resize((bytes.size() + kBlockSize - 1) / kBlockSize * kBlockSize, '\0');
  return bytes;
}

std::string write(const std::string& name, const std::vector<float>& pixels, int bitpix, int left, int right) {
  std::string path = bench::new_file(name);
  std::ofstream(path, std::ios::binary) << hdu_bytes(pixels, bitpix, left, right, false);
  bench::warm(path);
  return path;
}

// An exposure of a mosaic: 36 times this chip, 700 MB.
std::string write_mosaic(const std::vector<float>& pixels) {
  Header primary;
  primary.add("SIMPLE", true);
  primary.add("BITPIX", 8);
  primary.add("NAXIS", 0);
  primary.add("EXTEND", true);
  primary.add("OBSTYPE", "object");
  const std::string chip = hdu_bytes(pixels, 16, 0, kWidth, true);
  std::string path = bench::new_file("stats_mosaic.fits");
  std::ofstream out(path, std::ios::binary);
  out << primary.file_bytes();
  for (int i = 0; i < 36; ++i) out << chip;
  out.close();
  ::sync();
  return path;
}

PixelStatistics ours(const std::string& path) {
  const auto headers = read_fits_headers(path);
  if (!headers) bench::die(headers.status().text());
  const auto file = PixelFile::open(path, *headers);
  if (!file) bench::die(file.status().text());
  const auto image = file->image(headers->hdus[0]);
  if (!image) bench::die(image.status().text());
  const std::vector<PixelArea> areas = {{&image->plane(), {kLeft, 0, kRight - kLeft, kHeight}}};
  return statistics_of(areas);
}

// A Python that has loaded numpy and waits for work.
class Numpy {
 public:
  Numpy() {
    int to[2], from[2];
    if (::pipe(to) != 0 || ::pipe(from) != 0) bench::die("no pipe");
    if (::fork() == 0) {
      ::dup2(to[0], 0);
      ::dup2(from[1], 1);
      for (const int fd : {to[0], to[1], from[0], from[1]}) ::close(fd);
      // The whole path twice: by its bare name Python takes the packages of the first python3 in PATH.
      ::execl("/usr/bin/python3", "/usr/bin/python3", IMREG_BENCH_DIR "/peers/numpy_median.py", nullptr);
      std::_Exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    to_ = ::fdopen(to[1], "w");
    from_ = ::fdopen(from[0], "r");
  }
  double seconds(const std::string& path, int bitpix, double& median) {
    std::fprintf(to_, "%s %s 2880 %d %d %d %d\n", bitpix == 16 ? ">i2" : ">f4", path.c_str(), kHeight, kWidth, kLeft,
                 kRight);
    std::fflush(to_);
    double out = 0;
    if (std::fscanf(from_, "%lf %lf", &out, &median) != 2)
      bench::die("python3 with numpy is needed: apt-get install python3-numpy");
    if (bitpix == 16) median += 32768;
    return out;
  }

 private:
  std::FILE *to_ = nullptr, *from_ = nullptr;
};

std::vector<std::string> source_extractor(const std::string& path) {
  const std::string share = "/usr/share/source-extractor/default.", parameters = bench::new_file("stats.param");
  std::ofstream(parameters) << "NUMBER\nX_IMAGE\nY_IMAGE\nFLUX_AUTO\nFWHM_IMAGE\nELLIPTICITY\nFLAGS\n";
  return {"/usr/bin/source-extractor",
          path,
          "-c",
          share + "sex",
          "-PARAMETERS_NAME",
          parameters,
          "-FILTER_NAME",
          share + "conv",
          "-STARNNW_NAME",
          share + "nnw",
          "-CATALOG_TYPE",
          "ASCII",
          "-CATALOG_NAME",
          "/dev/null",
          "-VERBOSE_TYPE",
          "QUIET"};
}

void timed(const std::string& name, const std::function<double()>& seconds) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 for (auto _ : state) state.SetIterationTime(seconds());
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const std::vector<float> pixels = frame();
  static Numpy numpy;
  for (const int bitpix : {16, -32}) {
    const std::string kind = bitpix == 16 ? "16" : "float";
    const std::string path = write("stats_" + kind + ".fits", pixels, bitpix, 0, kWidth);
    double median = 0;
    numpy.seconds(path, bitpix, median);
    const double own = ours(path).median;
    if (std::abs(own - median) > 1e-7 * median)
      bench::die("medians differ: " + std::to_string(own) + ", numpy " + std::to_string(median));
    benchmark::RegisterBenchmark(("median/" + kind).c_str(),
                                 [=](benchmark::State& state) {
                                   for (auto _ : state) benchmark::DoNotOptimize(ours(path));
                                 })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
    timed("numpy/" + kind, [=] {
      double ignored = 0;
      return numpy.seconds(path, bitpix, ignored);
    });
    // Without overscan, which source-extractor knows nothing of.
    const std::string cut = write("stars_" + kind + ".fits", pixels, bitpix, kLeft, kRight);
    const std::string imstats = bench::program("imstats");
    const std::string said = bench::output_of({imstats, "-format", "json", cut});
    const auto place = said.find("\"fwhm\":");
    const double fwhm = place == said.npos ? 0 : std::atof(said.c_str() + place + 7);
    if (std::abs(fwhm / kFwhm - 1) > 0.02)
      bench::die("imstats finds a FWHM of " + std::to_string(fwhm) + ", the truth is 4");
    timed("stars/" + kind + "/imstats", [=] { return bench::run({imstats, "-j", "1", cut}); });
    timed("stars/" + kind + "/source_extractor", [=, words = source_extractor(cut)] { return bench::run(words); });
  }
  const std::string mosaic = write_mosaic(pixels), imstats = bench::program("imstats");
  const std::vector<std::string> reading = {"/bin/dd", "if=" + mosaic, "of=/dev/null", "bs=1M", "status=none"};
  const bench::SlowDisk disk;
  for (const std::string from : {"disk", "cold", "warm"}) {
    if (from == "disk" && !disk.works()) continue;
    const auto add = [&](const std::string& name, const std::vector<std::string>& words) {
      timed(name + "/" + from, [=, run = from == "disk" ? disk.of(words) : words] {
        if (from == "warm")
          bench::warm(mosaic);
        else
          bench::forget(mosaic);
        return bench::run(run);
      });
    };
    add("mosaic/imstats", {imstats, "-j", "2", mosaic});
    add("mosaic/read", reading);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

// Header reading against CFITSIO: the same files, the same run, every card of every HDU in memory at the end.
// Files are written into a temporary folder first: 1 HDU of 200 cards, MEFs of 13 and 41 HDUs (2048 x 16 pixels of 16 bits
// each); packed by gzip, one image of 2048 x 2048 noisy pixels and the MEF of 13. Afterwards the ratios and the goals of the
// design (2 x, 3 x, packed 1 x) are printed.
#include <benchmark/benchmark.h>
#include <fitsio.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "imreg/fits_file.h"

namespace {

using imreg::Header;

constexpr int kFiles = 30, kColumns = 2048;

struct Case {
  std::string name;
  int hdus, cards, rows;
  bool gzip;
  double goal;
  std::vector<std::string> files = {};
};

Header cards_of(int number, const Case& c) {
  Header out;
  if (number == 0) {
    out.add("SIMPLE", true, "conforms to FITS standard");
  } else {
    out.add("XTENSION", "IMAGE", "image extension");
  }
  const bool data = c.hdus == 1 || number > 0;
  out.add("BITPIX", data ? 16 : 8, "bits per pixel");
  out.add("NAXIS", data ? 2 : 0, "number of axes");
  if (data) {
    out.add("NAXIS1", kColumns);
    out.add("NAXIS2", c.rows);
  }
  if (number == 0) {
    out.add("EXTEND", c.hdus > 1);
  } else {
    out.add("PCOUNT", 0);
    out.add("GCOUNT", 1);
    out.add("EXTNAME", "ccd" + std::to_string(number));
  }
  for (int i = 0; out.size() < static_cast<std::size_t>(c.cards); ++i) {
    const std::string n = std::to_string(i);
    switch (i % 4) {
      case 0: out.add("REAL" + n, 0.1 * i, "a temperature"); break;
      case 1: out.add("TEXT" + n, "value " + n, "a name"); break;
      case 2: out.add("COUNT" + n, i, "a number"); break;
      default: out.add_comment("COMMENT", "words about the observation number " + n);
    }
  }
  return out;
}

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "fits_bench: %s\n", what.c_str());
  std::_Exit(3);
}

// kFiles plain files, or a few packed ones with noise for pixels.
std::vector<std::string> write_files(const std::filesystem::path& folder, const Case& c) {
  std::string bytes;
  std::mt19937 random(1);
  for (int number = 0; number < c.hdus; ++number) {
    bytes += cards_of(number, c).file_bytes();
    if (c.hdus > 1 && number == 0) continue;
    for (int i = 0; i < kColumns * c.rows; ++i) {
      bytes += '\4';  // 1024 to 1087
      bytes += static_cast<char>(c.gzip ? random() % 64 : 0);
    }
    bytes.resize((bytes.size() + 2879) / 2880 * 2880, '\0');
  }
  std::vector<std::string> out;
  for (int i = 0; i < (c.gzip ? 3 : kFiles); ++i) {
    const auto path = folder / (c.name + "_" + std::to_string(i) + (c.gzip ? ".fits.gz" : ".fits"));
    const gzFile file = gzopen(path.c_str(), c.gzip ? "wb6" : "wbT");
    const bool written = gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) > 0;
    if (gzclose(file) != Z_OK || !written) die("cannot write " + path.string());
    out.push_back(path.string());
  }
  return out;
}

void ours(benchmark::State& state, const std::vector<std::string>& files, std::size_t cards) {
  std::size_t at = 0;
  for (auto _ : state) {
    auto headers = imreg::read_fits_headers(files[at++ % files.size()]);
    std::size_t seen = 0;
    if (headers)
      for (const auto& hdu : headers->hdus) seen += hdu.header.size();
    if (seen != cards) die("imreg read " + std::to_string(seen) + " cards");
    benchmark::DoNotOptimize(headers);
  }
}

void cfitsio(benchmark::State& state, const std::vector<std::string>& files, std::size_t cards) {
  std::size_t at = 0;
  for (auto _ : state) {
    fitsfile* file = nullptr;
    int status = 0, hdus = 0;
    std::size_t seen = 0;
    std::string text;
    text.reserve(cards * imreg::kCardSize);
    fits_open_diskfile(&file, files[at++ % files.size()].c_str(), READONLY, &status);
    fits_get_num_hdus(file, &hdus, &status);
    for (int number = 1; number <= hdus; ++number) {
      fits_movabs_hdu(file, number, nullptr, &status);
      int count = 0;
      fits_get_hdrspace(file, &count, nullptr, &status);
      for (int i = 1; i <= count; ++i) {
        char card[FLEN_CARD];
        fits_read_record(file, i, card, &status);
        text += card;
        ++seen;
      }
    }
    fits_close_file(file, &status);
    if (status != 0 || seen != cards) die("CFITSIO read " + std::to_string(seen) + " cards");
    benchmark::DoNotOptimize(text);
  }
}

// The table on the terminal as ever, and the times for the ratios.
class Times : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      double& best = seconds_[run.run_name.function_name];
      const double time = run.real_accumulated_time / static_cast<double>(run.iterations);
      if (run.run_type == Run::RT_Iteration && (best == 0 || time < best)) best = time;
    }
  }
  double of(const std::string& name) const { return seconds_.contains(name) ? seconds_.at(name) : 0; }

 private:
  std::map<std::string, double> seconds_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  std::string folder = (std::filesystem::temp_directory_path() / "imreg_fits_bench_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr)
    die("cannot make a folder in " + std::filesystem::temp_directory_path().string());
  Case cases[] = {{"1_hdu", 1, 200, 16, false, 2},
                  {"13_hdu", 13, 60, 16, false, 3},
                  {"41_hdu", 41, 60, 16, false, 3},
                  {"gz_1_hdu", 1, 200, 2048, true, 1},
                  {"gz_13_hdu", 13, 60, 16, true, 1}};
  for (Case& c : cases) {
    c.files = write_files(folder, c);
    const std::size_t cards = static_cast<std::size_t>(c.hdus * c.cards);
    benchmark::RegisterBenchmark(("imreg_" + c.name).c_str(),
                                 [&c, cards](auto& state) { ours(state, c.files, cards); });
    benchmark::RegisterBenchmark(("cfitsio_" + c.name).c_str(),
                                 [&c, cards](auto& state) { cfitsio(state, c.files, cards); });
  }
  Times times;
  benchmark::RunSpecifiedBenchmarks(&times);
  for (const Case& c : cases) {
    const double us = times.of("imreg_" + c.name) * 1e6, peer = times.of("cfitsio_" + c.name) * 1e6;
    if (us == 0 || peer == 0) continue;
    std::printf("%-10s imreg %9.2f us = %8.0f HDU/s   cfitsio %9.2f us = %8.0f HDU/s   ratio %5.2f   goal %.0f   %s\n",
                c.name.c_str(), us, 1e6 * c.hdus / us, peer, 1e6 * c.hdus / peer, peer / us, c.goal,
                peer / us >= c.goal ? "met" : "NOT met");
  }
  std::filesystem::remove_all(folder);
  return 0;
}

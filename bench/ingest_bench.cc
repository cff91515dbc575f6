// imingest beside CFITSIO and SQLite doing the same work; a second run over an unchanged archive beside a bare loop of stat(); searches
// of header rows beside read() of the same bytes; a join and imkeys. Sizes: $FILES (2000 files of 7 HDUs), $UNCHANGED (100000 files),
// $HEADERS (4300000 header rows), $JOINED (1000000 rows on both sides).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "bench_data.h"
#include "headers/header_reader.h"
#include "headers/table_schema.h"
#include "imreg/fits_file.h"
#include "imreg/ingest.h"
#include "imreg/record_file.h"
#include "os/file.h"
#include "peers/cfitsio_sqlite.h"
#include "peers/sqlite_rows.h"

namespace {

using namespace imreg;
namespace fs = std::filesystem;

constexpr std::size_t kBatch = 512;  // files of a durable step, on both sides
constexpr int kHdus = 7;

std::int64_t count_of(const char* variable, std::int64_t other) {
  const char* const text = std::getenv(variable);
  return text ? std::strtoll(text, nullptr, 10) : other;
}

// A header as those of the ACS are: many keywords, most of them as in the file before.
Header header_of(std::int64_t file, int hdu, int cards) {
  Header out;
  if (hdu == 0)
    out.add("SIMPLE", true, "conforms to FITS standard");
  else
    out.add("XTENSION", "IMAGE", "image extension");
  out.add("BITPIX", 16, "bits per pixel");
  out.add("NAXIS", 0);
  if (hdu == 0) {
    out.add("EXTEND", true);
    out.add("INSTRUME", "BenchCam");
    out.add("ROOTNAME", "b" + std::to_string(100000 + file), "rootname of the observation set");
    out.add("DATE-OBS", "2003-01-" + std::to_string(10 + file % 20) + "T10:20:30", "UT date of start of observation");
    out.add("EXPTIME", 10.0 + static_cast<double>(file % 900), "exposure duration (seconds)");
  } else {
    constexpr const char* kNames[] = {"SCI", "ERR", "DQ"};
    out.add("PCOUNT", 0);
    out.add("GCOUNT", 1);
    out.add("EXTNAME", kNames[(hdu - 1) % 3], "extension name");
    out.add("EXTVER", (hdu - 1) / 3 + 1, "extension version number");
    out.add("MDRIZSKY", 0.25 * static_cast<double>((file * 7 + hdu) % 4000), "sky value computed by MultiDrizzle");
  }
  for (int i = 0; out.size() < static_cast<std::size_t>(cards); ++i) {
    const std::string n = std::to_string(i);
    const std::int64_t seldom = i % 10 == 0 ? file : 0;  // what differs from file to file
    switch (i % 4) {
      case 0: out.add("REAL" + n, 0.1 * i + static_cast<double>(seldom), "a temperature (degrees)"); break;
      case 1: out.add("TEXT" + n, "value " + n, "a name of something"); break;
      case 2: out.add("COUNT" + n, static_cast<long long>(i + seldom), "a number"); break;
      default: out.add("FLAG" + n, i % 8 == 3, "whether it was done");
    }
  }
  return out;
}

void write_bytes(const std::string& path, const std::string& bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    bench::die("cannot write " + path);
  ::close(fd);
}

struct Archive {
  std::string folder;
  std::vector<std::string> files;
};

Archive make_archive(const char* name, std::int64_t files, int hdus) {
  Archive out{bench::new_file(name), {}};
  fs::remove_all(out.folder);
  for (std::int64_t i = 0; i < files; ++i) {
    const std::string folder = out.folder + "/" + std::to_string(i / 500);
    if (i % 500 == 0) fs::create_directories(folder);
    std::string bytes;
    for (int hdu = 0; hdu < hdus; ++hdu) bytes += header_of(i, hdu, hdus == 1 ? 30 : hdu == 0 ? 250 : 160).file_bytes();
    out.files.push_back(folder + "/b" + std::to_string(100000 + i) + "_flt.fits");
    write_bytes(out.files.back(), bytes);
  }
  return out;
}

const Archive& archive() {
  static const Archive made = make_archive("ingest_archive", count_of("FILES", 2000), kHdus);
  return made;
}

IngestOptions options_for(const Archive& from, const std::string& folder, int jobs) {
  IngestOptions out;
  out.folder = folder;
  out.trees = {from.folder};
  out.jobs = jobs;
  return out;
}

std::string fresh_folder(const char* name) {
  const std::string folder = bench::new_file(name);
  fs::remove_all(folder);
  return folder;
}

void imingest(benchmark::State& state) {
  const std::int64_t headers = kHdus * std::ssize(archive().files);
  for (auto _ : state) {
    state.PauseTiming();
    const std::string folder = fresh_folder("ingest_ours");
    state.ResumeTiming();
    const auto report = ingest_trees(options_for(archive(), folder, static_cast<int>(state.range(0))));
    if (!report || report->rows != headers)
      bench::die("imingest: " + (report ? "not all headers" : report.status().text()));
  }
  state.SetItemsProcessed(state.iterations() * headers);
}

void cfitsio_sqlite(benchmark::State& state) {
  const std::int64_t headers = kHdus * std::ssize(archive().files);
  for (auto _ : state) {
    state.PauseTiming();
    const std::string path = bench::new_file("ingest_peer.sqlite");
    state.ResumeTiming();
    if (bench::cfitsio_to_sqlite(archive().files, path, kBatch) != headers) bench::die("CFITSIO: not all headers");
  }
  state.SetItemsProcessed(state.iterations() * headers);
}

// Both have the same values: the sum of a keyword over a table.
void compare_with_peer() {
  const std::string folder = fresh_folder("ingest_ours"), peer = bench::new_file("ingest_peer.sqlite");
  if (!ingest_trees(options_for(archive(), folder, 1))) bench::die("imingest");
  bench::cfitsio_to_sqlite(archive().files, peer, kBatch);
  const std::string ours = bench::output_of({bench::program("imsearch"), "-db", folder, "-from", "benchcam_sci",
                                             "-group", "extver", "-fields", "count,sum(MDRIZSKY)", "-format", "csv"});
  std::string theirs = "extver,count,sum_mdrizsky\n";
  for (int extver = 1; extver <= 2; ++extver) {
    const std::string from = " FROM SCI WHERE EXTVER = " + std::to_string(extver);
    const auto quarters = bench::sqlite_number(peer, "SELECT CAST(4 * sum(MDRIZSKY) AS INTEGER)" + from);
    char line[80];
    std::snprintf(line, sizeof line, "%d,%lld,%.10g\n", extver,
                  static_cast<long long>(bench::sqlite_number(peer, "SELECT count(*)" + from)),
                  static_cast<double>(quarters) / 4);
    theirs += line;
  }
  if (ours != theirs) bench::die("not the same values:\n" + ours + theirs);
}

const Archive& large_archive() {
  static const Archive made = make_archive("ingest_unchanged", count_of("UNCHANGED", 100'000), 1);
  return made;
}

void second_run(benchmark::State& state) {
  const std::string folder = fresh_folder("ingest_second");
  if (!ingest_trees(options_for(large_archive(), folder, 2))) bench::die("imingest");
  for (auto _ : state) {
    const auto report = ingest_trees(options_for(large_archive(), folder, static_cast<int>(state.range(0))));
    if (!report || report->unchanged != std::ssize(large_archive().files)) bench::die("not all is unchanged");
  }
  state.SetItemsProcessed(state.iterations() * std::ssize(large_archive().files));
}

void bare_stat(benchmark::State& state) {
  for (auto _ : state) {
    for (const auto& path : large_archive().files) {
      struct stat info {};
      if (::stat(path.c_str(), &info) != 0) bench::die("a file has gone");
    }
  }
  state.SetItemsProcessed(state.iterations() * std::ssize(large_archive().files));
}

// A header table of many rows, 60 keywords, without heap: what searches look at.
void make_table(const std::string& folder, const std::string& name, std::int64_t rows, std::int64_t step) {
  fs::create_directories(folder + "/headers");
  headers::Growth growth(headers::empty_schema(name));
  const auto never = [](const FieldInfo&) { return true; };
  const Header sample = header_of(0, 1, 66);
  const auto values = headers::HeaderReader().parse(name, sample).values();
  for (const auto& value : values) growth.see(*value, never);
  const Schema schema = growth.schema();
  const headers::OwnFields own(schema);
  const std::string path = folder + "/headers/" + name + ".db";
  RecordWriter::Options options;
  if (!RecordWriter::create(path, schema, options).ok()) bench::die("cannot make " + path);
  auto writer = RecordWriter::open(path, options);
  if (!writer) bench::die(writer.status().text());
  Record row(static_cast<std::size_t>(schema.record_size));
  for (const auto& value : values) (void)headers::store_key(*schema.find(value->column), *value, row);
  const auto sky = *find_field<double>(schema, "mdrizsky");
  std::string bytes;
  for (std::int64_t i = 0; i < rows; ++i) {
    row.set(own.file, 1 + i * step % rows);  // the same files in another order
    row.set(own.hdu, 1);
    row.set(own.deleted, false);
    if (!row.set(own.rootname, "b" + std::to_string(i * step % rows)) ||
        !row.set(own.filename, "b" + std::to_string(i) + "_flt.fits"))
      bench::die("a name is too long");
    row.set(sky, 0.25 * static_cast<double>(i * 7919 % 4000));
    bytes += row.bytes();
    if (bytes.size() > (64U << 20) || i + 1 == rows) {
      if (!writer->append(std::move(bytes)).ok()) bench::die("cannot write " + path);
      bytes.clear();
    }
  }
}

const std::string& large_table() {
  static const std::string folder = [] {
    std::string made = fresh_folder("ingest_search");
    make_table(made, "bench_sci", count_of("HEADERS", 4'300'000), 1);
    bench::warm(made + "/headers/bench_sci.db");
    return made;
  }();
  return folder;
}

const std::string& joined_tables() {
  static const std::string folder = [] {
    std::string made = fresh_folder("ingest_join");
    const std::int64_t rows = count_of("JOINED", 1'000'000);
    make_table(made, "bench_0", rows, 1);
    make_table(made, "bench_1", rows, 7919);  // a prime: each file once, far from its partner
    for (const char* name : {"bench_0", "bench_1"}) bench::warm(made + "/headers/" + name + ".db");
    return made;
  }();
  return folder;
}

void add(const char* name, const std::function<double()>& seconds_of_one) {
  benchmark::RegisterBenchmark(name,
                               [=](benchmark::State& state) {
                                 for (auto _ : state) state.SetIterationTime(seconds_of_one());
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

// The bytes of the table through a buffer, by one thread.
void read_bytes(benchmark::State& state) {
  const std::string path = large_table() + "/headers/bench_sci.db";
  std::vector<char> buffer(1 << 20);
  for (auto _ : state) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) bench::die("cannot open " + path);
    while (::read(fd, buffer.data(), buffer.size()) > 0) benchmark::DoNotOptimize(buffer.data());
    ::close(fd);
  }
}

}  // namespace

BENCHMARK(imingest)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(cfitsio_sqlite)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(second_run)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(bare_stat)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(read_bytes)->Unit(benchmark::kMillisecond)->UseRealTime();

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const std::string search = bench::program("imsearch"), keys = bench::program("imkeys");
  add("keyword_search", [=] {
    return bench::run({search, "-db", large_table(), "-from", "bench_sci", "-where",
                       "MDRIZSKY > 999.5 and TEXT1 like 'val%'", "-fields", "filename,MDRIZSKY", "-format", "csv"});
  });
  add("join", [=] {
    return bench::run({search, "-db", joined_tables(), "-from", "bench_0", "-with", "bench_1", "-fields",
                       "filename,bench_1.MDRIZSKY", "-format", "csv"});
  });
  add("imkeys_keyword", [=] { return bench::run({keys, "-db", large_table(), "MDRIZSKY"}); });
  add("imkeys_table", [=] { return bench::run({keys, "-db", large_table(), "bench_sci"}); });
  compare_with_peer();
  benchmark::RunSpecifiedBenchmarks();
}

// Whole processes, from before the fork to after the wait: start, one file registered, a million rows listed, a search.
// Outputs go to /dev/null when they are timed; before that they are compared byte for byte, and every exit code is checked.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bench_data.h"
#include "imreg/index.h"
#include "imreg/registry.h"
#include "imreg/simulate.h"
#include "peers/sqlite_rows.h"

namespace {

using namespace imreg;
using Words = std::vector<std::string>;
using bench::output_of;
using bench::run;

constexpr std::int64_t kRows = 1000000;

void add(const std::string& name, std::int64_t items, const std::function<double()>& seconds_of_one) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 for (auto _ : state) state.SetIterationTime(seconds_of_one());
                                 state.SetItemsProcessed(state.iterations() * items);
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

// Programs that print the same bytes: compared once, then timed.
void add_equal(std::int64_t items, const std::vector<std::pair<std::string, std::function<Words()>>>& work) {
  const auto compare = [work] {
    const std::string first = output_of(work[0].second());
    for (const auto& [name, words] : work) {
      if (output_of(words()) != first) bench::die(name + " and " + work[0].first + " print different bytes");
    }
    return true;
  };
  for (const auto& [name, words] : work) {
    add(name, items, [=, words_of = words] {
      static std::vector<std::string> compared;
      if (std::find(compared.begin(), compared.end(), work[0].first) == compared.end() && compare())
        compared.push_back(work[0].first);
      return run(words_of());
    });
  }
}

std::string rows_path() {
  static const std::string path = bench::simulated_database(kRows);
  return path;
}
std::string sqlite_path() {
  static const std::string path = rows_path() + ".sqlite";
  static const bool made = (bench::sqlite_copy(rows_path(), path), true);
  return made ? path : "";
}

// A night of the simulator; each call gives its first exposure another name, so that it is a new file to register.
std::string next_image() {
  static const std::string folder = [] {
    std::string out = bench::new_file("night");
    SimulateOptions options;
    options.ccds = 40;
    options.objects = 1;
    options.chip_width = options.chip_height = 32;
    if (const auto made = simulate_nights(out, options); !made) bench::die(made.status().text());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out)) {
      if (entry.path().extension() == ".fits")
        std::filesystem::copy_file(entry.path(), out + "/image.fits",
                                   std::filesystem::copy_options::overwrite_existing);
    }
    return out;
  }();
  static int number = 0;
  std::string path = folder + "/image" + std::to_string(++number) + ".fits";
  std::filesystem::create_hard_link(folder + "/image.fits", path);
  return path;
}

// An own database of `rows` rows; it grows by 40 with each file.
std::string database_to_fill(std::int64_t rows) {
  static std::vector<std::pair<std::int64_t, std::string>> made;
  for (const auto& [count, path] : made) {
    if (count == rows) return path;
  }
  const std::string path = bench::new_file("register" + bench::short_count(rows) + ".db");
  if (const auto status = simulate_rows(path, rows, 2); !status.ok()) bench::die(status.text());
  made.emplace_back(rows, path);
  return path;
}

// The first half of the million rows, with its index. (500,000 simulated rows would be others: an exposure is twice as far
// from the next.)
std::string first_half() {
  const std::string path = rows_path() + ".half.db";
  if (const auto made = RecordFile::open(path); made && made->count() == kRows / 2) return path;
  bench::new_file(std::filesystem::path(path).filename());
  const auto all = RecordFile::open(rows_path());
  if (!all) bench::die(all.status().text());
  std::string rows;
  Record scratch = all->make_record();
  for (std::int64_t row = 0; row < kRows / 2; ++row)
    rows.append(all->peek(row, scratch).bytes(), scratch.bytes().size());
  auto status = RecordWriter::create(path, all->schema(), {});
  auto writer = RecordWriter::open(path, {});
  if (status.ok()) status = writer ? writer->append(std::move(rows)) : writer.status();
  if (status.ok()) status = writer->trim();
  if (status.ok()) status = rebuild_index(writer->file());
  if (!status.ok()) bench::die(status.text());
  return path;
}

// A copy of the first half for each merge with the whole.
std::string half_filled(const std::string& kind) {
  const std::string from = first_half(), path = bench::new_file("merge_into_" + kind);
  if (kind == "imreg") {
    std::filesystem::copy_file(from, path);
    std::filesystem::copy_file(from + ".idx", path + ".idx");
  } else {
    static const std::string filled = [&] {
      const std::string out = from + ".unique.sqlite";
      bench::sqlite_copy(from, out);
      // What makes an image one of its own to imregtable, too.
      bench::run({"/usr/bin/sqlite3", out,
                  "CREATE UNIQUE INDEX IF NOT EXISTS image ON images (filename, pathname, extension, slice)"});
      return out;
    }();
    std::filesystem::copy_file(filled, path);
  }
  ::sync();  // the copy is not the merge's work
  return path;
}

// Seconds of one merge; both must then hold the same number of rows.
double merge_seconds(const std::string& kind) {
  const std::string into = half_filled(kind);
  if (kind == "imreg") {
    const double seconds = run({bench::program("imregtable"), "-db", into, rows_path()});
    if (output_of({bench::program("imsearch"), "-db", into, "-count"}) != "1000000\n")
      bench::die("imregtable lost rows");
    return seconds;
  }
  const double seconds =
      run({"/usr/bin/sqlite3", into,
           "ATTACH '" + sqlite_path() + "' AS b; INSERT OR IGNORE INTO images SELECT * FROM b.images"});
  if (bench::sqlite_number(into, "SELECT count(*) FROM images") != kRows) bench::die("sqlite3 lost rows");
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const std::string imsearch = bench::program("imsearch"), imregister = bench::program("imregister"),
                    plain = bench::program("plain");

  add("start_empty", 1, [=] { return run({bench::program("empty")}); });
  add("start_sqlite3", 1, [=] { return run({"/usr/bin/sqlite3", ":memory:", "SELECT 1"}); });
  add("start_imsearch", 1, [=] { return run({imsearch, "-db", database_to_fill(40), "-ccd", "1"}); });
  add("start_imregister", 1, [=] { return run({imregister, "-version"}); });
  std::vector<std::int64_t> sizes{400, 10000, 100000, 1000000};
  if (const char* rows = std::getenv("ROWS"); rows && std::strstr(rows, "10m")) sizes.push_back(10000000);
  for (const std::int64_t rows : sizes) {
    add("register_" + bench::short_count(rows), 1, [=] {
      const std::string database = database_to_fill(rows);
      return run({imregister, "-db", database, next_image()});
    });
  }
  add_equal(kRows, {{"list_1m",
                     [=] {
                       return Words{imsearch, "-db", rows_path()};
                     }},
                    {"plain_list_1m", [=] {
                       return Words{plain, "rows", rows_path()};
                     }}});
  add("search_1m", kRows, [=] {
    return run({imsearch, "-db", rows_path(), "-trange", "2010/01/01", "2010/12/31", "-ccd", "12", "-type", "object"});
  });
  add("plain_map_1m", kRows, [=] { return run({plain, "map", rows_path()}); });
  add("plain_read_1m", kRows, [=] { return run({plain, "read", rows_path()}); });
  add("sqlite_search_1m", kRows, [=] {
    return run(
        {"/usr/bin/sqlite3", sqlite_path(),
         "SELECT type, mode, ccd, pathname, filename, filter, exptime, obstime, fwhm, bias, sky FROM images WHERE "
         "deleted = 0 AND "
         "obstime <= 1293753600 AND obstime + max(coalesce(exptime, 0), 0) >= 1262304000 AND ccd = 12 AND type = 1"});
  });
  for (const char* who : {"imreg", "sqlite"}) {
    add(std::string("merge_1m/") + who, kRows, [=] { return merge_seconds(who); });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

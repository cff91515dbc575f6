// An archive moves: another beginning for the pathnames of a tenth of the rows (1 M of 10 M with ROWS=10M), by the nights
// they were taken in. Timed until it is durable; what comes behind, apart: ours writes the rows in place and indexes their
// pathnames (SQLite and DuckDB have no such index), and the checkpoint. Rows move to and fro on copies, removed at the end.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "bench_data.h"
#include "formats/regimage.h"
#include "imreg/bulk_change.h"
#include "imreg/index.h"
#include "imreg/scan.h"
#include "peers/duckdb_rows.h"
#include "peers/sqlite_rows.h"
#include "peers/sqlite_search.h"

namespace {

using namespace imreg;

const std::int64_t kRows = [] {
  const char* rows = std::getenv("ROWS");
  return rows && std::strstr(rows, "10") ? std::int64_t{10000000} : std::int64_t{1000000};
}();

const std::string kHere = "/data/archive", kThere = "/data/sessions";

template <class T>
T must(Result<T> result) {
  if (!result) bench::die(result.status().text());
  return *std::move(result);
}
void must(const Status& status) {
  if (!status.ok()) bench::die(status.text());
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string source() {
  static const std::string path = [] {
    std::string out = bench::simulated_database(kRows);
    bench::build_index(out, kRows);
    return out;
  }();
  return path;
}

// The times between which a tenth of the rows lies.
std::pair<double, double> nights() {
  const auto file = must(RecordFile::open(source()));
  Record scratch = file.make_record();
  const auto time_of = [&](std::int64_t row) { return double{file.peek(row, scratch)[regimage::kObstime]}; };
  return {time_of(kRows / 10 * 4), time_of(kRows / 2)};
}

std::string copy_of(const std::string& path) {
  const std::string copy = bench::new_file("relocate_copy_" + std::filesystem::path(path).filename().string());
  std::filesystem::copy_file(path, copy);
  bench::warm(copy);
  ::sync();
  return copy;
}

struct Contestant {
  virtual ~Contestant() = default;
  /// Calls `durable` when it is.
  virtual void move(const std::string& from, const std::string& to, const std::function<void()>& durable) = 0;
  virtual void index() {}
  virtual void checkpoint() = 0;
  virtual std::int64_t moved() = 0;
};

struct Ours : Contestant {
  std::string path = copy_of(source());
  IndexKeeper keeper{IndexKeeper::Patience::full};
  std::optional<RecordWriter> writer;
  std::int64_t changed = 0;
  Ours() {
    std::filesystem::copy_file(source() + ".idx", path + ".idx");
    RecordWriter::Options options;
    options.follower = &keeper;
    writer = must(RecordWriter::open(path, options));
  }
  ~Ours() override {
    writer.reset();
    for (const char* end : {"", ".idx", ".journal", ".lock"}) std::filesystem::remove(path + end);
  }
  void move(const std::string& from, const std::string& to, const std::function<void()>& durable) override {
    const Schema& schema = writer->file().schema();
    Selection selection;
    const auto [begin, end] = nights_;
    must(selection.number(schema, "obstime", {Interval{begin, std::nextafter(end, 0)}}, false));
    std::vector<std::int64_t> rows;
    find_rows(writer->file(), selection, {}).each(0, [&](std::int64_t row) { return rows.push_back(row), true; });
    const auto next = [&, at = rows.begin()](std::int64_t first) mutable {
      while (at != rows.end() && *at < first) ++at;
      return at == rows.end() ? writer->file().count() : *at;
    };
    changed = must(relocate(*writer, *schema.find("pathname"), from, to, next, {{}, durable}));
  }
  void index() override {
    keeper.finish(writer->file());
    if (!keeper.note().empty()) bench::die(keeper.note());
  }
  void checkpoint() override { must(writer->checkpoint()); }
  std::int64_t moved() override { return changed; }
  std::pair<double, double> nights_ = nights();
};

std::string update_of(const std::string& from, const std::string& to) {
  const auto [begin, end] = nights();
  return "UPDATE images SET pathname = '" + to + "' || substr(pathname, " + std::to_string(from.size() + 1) +
         ") WHERE obstime >= " + std::to_string(begin) + " AND obstime < " + std::to_string(end) +
         " AND (pathname = '" + from + "' OR substr(pathname, 1, " + std::to_string(from.size() + 1) + ") = '" + from +
         "/')";
}

struct Sqlite : Contestant {
  std::string path = copy_of(bench::sqlite_with_indexes(source()));
  std::unique_ptr<bench::SqliteRows> rows =
      std::make_unique<bench::SqliteRows>(path, must(RecordFile::open(source())).schema());
  std::int64_t changed = 0;
  Sqlite() {
    for (const char* pragma : {"wal_autocheckpoint=0", "cache_size=-1000000", "mmap_size=8000000000"})
      rows->run(std::string("PRAGMA ") + pragma);
  }
  ~Sqlite() override {
    rows.reset();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  }
  void move(const std::string& from, const std::string& to, const std::function<void()>& durable) override {
    rows->run(update_of(from, to));
    changed = sqlite3_changes(rows->handle());
    durable();
  }
  void checkpoint() override { rows->run("PRAGMA wal_checkpoint(TRUNCATE)"); }
  std::int64_t moved() override { return changed; }
};

struct Duck : Contestant {
  std::string path = copy_of(source() + ".duckdb");
  std::unique_ptr<bench::Duckdb> db = std::make_unique<bench::Duckdb>(path, false);
  Duck() { db->run("PRAGMA wal_autocheckpoint='100GB'"); }
  ~Duck() override {
    db.reset();
    for (const char* end : {"", ".wal"}) std::filesystem::remove(path + end);
  }
  void move(const std::string& from, const std::string& to, const std::function<void()>& durable) override {
    db->run(update_of(from, to));
    durable();
  }
  void checkpoint() override { db->run("CHECKPOINT"); }
  std::int64_t moved() override {
    std::string text;
    db->run(db->prepare("SELECT count(*)::VARCHAR FROM images WHERE pathname LIKE '" + kThere + "/%'"), &text);
    return std::stoll(text);
  }
};

std::set<std::int64_t> moved;  // by each contestant: the same

template <class Who>
void add(const std::string& who) {
  benchmark::RegisterBenchmark(
      ("relocate_" + bench::short_count(kRows / 10) + "/" + who).c_str(),
      [who](benchmark::State& state) {
        Who contestant;
        double place = 0, index = 0, checkpoint = 0;
        bool there = false;
        for (auto _ : state) {
          const auto& from = there ? kThere : kHere;
          const auto& to = there ? kHere : kThere;
          double durable = 0;
          const double all = seconds_of([&] {
            const auto start = std::chrono::steady_clock::now();
            contestant.move(from, to, [&] {
              durable = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            });
          });
          place += all - durable;
          state.SetIterationTime(durable);
          if (!there) moved.insert(contestant.moved());
          if (moved.size() > 1) bench::die(who + " moves another number of rows than others");
          index += seconds_of([&] { contestant.index(); });
          checkpoint += seconds_of([&] { contestant.checkpoint(); });
          there = !there;
        }
        using Counter = benchmark::Counter;
        state.counters["place_s"] = Counter(place, Counter::kAvgIterations);
        state.counters["index_s"] = Counter(index, Counter::kAvgIterations);
        state.counters["checkpoint_s"] = Counter(checkpoint, Counter::kAvgIterations);
      })
      ->UseManualTime()
      ->Iterations(4)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  add<Ours>("imreg");
  add<Sqlite>("sqlite");
  if (bench::duckdb_library().empty() || !std::filesystem::exists(source() + ".duckdb"))
    std::fprintf(stderr,
                 "relocate_bench: DuckDB or its copy of the rows (search_bench makes it) is not there: skipped\n");
  else
    add<Duck>("duckdb");
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

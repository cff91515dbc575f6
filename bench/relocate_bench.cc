// An archive moves: another beginning for the pathnames of a tenth of the rows (1 M of 10 M with ROWS=10M), by the nights
// they were taken in; or of all rows of a year (a twentieth), by the beginning itself. Timed until it is durable, with ours the
// history too, so that it can be undone; what comes behind, apart: ours writes the rows in place, indexes their pathnames and
// merges the index, as imregister does in the background (SQLite keeps its indexes in the step, DuckDB has none), and the
// checkpoint. Rows move to and fro on copies, removed at the end. Then the programs' own ways, opening and planning included.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "archive/roots.h"
#include "bench_data.h"
#include "formats/regimage.h"
#include "imreg/bulk_change.h"
#include "imreg/date.h"
#include "imreg/history.h"
#include "imreg/index.h"
#include "imreg/relocate.h"
#include "imreg/scan.h"
#include "peers/duckdb_rows.h"
#include "peers/sqlite_rows.h"
#include "peers/sqlite_search.h"
#include "registry/root_changes.h"

namespace {

using namespace imreg;

const std::int64_t kRows = [] {
  const char* rows = std::getenv("ROWS");
  return rows && std::strstr(rows, "10") ? std::int64_t{10000000} : std::int64_t{1000000};
}();

// What moves where; without `by_night` all that has the beginning.
struct Move {
  std::string name, here, there;
  bool by_night;
};
const Move kMoves[] = {{bench::short_count(kRows / 10), "/data/archive", "/data/sessions", true},
                       {"year", "/data/archive/megacam/2005", "/data/sessions/megacam/2005", false}};

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
  virtual void move(const Move& move, bool back, const std::function<void()>& durable) = 0;
  virtual void index() {}
  virtual void merge() {}
  virtual void checkpoint() = 0;
  /// For the next move; not timed.
  virtual void ready() {}
  virtual std::int64_t moved() = 0;
};

struct Ours : Contestant {
  std::string path = copy_of(source());
  RecordWriter::Options options;
  std::optional<IndexKeeper> keeper;
  std::optional<RecordWriter> writer;
  std::int64_t changed = 0;
  explicit Ours(const Move&) {
    std::filesystem::copy_file(source() + ".idx", path + ".idx");
    open();
  }
  ~Ours() override {
    writer.reset();
    for (const char* end : {"", ".idx", ".journal", ".lock", ".history", ".history.journal", ".history.lock"})
      std::filesystem::remove(path + end);
  }
  static BulkChange about(const std::string& command) {
    BulkChange out;
    out.program = "relocate_bench";
    out.command = command;
    return out;
  }
  void open() {
    options.follower = &keeper.emplace(IndexKeeper::Patience::full);
    writer = must(RecordWriter::open(path, options));
  }
  void move(const Move& what, bool back, const std::function<void()>& durable) override {
    const Schema& schema = writer->file().schema();
    const auto& [from, to] = back ? std::pair(what.there, what.here) : std::pair(what.here, what.there);
    Selection selection;
    const auto [begin, end] = nights_;
    const auto has_it = [from = from, under = from + "/"](std::string_view text) {
      return text == from || text.starts_with(under);
    };
    must(what.by_night ? selection.number(schema, "obstime", {Interval{begin, std::nextafter(end, 0)}}, false)
                       : selection.text(schema, "pathname", has_it));
    std::vector<std::int64_t> rows;
    find_rows(writer->file(), selection, {}).each(0, [&](std::int64_t row) { return rows.push_back(row), true; });
    const auto next = [&, at = rows.begin()](std::int64_t first) mutable {
      while (at != rows.end() && *at < first) ++at;
      return at == rows.end() ? writer->file().count() : *at;
    };
    // As a program does it: it can be undone.
    auto history = must(HistoryWriter::begin(writer->file(), about(from + " " + to), {}));
    const auto bytes = [](std::string_view field) { return std::string(trimmed(field.data(), field.size())); };
    const CommitSteps steps{[&](std::int64_t number) { return history.ready(number); }, durable,
                            [&](std::int64_t row, std::int64_t n, std::string_view old, std::string_view fresh) {
                              history.rows(row, n, {{"pathname", bytes(old), bytes(fresh)}});
                            }};
    changed = must(relocate(*writer, *schema.find("pathname"), from, to, next, steps));
  }
  void index() override {
    keeper->finish(writer->file());
    if (!keeper->note().empty()) bench::die(keeper->note());
  }
  void checkpoint() override {
    must(writer->checkpoint());
    writer.reset();
  }
  void merge() override {
    if (keeper->wants_merge()) must(merge_index(path, {}));
  }
  void ready() override { open(); }
  std::int64_t moved() override { return changed; }
  std::pair<double, double> nights_ = nights();
};

std::string update_of(const Move& move, bool back) {
  const auto [begin, end] = nights();
  const std::string &from = back ? move.there : move.here, &to = back ? move.here : move.there;
  const std::string nights =
      move.by_night ? "obstime >= " + std::to_string(begin) + " AND obstime < " + std::to_string(end) + " AND " : "";
  // The range of texts that begin with it, as an index is used for it; '0' is behind '/'.
  return "UPDATE images SET pathname = '" + to + "' || substr(pathname, " + std::to_string(from.size() + 1) +
         ") WHERE " + nights + "(pathname = '" + from + "' OR (pathname >= '" + from + "/' AND pathname < '" + from +
         "0'))";
}

struct Sqlite : Contestant {
  std::string path = copy_of(bench::sqlite_with_indexes(source()));
  std::unique_ptr<bench::SqliteRows> rows =
      std::make_unique<bench::SqliteRows>(path, must(RecordFile::open(source())).schema());
  std::int64_t changed = 0;
  explicit Sqlite(const Move&) {
    rows->run("CREATE INDEX by_path ON images (pathname)");
    rows->run("ANALYZE by_path");
    for (const char* pragma : {"wal_autocheckpoint=0", "cache_size=-1000000", "mmap_size=8000000000"})
      rows->run(std::string("PRAGMA ") + pragma);
  }
  ~Sqlite() override {
    rows.reset();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  }
  void move(const Move& what, bool back, const std::function<void()>& durable) override {
    rows->run(update_of(what, back));
    changed = sqlite3_changes(rows->handle());
    durable();
  }
  void checkpoint() override { rows->run("PRAGMA wal_checkpoint(TRUNCATE)"); }
  std::int64_t moved() override { return changed; }
};

struct Duck : Contestant {
  std::string path = copy_of(source() + ".duckdb");
  std::unique_ptr<bench::Duckdb> db = std::make_unique<bench::Duckdb>(path, false);
  std::string there;
  explicit Duck(const Move& what) : there(what.there) { db->run("PRAGMA wal_autocheckpoint='100GB'"); }
  ~Duck() override {
    db.reset();
    for (const char* end : {"", ".wal"}) std::filesystem::remove(path + end);
  }
  void move(const Move& what, bool back, const std::function<void()>& durable) override {
    db->run(update_of(what, back));
    durable();
  }
  void checkpoint() override { db->run("CHECKPOINT"); }
  std::int64_t moved() override {
    std::string text;
    db->run(db->prepare("SELECT count(*)::VARCHAR FROM images WHERE pathname LIKE '" + there + "/%'"), &text);
    return std::stoll(text);
  }
};

std::map<std::string, std::set<std::int64_t>> moved;  // by each contestant: the same

template <class Who>
void add(const Move& move, const std::string& who) {
  benchmark::RegisterBenchmark(
      ("relocate_" + move.name + "/" + who).c_str(),
      [move, who](benchmark::State& state) {
        Who contestant(move);
        double place = 0, index = 0, merge = 0, checkpoint = 0;
        bool back = false;
        for (auto _ : state) {
          double durable = 0;
          const double all = seconds_of([&] {
            const auto start = std::chrono::steady_clock::now();
            contestant.move(move, back, [&] {
              durable = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            });
          });
          place += all - durable;
          state.SetIterationTime(durable);
          if (!back) moved[move.name].insert(contestant.moved());
          if (moved[move.name].size() > 1) bench::die(who + " moves another number of rows than others");
          index += seconds_of([&] { contestant.index(); });
          checkpoint += seconds_of([&] { contestant.checkpoint(); });
          merge += seconds_of([&] { contestant.merge(); });
          contestant.ready();
          back = !back;
        }
        using Counter = benchmark::Counter;
        state.counters["place_s"] = Counter(place, Counter::kAvgIterations);
        state.counters["index_s"] = Counter(index, Counter::kAvgIterations);
        state.counters["merge_s"] = Counter(merge, Counter::kAvgIterations);
        state.counters["checkpoint_s"] = Counter(checkpoint, Counter::kAvgIterations);
        state.counters["rows"] = static_cast<double>(*moved[move.name].begin());
      })
      ->UseManualTime()
      ->Iterations(4)
      ->Unit(benchmark::kMillisecond);
}

// What the programs do, from a closed database on: the plan with its look for equal keys, the history, the rows in place and
// in the index; merges of the index are left to the background. Turn by turn there and back, so that all is as before.
class Programs {
 public:
  Programs() {
    std::filesystem::copy_file(source() + ".idx", path_ + ".idx");
    search_.database = edit_.database = path_;
    edit_.go = true;
  }
  ~Programs() {
    for (const char* end : {"", ".idx", ".journal", ".lock", ".history", ".history.journal", ".history.lock", ".roots"})
      std::filesystem::remove(path_ + end);
  }

  // The nights of a move by -trange, which the index answers, or by a condition, which each row is asked.
  RelocateReport rehearse(const Move& move, bool by_range) {
    if (!move.by_night || !by_range) return relocate(move, false);
    const auto [begin, end] = nights();
    RelocateOptions options{edit_, search_, {move.here, move.there}, {}, {}, "bench"};
    options.edit.go = false;
    options.search.filters = {{"trange", {format_iso(begin), format_iso(end)}}};
    return must(relocate_paths(options));
  }
  RelocateReport relocate(const Move& move, bool go) {
    RelocateOptions options{edit_, search_, {move.here, move.there}, {}, {}, "bench"};
    options.edit.go = go;
    const auto [begin, end] = nights();
    if (move.by_night)
      options.search.where = {"obstime >= " + std::to_string(begin) + " and obstime < " + std::to_string(end)};
    return must(relocate_paths(options));
  }
  UndoReport undo() { return must(undo_change(edit_, 1)); }
  void merge(bool wanted) {
    if (wanted) must(merge_index_of(edit_));
  }
  void make_root(const std::string& prefix) {
    merge(must(imreg::make_root("ARCHIVE", prefix, "bench", edit_)).edit.index_wants_merge);
  }
  void root(const std::string& prefix) {
    must(change_roots(path_, {{"ARCHIVE", prefix}}, {"relocate_bench", "-root ARCHIVE=" + prefix}));
  }

 private:
  std::string path_ = copy_of(source());
  BulkEditOptions edit_;
  SearchOptions search_;
};

void add_programs(const Move& move) {
  const auto timed = [](benchmark::State& state, const std::function<void()>& work) {
    state.SetIterationTime(seconds_of(work));
  };
  const auto add = [&](const std::string& what, int times, const auto& run) {
    benchmark::RegisterBenchmark((what + "_" + move.name + "/imreg").c_str(), run)
        ->UseManualTime()
        ->Iterations(times)
        ->Unit(benchmark::kMillisecond);
  };
  add("imrelocate", 4, [=](benchmark::State& state) {
    Programs programs;
    for (auto _ : state) {
      bool merge = false;
      timed(state, [&] { merge = programs.relocate(move, true).edit.index_wants_merge; });
      programs.merge(merge);
      programs.merge(programs.undo().edit.index_wants_merge);
    }
  });
  add("undo", 4, [=](benchmark::State& state) {
    Programs programs;
    for (auto _ : state) {
      bool merge = false;
      programs.merge(programs.relocate(move, true).edit.index_wants_merge);
      timed(state, [&] { merge = programs.undo().edit.index_wants_merge; });
      programs.merge(merge);
    }
  });
  add("rehearsal", 9, [=](benchmark::State& state) {
    Programs programs;
    for (auto _ : state) timed(state, [&] { programs.rehearse(move, true); });
  });
  if (!move.by_night) return;
  add("rehearsal_where", 9, [=](benchmark::State& state) {
    Programs programs;
    for (auto _ : state) timed(state, [&] { programs.rehearse(move, false); });
  });
}

// One root for all rows, and its prefix becomes another.
void change_of_a_root(benchmark::State& state) {
  Programs programs;
  programs.make_root("/data/archive");
  bool there = false;
  for (auto _ : state)
    state.SetIterationTime(seconds_of([&] { programs.root((there = !there) ? "/data/sessions" : "/data/archive"); }));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const bool duckdb = !bench::duckdb_library().empty() && std::filesystem::exists(source() + ".duckdb");
  if (!duckdb)
    std::fprintf(stderr,
                 "relocate_bench: DuckDB or its copy of the rows (search_bench makes it) is not there: skipped\n");
  for (const Move& move : kMoves) {
    add<Ours>(move, "imreg");
    add<Sqlite>(move, "sqlite");
    if (duckdb) add<Duck>(move, "duckdb");
    add_programs(move);
  }
  benchmark::RegisterBenchmark(("root_" + bench::short_count(kRows) + "/imreg").c_str(), change_of_a_root)
      ->UseManualTime()
      ->Iterations(21)
      ->Unit(benchmark::kMillisecond);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

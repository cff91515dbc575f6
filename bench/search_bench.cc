// Searches as whole processes and in process, by us and by the peers, all indexed, on $ROWS simulated rows (1M, 10M; 100M: a
// sparse file, without peers). Before anything is timed, the answers are compared byte for byte.
//
// Names are WORK/ROWS/WHO. Whole processes: imsearch, sqlite3 (its shell), duckdb_process. In process: imreg (opens the
// database each time), sqlite (prepared query, open database, text by SQL), sqlite_values (the same, text by hand-written C++),
// duckdb (prepared query, open database, values only, no text). What a peer prints is never slower to make than what is compared.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench_data.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"
#include "peers/duckdb_rows.h"
#include "peers/sqlite_search.h"
#include "search_works.h"
#include "sparse_rows.h"

namespace {

using namespace imreg;
using bench::Work;
using Words = std::vector<std::string>;

// The one size of this run.
const std::int64_t kRows = bench::rows_of_run();
const bool kSparse = kRows > 20000000;

const std::vector<Work>& works() {
  static const std::vector<Work> all = bench::search_works(kRows);
  return all;
}

const std::string& database() {
  static const std::string path = kSparse ? bench::sparse_database(kRows, works()) : bench::simulated_database(kRows);
  return path;
}
const std::string& sqlite_database() {
  static const std::string path = [] {
    std::string out = bench::sqlite_with_indexes(database());
    bench::warm(out);
    return out;
  }();
  return path;
}
const std::string& duckdb_database() {
  static const std::string path = [] {
    std::string out = database() + ".duckdb";
    if (!std::filesystem::exists(out)) {
      for (const char* ending : {".part", ".part.wal"}) std::filesystem::remove(out + ending);
      const auto file = RecordFile::open(database());
      if (!file) bench::die(file.status().text());
      bench::Duckdb duck(out + ".part", false);
      duck.run("CREATE TABLE images (" + bench::duckdb_columns(file->schema()) + ")");
      duck.append(*file);
      duck.run("CREATE INDEX by_name ON images (filename)");
      duck.run("CHECKPOINT");
    }
    if (std::filesystem::exists(out + ".part")) std::filesystem::rename(out + ".part", out);
    bench::warm(out);
    return out;
  }();
  return path;
}

// A search that the words of imsearch's options can be given to; nullopt when it has an option that SearchOptions has not.
std::optional<SearchOptions> library_options(const Words& words) {
  const std::set<std::string> filters{"ccd", "cone", "type", "mode", "filter", "name", "time", "trange"};
  SearchOptions out;
  out.database = database();
  for (const auto& word : words) {
    if (word[0] == '-') {
      if (!filters.contains(word.substr(1))) return std::nullopt;
      out.filters.push_back({word.substr(1), {}});
    } else {
      out.filters.back().words.push_back(word);
    }
  }
  return out;
}

// Whether this imsearch has the options of a work.
bool known_options(const Words& words) {
  static const std::string help = bench::output_of({bench::program("imsearch"), "-help", "all"});
  const auto known = [](const std::string& word) {
    return word[0] != '-' || help.find("  " + word + " ") != std::string::npos;
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool is_value = i > 0 && words[i - 1] == "-sort";
    if (!is_value && !known(words[i])) return false;
  }
  return true;
}

// One who answers: a whole process (timed by the words), or a function.
struct Contestant {
  std::string who;
  bench::Lines lines = bench::Lines::plain;
  std::function<Words()> words;  ///< of a whole process
  std::function<double()> time;  ///< in process: seconds of one answer
  std::function<std::string()> text;
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Contestant whole_process(const std::string& who, bench::Lines lines, const std::function<Words()>& words) {
  return {who, lines, words, [=] { return bench::run(words()); }, [=] { return bench::output_of(words()); }};
}

Contestant in_process(const SearchOptions& options) {
  const auto answer = [options] {
    std::string out;
    const auto report = search(options, [&](std::string_view text) { return out.append(text), true; });
    if (!report || !report->damaged.empty()) bench::die("the search in process failed");
    return out;
  };
  return {"imreg",
          bench::Lines::numbered,
          {},
          [=] { return seconds_of([&] { benchmark::DoNotOptimize(answer().size()); }); },
          answer};
}

using bench::SqliteQuery;
Contestant sqlite_in_process(const std::string& who, const std::string& sql, SqliteQuery::Columns columns) {
  const auto query = std::make_shared<std::unique_ptr<SqliteQuery>>();
  const auto answer = [=] {
    if (!*query) *query = std::make_unique<SqliteQuery>(sqlite_database(), sql, columns);
    return (*query)->run();
  };
  const auto time = [=] { return seconds_of([&] { benchmark::DoNotOptimize(answer().size()); }); };
  return {who, bench::Lines::plain, {}, time, answer};
}

Contestant duckdb_in_process(const std::string& values, const std::string& text) {
  static std::unique_ptr<bench::Duckdb> duck;
  const auto prepared = [](const std::string& sql) {
    if (!duck) duck = std::make_unique<bench::Duckdb>(duckdb_database(), true);
    return duck->prepare(sql);
  };
  const auto timed = std::make_shared<void*>(nullptr);
  const auto time = [=] {
    if (!*timed) *timed = prepared(values);
    return seconds_of([&] { duck->run(*timed); });
  };
  const auto answer = [=] {
    std::string out;
    duck->run(prepared(text), &out);
    return out;
  };
  return {"duckdb", bench::Lines::other_floats, {}, time, answer};
}

std::string select(const std::string& columns, const std::string& from) {
  return "SELECT " + columns + " FROM " + from;
}

std::vector<Contestant> contestants(const Work& work) {
  std::vector<Contestant> out;
  const Words words = work.words;
  if (known_options(words)) {
    const auto imsearch = [=] {
      Words all{bench::program("imsearch"), "-db", database()};
      all.insert(all.end(), words.begin(), words.end());
      return all;
    };
    out.push_back(whole_process("imsearch", bench::Lines::numbered, imsearch));
    if (const auto options = library_options(words)) out.push_back(in_process(*options));
  } else {
    std::fprintf(stderr, "search_bench: imsearch has not all options for \"%s\" yet\n", work.name.c_str());
  }
  if (kSparse) return out;
  const std::string& from = work.sqlite.empty() ? work.sql : work.sqlite;
  const std::string shell_sql = select(work.groups ? bench::group_text() : bench::row_texts_sqlite(), from);
  out.push_back(whole_process("sqlite3", bench::Lines::plain, [=] {
    return Words{"/usr/bin/sqlite3", "-init",      "/dev/null", "-batch",          "-readonly", "-mmap",
                 "8589934592",       "-separator", " ",         sqlite_database(), shell_sql};
  }));
  out.push_back(sqlite_in_process("sqlite", shell_sql, SqliteQuery::Columns::texts));
  if (!work.groups) {
    out.push_back(sqlite_in_process("sqlite_values", select(bench::row_values(), from), SqliteQuery::Columns::values));
  }
  if (bench::duckdb_library().empty()) return out;
  const std::string text = select(work.groups ? bench::group_text() : bench::row_texts_duckdb(), work.sql);
  std::string values = select(work.groups ? bench::group_text() : bench::row_values(), work.sql);
  if (work.name == "list") values = "COPY (" + values + ") TO '/dev/null' (FORMAT csv, DELIMITER ' ', HEADER false)";
  out.push_back(whole_process("duckdb_process", bench::Lines::other_floats, [=] {
    return Words{bench::program("duckdb_query"), duckdb_database(), text};
  }));
  out.push_back(duckdb_in_process(values, text));
  return out;
}

// All of them give the same bytes, or nothing is timed.
void compare(const Work& work, const std::vector<Contestant>& all) {
  static std::set<std::string> done;
  if (!done.insert(work.name).second) return;
  std::string first = kSparse ? bench::expected_output(database(), work) : "";
  std::string first_name = "the naive test";
  if (kSparse && work.groups) first = bench::comparable(work, first, bench::Lines::plain);
  const bool ask_naive = kSparse && !work.ordered;
  for (const auto& one : all) {
    const std::string text = bench::comparable(work, one.text(), one.lines);
    if (text.empty()) bench::die(one.who + " finds nothing: " + work.name);
    if (first.empty() || (kSparse && !ask_naive)) {
      first = text;
      first_name = one.who;
    } else if (text != first) {
      const auto at = static_cast<std::size_t>(
          std::mismatch(text.begin(), text.end(), first.begin(), first.end()).first - text.begin());
      const auto line = [&](const std::string& all_lines) {
        const std::size_t begin = at == 0 ? 0 : all_lines.rfind('\n', at - 1) + 1;
        return "\n  " + all_lines.substr(begin, all_lines.find('\n', at) - begin);
      };
      bench::die(work.name + ": " + one.who + " and " + first_name + " give different answers, " +
                 std::to_string(text.size()) + " and " + std::to_string(first.size()) + " bytes:" + line(text) +
                 line(first));
    }
  }
}

void add(const std::string& name, const std::function<double()>& prepare_and_time,
         const std::function<std::int64_t()>& memory = {}) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 for (auto _ : state) state.SetIterationTime(prepare_and_time());
                                 if (memory) state.counters["private_bytes"] = static_cast<double>(memory());
                               })
      ->UseManualTime()
      ->MinTime(0.1)
      ->Unit(benchmark::kMillisecond);
}

void add_work(const Work& work) {
  const auto all = std::make_shared<std::vector<Contestant>>(contestants(work));
  for (std::size_t i = 0; i < all->size(); ++i) {
    const auto& one = (*all)[i];
    const std::string name = work.name + "/" + bench::short_count(kRows) + "/" + one.who;
    const auto time = [all, i, &work] {
      compare(work, *all);
      return (*all)[i].time();
    };
    const auto memory = [all, i, most = std::make_shared<std::int64_t>(0)] {
      if (*most == 0) *most = bench::private_memory((*all)[i].words());
      return *most;
    };
    add(name, time, one.words ? std::function<std::int64_t()>(memory) : nullptr);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (bench::duckdb_library().empty()) std::fprintf(stderr, "search_bench: DuckDB is not there: skipped\n");
  const std::string rows = bench::short_count(kRows);
  add("empty/" + rows, [] { return bench::run({bench::program("empty")}); });
  add("start/" + rows + "/sqlite3", [] { return bench::run({"/usr/bin/sqlite3", ":memory:", "SELECT 1"}); });
  if (!bench::duckdb_library().empty())
    add("start/" + rows + "/duckdb_process", [] {
      return bench::run({bench::program("duckdb_query"), ":memory:", "SELECT '1'"});
    });
  for (const auto& work : works()) {
    if (work.name == "list" && kRows > 1000000) continue;  // a million rows say it
    if (work.name == "scan" && kSparse) continue;
    add_work(work);
  }
  if (!kSparse) {
    add("read/" + rows, [] { return bench::run({bench::program("plain"), "read", database()}); });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

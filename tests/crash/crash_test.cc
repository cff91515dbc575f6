// Every prefix of what the engine does to the disk, and what a power cut or a kill may leave of it: README.md.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "history.h"
#include "imreg/registry.h"

namespace imreg::crash {
namespace {

bool is_long() { return std::getenv("IMREG_LONG") != nullptr; }
// Where many things are unsynced: of a short history more.
std::size_t samples(const Recorded& run) { return is_long() ? 256 : run.log.size() < 150 ? 64 : 8; }

std::string tiny_row(std::int64_t id, std::int64_t value) { return testing::bytes_of(testing::Row{id, value}); }
std::string tiny_rows(std::int64_t from, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += tiny_row(from + i, 1);
  return out;
}

Step create(const Schema& schema) {
  return {"create", Promise::whole,
          [&schema](Live& live) { return RecordWriter::create(live.path, schema, live.options()); }};
}
Step append(std::string rows) {
  return {"append", Promise::prefix, [rows = std::move(rows)](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            return writer->append(rows);
          }};
}
Step commit(std::vector<RowChange> changes, std::string added = {}) {
  return {"commit", Promise::whole, [=](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            return writer->commit(changes, added);
          }};
}
Step maintain(const char* name, Status (RecordWriter::*what)()) {
  return {name, Promise::whole, [what](Live& live) -> Status {
            IMREG_ASSIGN(auto* writer, live.writing());
            return (writer->*what)();
          }};
}
Step close() {
  return {"close", Promise::whole, [](Live& live) -> Status {
            live.close();
            return {};
          }};
}

History rows_history() {
  const auto changed = [](std::vector<std::pair<std::int64_t, std::int64_t>> rows) {
    std::vector<RowChange> out;
    for (const auto& [id, value] : rows) out.push_back({id, tiny_row(id, value)});
    return out;
  };
  return {"rows",
          &testing::tiny(),
          false,
          {},
          {create(testing::tiny()), append(tiny_rows(0, 1)), append(tiny_rows(1, 2)), commit(changed({{1, 50}})),
           append(tiny_rows(3, 12)), commit(changed({{0, 60}, {9, 61}, {13, 62}}), tiny_rows(15, 11)),
           commit(changed({{20, 70}, {9, 71}})), maintain("checkpoint", &RecordWriter::checkpoint),
           commit(changed({{9, 80}, {25, 81}}), tiny_rows(26, 9)), append(tiny_rows(35, 30)),
           commit(changed({{36, 90}, {50, 91}, {64, 92}})), close(), append(tiny_rows(65, 3)),
           maintain("trim", &RecordWriter::trim), append(tiny_rows(68, 9)),
           commit(changed({{66, 95}, {73, 96}}), tiny_rows(77, 2)), commit({}, tiny_rows(79, 20)), close()}};
}

std::string image_row(int number, double time, const char* filter, float fwhm = std::nanf("")) {
  Record row(regimage::kRecordSize);
  row.set(regimage::kObstime, time);
  row.set(regimage::kExptime, 1);
  row.set(regimage::kRa, number * 3.0);
  row.set(regimage::kDec, number * 1.0 - 40);
  row.set(regimage::kCcd, number % 3);
  row.set(regimage::kFwhm, fwhm);
  EXPECT_TRUE(row.set(regimage::kFilename, std::to_string(1000 + number) + "o.fits"));
  EXPECT_TRUE(row.set(regimage::kPathname, "/data"));
  EXPECT_TRUE(row.set(regimage::kFilter, filter));
  return row.bytes();
}
std::string image_rows(int from, int n, float fwhm = std::nanf("")) {
  std::string out;
  for (int i = from; i < from + n; ++i) out += image_row(i, i * 7 % 80, i % 3 ? "r" : "g", fwhm);
  return out;
}
const Schema& image_schema() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

History index_history() {
  const auto changed = [](std::vector<int> rows, double time) {
    std::vector<RowChange> out;
    for (const int row : rows) out.push_back({row, image_row(row, time + row % 5, "r")});
    return out;
  };
  return {"index",
          &image_schema(),
          true,
          {},
          {create(image_schema()), append(image_rows(0, 3)), append(image_rows(3, 17)), commit(changed({2, 7, 19}, 40)),
           append(image_rows(20, 16)), commit(changed({0, 25}, 10), image_rows(36, 2)), close(),
           append(image_rows(38, 20)), maintain("checkpoint", &RecordWriter::checkpoint),
           commit(changed({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 60)), close(), commit(changed({57}, 3)), close()}};
}

Step merge(const std::string& name) {
  return {"merge " + name, name == "a.db" ? Promise::prefix : Promise::whole, [name](Live& live) {
            MergeOptions options;
            options.database = live.path;
            options.sources = {folder_of(live.path) + "/" + name};
            options.observer = live.observer;
            return merge_databases(options, [](const Status& row) { ADD_FAILURE() << row.text(); }).database;
          }};
}
History merge_history() {
  const auto prepare = [](const std::string& folder) {
    for (const auto& [name, rows] : {std::pair("/a.db", image_rows(0, 20)), {"/b.db", image_rows(10, 30, 2.5F)}}) {
      EXPECT_OK(RecordWriter::create(folder + name, image_schema(), {}));
      auto writer = testing::must(RecordWriter::open(folder + name, {}));
      EXPECT_OK(writer.append(rows));
      EXPECT_OK(writer.trim());
    }
  };
  return {"merge", &image_schema(), true, prepare, {merge("a.db"), merge("b.db")}};
}

std::size_t acknowledged_at(const Recorded& run, std::size_t done) {
  return static_cast<std::size_t>(std::upper_bound(run.acknowledged.begin(), run.acknowledged.end(), done) -
                                  run.acknowledged.begin());
}

std::string check(const Recorded& run, std::size_t done, const std::string& folder, const Image& image) {
  const std::size_t acknowledged = acknowledged_at(run, done);
  // A file that was trimmed is as FITS has it before anybody writes again.
  if (acknowledged > 0 && run.acknowledged[acknowledged - 1] == done &&
      run.history->steps[acknowledged - 1].name == "trim") {
    if (auto wrong = wrong_size(folder + "/" + kDatabase); !wrong.empty()) return "trimmed: " + wrong;
  }
  return look(run, acknowledged, folder, image).trouble;
}

// The whole history, by chunks of cuts.
void replay(const Recorded& run) {
  constexpr std::size_t kChunk = 4;
  const std::size_t chunks = run.log.size() / kChunk + 1;
  std::atomic<std::size_t> states{0}, different{0};
  std::vector<std::string> trouble(2 * chunks);
  in_parallel(2 * chunks, [&](std::size_t at, const std::string& folder) {
    Replay part{
        .log = run.log, .start = run.start, .from = at / 2 * kChunk, .to = 0, .samples = samples(run), .check = {}};
    part.to = std::min(part.from + kChunk - 1, run.log.size());
    part.sector = at % 2 ? 4096 : 512;
    part.check = [&](std::size_t done, const std::string& where, const Image& image) {
      return check(run, done, where, image);
    };
    const auto result = part.run(folder);
    states += result.states;
    different += result.different;
    trouble[at] = result.trouble;
  });
  std::printf("%s: %zu operations, %zu states, %zu different\n", run.history->name.c_str(), run.log.size(),
              states.load(), different.load());
  for (const auto& text : trouble) EXPECT_EQ(text, "");
}

TEST(Crash, Rows) {
  const auto history = rows_history();
  replay(record(history));
}
TEST(Crash, Index) {
  const auto history = index_history();
  replay(record(history));
}
TEST(Crash, Merge) {
  const auto history = merge_history();
  replay(record(history));
}

bool is_sync(const Operation& operation) {
  return !operation.lock && (operation.kind == Kind::sync_data || operation.kind == Kind::sync_folder);
}
bool is_name(const Operation& operation) {
  return operation.kind == Kind::create || operation.kind == Kind::rename || operation.kind == Kind::remove;
}
// Whether the sync makes the operation durable.
bool covers(const Operation& sync, const Operation& operation) {
  if (operation.lock || is_sync(operation)) return false;
  return sync.kind == Kind::sync_folder ? is_name(operation) : !is_name(operation) && operation.file == sync.file;
}
bool same_sync(const Operation& a, const Operation& b) {
  return is_sync(b) && a.kind == b.kind && (a.kind == Kind::sync_folder || a.file == b.file);
}

// One error in the code, as it would be seen by the disk.
struct Mutant {
  std::string name;
  Log log;
  std::size_t from, to;  // the cuts where it could be noticed
};

std::vector<Mutant> mutants(const Recorded& run) {
  std::vector<Mutant> out;
  std::size_t nth = 0, last_step = run.history->steps.size();
  for (std::size_t at = 0; at < run.log.size(); ++at) {
    const Operation& sync = run.log[at];
    if (!is_sync(sync)) continue;
    std::size_t to = at + 1;
    while (to < run.log.size() && !same_sync(sync, run.log[to])) ++to;
    const std::size_t step = acknowledged_at(run, at);
    nth = step == last_step ? nth + 1 : 1;
    last_step = step;
    std::string file = sync.kind == Kind::sync_folder ? "the folder" : sync.path;
    if (const auto pid = file.find(".new"); pid != std::string::npos) file.resize(pid + 4);
    const std::string where = run.history->name + ": " + run.history->steps.at(step).name + " " + std::to_string(step) +
                              ", sync " + std::to_string(nth) + ", of " + file;
    Mutant drop{where + ": left out", run.log, at + 1, to};
    drop.log[at].dropped = true;
    out.push_back(std::move(drop));
    for (std::size_t i = at; i-- > 0 && !same_sync(sync, run.log[i]);) {
      if (!covers(sync, run.log[i])) continue;
      Mutant late{where + ": too early", run.log, at, to};
      std::rotate(late.log.begin() + std::ptrdiff_t(i), late.log.begin() + std::ptrdiff_t(i) + 1,
                  late.log.begin() + std::ptrdiff_t(at) + 1);
      out.push_back(std::move(late));
      break;
    }
    for (std::size_t i = at + 1; i < run.log.size() && acknowledged_at(run, i) == step; ++i) {
      if (run.log[i].lock || is_sync(run.log[i])) continue;
      Mutant early{where + ": too late", run.log, at, i + 1};
      std::rotate(early.log.begin() + std::ptrdiff_t(at), early.log.begin() + std::ptrdiff_t(i),
                  early.log.begin() + std::ptrdiff_t(i) + 1);
      out.push_back(std::move(early));
      break;
    }
  }
  return out;
}

// Every mutant must be noticed, but for those that harm nothing: each with the reason.
void prove(const Recorded& run, const std::set<std::string>& harmless) {
  const auto all = mutants(run);
  std::vector<std::string> trouble(all.size());
  std::atomic<std::size_t> states{0};
  in_parallel(all.size(), [&](std::size_t at, const std::string& folder) {
    const Mutant& mutant = all[at];
    Replay part{
        .log = mutant.log, .start = run.start, .from = mutant.from, .to = mutant.to, .samples = 64, .check = {}};
    part.check = [&](std::size_t done, const std::string& where, const Image& image) {
      return check(run, done, where, image);
    };
    const auto result = part.run(folder);
    states += result.different;
    trouble[at] = result.trouble;
  });
  std::size_t found = 0;
  std::set<std::string> survivors;
  for (std::size_t i = 0; i < all.size(); ++i) {
    found += !trouble[i].empty();
    if (trouble[i].empty()) survivors.insert(all[i].name);
    if (std::getenv("IMREG_TELL")) std::printf("%s: %s\n", all[i].name.c_str(), trouble[i].c_str());
  }
  std::printf("%s: %zu mutants, %zu found, %zu states\n", run.history->name.c_str(), all.size(), found, states.load());
  EXPECT_EQ(survivors, harmless);
}

TEST(Crash, EveryRowSyncIsNeeded) {
  const auto history = rows_history();
  prove(record(history), {
                             // Recovery of a file that nobody has written to since it was made.
                             "rows: append 1, sync 1, of x.db: left out",
                             "rows: append 1, sync 1, of x.db: too late",
                             // The journal's name and content are both durable before the commit returns, in any order.
                             "rows: commit 3, sync 1, of the folder: too late",
                             // The append before it has synced the same file.
                             "rows: trim 13, sync 1, of x.db: left out",
                             "rows: trim 13, sync 1, of x.db: too late",
                         });
}

}  // namespace
}  // namespace imreg::crash

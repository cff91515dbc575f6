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
  return {"create", Promise::whole, [&schema](Live& live) { return RecordWriter::create(live.path, schema, live.options()); }};
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
           maintain("trim", &RecordWriter::trim), append(tiny_rows(68, 9)), commit(changed({{66, 95}, {73, 96}}), tiny_rows(77, 2)),
           commit({}, tiny_rows(79, 2)), close()}};
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

// The whole history, by chunks of cuts.
void replay(const Recorded& run) {
  constexpr std::size_t kChunk = 4;
  const std::size_t chunks = run.log.size() / kChunk + 1;
  std::atomic<std::size_t> states{0}, different{0};
  std::vector<std::string> trouble(2 * chunks);
  in_parallel(2 * chunks, [&](std::size_t at, const std::string& folder) {
    Replay part{.log = run.log, .start = run.start, .from = at / 2 * kChunk, .to = 0, .samples = samples(run), .check = {}};
    part.to = std::min(part.from + kChunk - 1, run.log.size());
    part.sector = at % 2 ? 4096 : 512;
    part.check = [&](std::size_t done, const std::string& where, const Image& image) {
      return look(run, acknowledged_at(run, done), where, image).trouble;
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

TEST(Crash, Rows) { const auto history = rows_history(); replay(record(history)); }
TEST(Crash, Index) { const auto history = index_history(); replay(record(history)); }
TEST(Crash, Merge) { const auto history = merge_history(); replay(record(history)); }

}  // namespace
}  // namespace imreg::crash

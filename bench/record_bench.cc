// Durable writing against the least that the disk allows (one pwrite into allocated room and one fdatasync) and against
// SQLite (WAL, synchronous=FULL: its commit is one fdatasync too), with the same columns and without indexes in SQLite.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <random>
#include <string>

#include "bench_data.h"
#include "formats/regimage.h"
#include "imreg/index.h"
#include "imreg/record_file.h"
#include "imreg/scan.h"
#include "peers/lmdb_rows.h"
#include "peers/sqlite_rows.h"

namespace {

using namespace imreg;

constexpr std::int64_t kBulkRows = 1000000, kGroupRows = 65536;
constexpr std::size_t kRecord = regimage::kRecordSize;

const Schema& schema() { return *builtin_format(regimage::kFormat, regimage::kVersion); }

// Rows of the simulator, as bytes.
std::string sample_rows(std::int64_t count) {
  const auto file = RecordFile::open(bench::simulated_database(kBulkRows));
  if (!file) bench::die(file.status().text());
  std::string out;
  Record scratch = file->make_record();
  for (std::int64_t row = 0; row < count; ++row) out.append(file->peek(row, scratch).bytes(), kRecord);
  return out;
}

RecordWriter new_writer(const std::string& name) {
  const std::string path = bench::new_file(name);
  if (const auto made = RecordWriter::create(path, schema(), {}); !made.ok()) bench::die(made.text());
  auto writer = RecordWriter::open(path, {});
  if (!writer) bench::die(writer.status().text());
  return *std::move(writer);
}

void must(const Status& status) {
  if (!status.ok()) bench::die(status.text());
}

void append_ours(benchmark::State& state) {
  const std::string rows = sample_rows(state.range(0));
  auto writer = new_writer("append.db");
  for (auto _ : state) must(writer.append(rows));
}

// Opened for one purpose: written with nothing but pwrite and fdatasync.
class RawFile {
 public:
  RawFile(const std::string& name, std::int64_t room)
      : fd_(::open(bench::new_file(name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    const std::string zeros(1 << 20, '\0');
    for (std::int64_t at = 0; at < room; at += 1 << 20) write(at, zeros);
    sync();
  }
  ~RawFile() { ::close(fd_); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  void write(std::int64_t offset, const std::string& bytes) {
    if (::pwrite(fd_, bytes.data(), bytes.size(), offset) != static_cast<ssize_t>(bytes.size()))
      bench::die("cannot write");
  }
  void sync() {
    if (::fdatasync(fd_) != 0) bench::die("cannot sync");
  }

 private:
  int fd_;
};

void append_limit(benchmark::State& state) {
  constexpr std::int64_t kRoom = 64 << 20;
  const std::string rows = sample_rows(state.range(0));
  RawFile file("append.raw", kRoom);
  std::int64_t at = 0;
  for (auto _ : state) {
    file.write(at, rows);
    file.sync();
    at = (at + static_cast<std::int64_t>(rows.size())) % (kRoom - (1 << 20));
  }
}

void append_sqlite(benchmark::State& state) {
  const std::string rows = sample_rows(state.range(0));
  bench::SqliteRows sqlite(bench::new_file("append.sqlite"), schema());
  for (auto _ : state) {
    sqlite.run("BEGIN");
    for (std::size_t at = 0; at < rows.size(); at += kRecord) sqlite.insert(RecordView(rows.data() + at));
    sqlite.run("COMMIT");
  }
}

constexpr std::int64_t kUpdateRows = 20000;

// The statistics of one row change, as imstatreg changes them.
void update_ours(benchmark::State& state) {
  auto writer = new_writer("update.db");
  must(writer.append(sample_rows(kUpdateRows)));
  std::mt19937 random(1);
  Record row = writer.file().make_record();
  float value = 0;
  for (auto _ : state) {
    const auto number = static_cast<std::int64_t>(random() % kUpdateRows);
    must(writer.file().read(number, row));
    row.set(regimage::kSky, value += 1);
    must(writer.commit({{number, row.bytes()}}));
  }
}

void update_sqlite(benchmark::State& state) {
  bench::SqliteRows sqlite(bench::new_file("update.sqlite"), schema());
  const std::string rows = sample_rows(kUpdateRows);
  sqlite.run("BEGIN");
  for (std::size_t at = 0; at < rows.size(); at += kRecord) sqlite.insert(RecordView(rows.data() + at));
  sqlite.run("COMMIT");
  sqlite3_stmt* update = nullptr;
  if (sqlite3_prepare_v2(sqlite.handle(), "UPDATE images SET sky = ? WHERE rowid = ?", -1, &update, nullptr) !=
      SQLITE_OK)
    bench::die("SQLite: UPDATE");
  std::mt19937 random(1);
  double value = 0;
  for (auto _ : state) {
    sqlite3_bind_double(update, 1, value += 1);
    sqlite3_bind_int64(update, 2, static_cast<std::int64_t>(random() % kUpdateRows) + 1);
    if (sqlite3_step(update) != SQLITE_DONE || sqlite3_changes(sqlite.handle()) != 1)
      bench::die("SQLite: UPDATE changed no row");
    sqlite3_reset(update);
  }
  sqlite3_finalize(update);
}

void bulk_ours(benchmark::State& state) {
  const std::string rows = sample_rows(kBulkRows);
  for (auto _ : state) {
    state.PauseTiming();
    auto writer = new_writer("bulk.db");
    state.ResumeTiming();
    for (std::size_t at = 0; at < rows.size(); at += kGroupRows * kRecord)
      must(writer.append(rows.substr(at, kGroupRows * kRecord)));
    if (writer.file().count() != kBulkRows) bench::die("rows are missing");
    writer.close();
  }
  state.SetItemsProcessed(state.iterations() * kBulkRows);
  bench::new_file("bulk.db");
}

// The same with the index of every row on the disk, too.
void bulk_indexed(benchmark::State& state) {
  const std::string rows = sample_rows(kBulkRows);
  for (auto _ : state) {
    state.PauseTiming();
    const std::string path = bench::new_file("bulk_indexed.db");
    must(RecordWriter::create(path, schema(), {}));
    state.ResumeTiming();
    IndexKeeper keeper(IndexKeeper::Patience::full);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = RecordWriter::open(path, options);
    must(writer.status());
    for (std::size_t at = 0; at < rows.size(); at += kGroupRows * kRecord)
      must(writer->append(rows.substr(at, kGroupRows * kRecord)));
    keeper.finish(writer->file());
    writer->close();
    state.PauseTiming();
    ScanReport report;
    Selection some;
    must(some.name(schema(), "filename", "6000*"));
    report = scan(*RecordFile::open(path), some, {}, [](std::int64_t, RecordView) { return true; });
    if (!keeper.note().empty() || report.matched == 0 || report.looked_at > kBulkRows / 10)
      bench::die("the index is not whole");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kBulkRows);
  bench::new_file("bulk_indexed.db");
}

void bulk_lmdb(benchmark::State& state) {
  const std::string rows = sample_rows(kBulkRows);
  for (auto _ : state)
    state.SetIterationTime(bench::lmdb_bulk(bench::new_file("bulk.lmdb"), rows, kGroupRows, state.range(0) != 0));
  state.SetItemsProcessed(state.iterations() * kBulkRows);
  bench::new_file("bulk.lmdb");
}

void bulk_limit(benchmark::State& state) {
  const std::string rows = sample_rows(kBulkRows);
  for (auto _ : state) {
    state.PauseTiming();
    RawFile file("bulk.raw", 0);
    state.ResumeTiming();
    for (std::size_t at = 0; at < rows.size(); at += kGroupRows * kRecord)
      file.write(static_cast<std::int64_t>(at), rows.substr(at, kGroupRows * kRecord));
    file.sync();
  }
  state.SetItemsProcessed(state.iterations() * kBulkRows);
  bench::new_file("bulk.raw");
}

void bulk_sqlite(benchmark::State& state) {
  const std::string rows = sample_rows(kBulkRows);
  for (auto _ : state) {
    state.PauseTiming();
    auto sqlite = std::make_optional<bench::SqliteRows>(bench::new_file("bulk.sqlite"), schema());
    state.ResumeTiming();
    sqlite->run("BEGIN");
    for (std::size_t at = 0; at < rows.size(); at += kRecord) sqlite->insert(RecordView(rows.data() + at));
    sqlite->run("COMMIT");
    state.PauseTiming();
    if (sqlite->number("SELECT count(*) FROM images") != kBulkRows) bench::die("SQLite: rows are missing");
    sqlite.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kBulkRows);
  bench::new_file("bulk.sqlite");
}

BENCHMARK(append_ours)->Name("append")->Arg(1)->Arg(40)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(append_limit)->Name("limit_append")->Arg(1)->Arg(40)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(append_sqlite)->Name("sqlite_append")->Arg(1)->Arg(40)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(update_ours)->Name("update")->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(update_sqlite)->Name("sqlite_update")->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(bulk_ours)->Name("bulk_1m")->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(bulk_indexed)->Name("bulk_indexed_1m")->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(bulk_lmdb)
    ->Name("lmdb_bulk_1m")
    ->Arg(0)
    ->Arg(1)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(bulk_limit)->Name("limit_bulk_1m")->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(bulk_sqlite)->Name("sqlite_bulk_1m")->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

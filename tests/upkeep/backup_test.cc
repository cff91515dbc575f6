// back_up and restore_database: what each operation that fails, and each kill, leaves; writers that never rest.
#include <atomic>
#include <thread>

#include "imreg/backup.h"
#include "upkeep_fixture.h"

namespace imreg::testing {
namespace {

constexpr std::int64_t kRows = 400;

BackupOptions options_for(const Folder& folder, IoObserver* observer = nullptr) {
  BackupOptions options;
  options.database = folder / "a.db";
  options.destination = folder / "copy";
  options.observer = observer;
  return options;
}

void make(const std::string& path) {
  EXPECT_OK(RecordWriter::create(path, small(), {}));
  EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(numbered(0, kRows))));
}

// Three rows change, four are new.
void go_on(const std::string& path, std::int64_t value) {
  auto writer = must(RecordWriter::open(path, {}));
  const std::int64_t count = writer.file().count();
  EXPECT_OK(writer.commit(
      {{0, bytes_of({0, value})}, {7, bytes_of({7, value, true})}, {count - 1, bytes_of({count - 1, value})}},
      bytes_of(numbered(count, 3, value))));
  EXPECT_OK(writer.append(bytes_of(numbered(count + 3, 1, value))));
}

void make_copy(const Folder& folder) {
  const auto report = back_up(options_for(folder));
  EXPECT_OK(report.failure);
  EXPECT_TRUE(report.full);
  EXPECT_EQ(report.added, kRows);
}

TEST(Backup, TellsHowFarItIs) {
  Folder folder;
  make(folder / "a.db");
  EXPECT_OK(must(RecordWriter::open(folder / "a.db", {})).append(bytes_of(numbered(kRows, 20000))));
  for (const bool full : {true, false}) {
    Told told;
    auto options = options_for(folder);
    options.full = full;
    options.progress = told.callback();
    EXPECT_OK(back_up(options).failure);
    EXPECT_TRUE(told.whole()) << told.done << " of " << told.all << " in " << told.calls;
  }
  Told told;
  RestoreOptions options;
  options.backup = options_for(folder).destination;
  options.database = folder / "again.db";
  options.progress = told.callback();
  EXPECT_OK(restore_database(options).failure);
  EXPECT_TRUE(told.whole()) << told.done << " of " << told.all << " in " << told.calls;
}

TEST(Backup, OnlyWhatIsNewIsWritten) {
  Folder folder;
  make(folder / "a.db");
  make_copy(folder);
  go_on(folder / "a.db", 50);
  struct Counting : IoObserver {
    std::int64_t bytes = 0;
    int before(const IoOperation& operation) override {
      if (operation.kind == IoOperation::Kind::write) bytes += std::ssize(operation.bytes);
      return 0;
    }
  } counting;
  const auto report = back_up(options_for(folder, &counting));
  EXPECT_OK(report.failure);
  EXPECT_EQ(report.changed, 3);
  EXPECT_EQ(report.added, 4);
  // Seven rows: held, in the journal, in place; and some cards and heads.
  EXPECT_LT(counting.bytes, 3 * 7 * (kSize + 16) + 1500);
  EXPECT_EQ(rows_in(folder / "copy/Imreg.db"), rows_in(folder / "a.db"));
  const auto source = must(RecordFile::open(folder / "a.db")), copy = must(RecordFile::open(folder / "copy/Imreg.db"));
  EXPECT_EQ(copy.uuid(), source.uuid());
  EXPECT_EQ(copy.change_number(), source.change_number());
}

TEST(Backup, WhatTheJournalTells) {
  Folder folder;
  const std::string path = folder / "a.db";
  make(path);
  auto writer = must(RecordWriter::open(path, {}));
  for (const std::int64_t row : {9, 4, 9, 30}) EXPECT_OK(writer.commit({{row, bytes_of({row, 5})}}));
  const auto rows = [&](std::int64_t since) { return must(must(RecordFile::open(path)).changed_rows(since)); };
  using List = std::vector<std::int64_t>;
  EXPECT_EQ(rows(0), List({4, 9, 30}));
  EXPECT_EQ(rows(2), List({9, 30}));
  EXPECT_EQ(rows(4), List());
  EXPECT_OK(writer.checkpoint());
  EXPECT_EQ(rows(3), std::nullopt);
  EXPECT_EQ(rows(4), List());
  EXPECT_OK(writer.commit({{2, bytes_of({2, 6})}}));
  EXPECT_EQ(rows(4), List({2}));
  EXPECT_EQ(rows(3), std::nullopt);
  bool given = false;
  EXPECT_OK(writer.commit_many([&](RowChange& change) -> Result<bool> {
    change = {11, bytes_of({11, 7})};
    return !std::exchange(given, true);
  }));
  EXPECT_EQ(rows(4), List({2, 11}));
}

// The old copy, the new one, nothing between; and the next backup brings it up to date.
void check_copy(const Folder& folder, const Rows& old, bool done) {
  const std::string path = folder / "copy/Imreg.db";
  const Rows wanted = rows_in(folder / "a.db");
  if (std::filesystem::exists(path)) {
    const Rows now = rows_in(path);
    if (done || now != old) {
      EXPECT_EQ(now, wanted);
    }
  } else {
    EXPECT_TRUE(old.empty() && !done);
  }
  EXPECT_OK(back_up(options_for(folder)).failure);
  EXPECT_EQ(rows_in(path), wanted);
}

enum class Kind { first, again, anew };

Rows prepare(const Folder& folder, Kind kind, BackupOptions& options) {
  make(folder / "a.db");
  Rows old;
  if (kind != Kind::first) {
    make_copy(folder);
    go_on(folder / "a.db", 50);
    EXPECT_OK(back_up(options_for(folder)).failure);
    old = rows_in(folder / "copy/Imreg.db");
    go_on(folder / "a.db", 60);
    spill(folder / "a.db.roots", "FAR\t/far\n");
  }
  options.full = kind == Kind::anew;
  return old;
}

TEST(Backup, EachCallFails) {
  for (const Kind kind : {Kind::first, Kind::again, Kind::anew}) {
    for (const Fault& fault : all_faults()) {
      for (int at = 0;; ++at) {
        SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", call " + std::to_string(at) + ": " +
                     fault.name);
        Folder folder;
        FaultAt observer(at, fault);
        auto options = options_for(folder, &observer);
        const Rows old = prepare(folder, kind, options);
        const auto report = back_up(options);
        if (!report.failure.ok()) {
          EXPECT_EQ(report.failure.code(), Code::io) << report.failure.text();
          EXPECT_FALSE(report.failure.file().empty()) << report.failure.text();
          EXPECT_FALSE(observer.harmless()) << report.failure.text();
        }
        check_copy(folder, old, report.failure.ok());
        if (HasFailure()) return;
        if (!observer.reached()) {
          EXPECT_GT(at, 10);
          break;
        }
      }
    }
  }
}

TEST(Backup, KilledAtEachOperation) {
  for (const Kind kind : {Kind::first, Kind::again, Kind::anew}) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", killed at operation " + std::to_string(at));
      Folder folder;
      Killing observer;
      auto options = options_for(folder, &observer);
      const Rows old = prepare(folder, kind, options);
      observer.at = at;
      const int ended = in_process([&] { return back_up(options).failure.ok() ? 0 : 1; });
      ASSERT_NE(ended, 1);
      check_copy(folder, old, ended == 0);
      if (HasFailure()) return;
      if (ended == 0) {
        EXPECT_GT(at, 10);
        break;
      }
    }
  }
}

TEST(Backup, RestoreFailsOrIsKilledAtEachOperation) {
  auto faults = all_faults();
  faults.push_back({"killed", -1});
  for (const Fault& fault : faults) {
    const bool kill = fault.error < 0;
    for (int at = 0;; ++at) {
      SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
      Folder folder;
      make(folder / "a.db");
      spill(folder / "a.db.roots", "FAR\t/far\n");
      make_copy(folder);
      RestoreOptions options;
      options.backup = folder / "copy";
      options.database = folder / "new.db";
      Killing killing;
      killing.at = at;
      FaultAt failing(at, fault);
      options.observer = kill ? static_cast<IoObserver*>(&killing) : &failing;
      const int ended = kill ? in_process([&] { return restore_database(options).failure.ok() ? 0 : 1; })
                             : (restore_database(options).failure.ok() ? 0 : 2);
      ASSERT_NE(ended, 1);
      const bool there = std::filesystem::exists(folder / "new.db");
      EXPECT_TRUE(ended == 0 ? there : !failing.harmless());
      if (!there) {  // the next one goes on
        options.observer = nullptr;
        EXPECT_OK(restore_database(options).failure);
      }
      EXPECT_EQ(rows_in(folder / "new.db"), rows_in(folder / "a.db"));
      EXPECT_EQ(slurp(folder / "new.db.roots"), "FAR\t/far\n");
      EXPECT_OK(must(RecordWriter::open(folder / "new.db", {})).append(bytes_of(Row{900, 1})));
      if (HasFailure()) return;
      if (ended == 0 && (kill || !failing.reached())) {
        EXPECT_GT(at, 6);
        break;
      }
    }
  }
}

// Something changes behind every look.
struct Restless : IoObserver {
  std::string path;
  bool checkpoints = false;
  std::int64_t commits = 0;
  int before(const IoOperation& operation) override {
    if (operation.kind != IoOperation::Kind::sync_data || operation.path != path) return 0;
    auto writer = must(RecordWriter::open(path, {}));
    const std::int64_t value = ++commits, count = writer.file().count();
    EXPECT_OK(writer.commit({{1, bytes_of({1, value})}, {300, bytes_of({300, value})}}, bytes_of(Row{count, value})));
    if (checkpoints) {
      EXPECT_OK(writer.checkpoint());
    }
    return 0;
  }
};

TEST(Backup, ADatabaseThatNeverRestsIsLockedForTheLastRows) {
  for (const bool checkpoints : {false, true}) {
    for (const bool first : {true, false}) {
      Folder folder;
      make(folder / "a.db");
      if (!first) make_copy(folder);
      Restless restless;
      restless.path = folder / "a.db";
      restless.checkpoints = checkpoints;
      const auto report = back_up(options_for(folder, &restless));
      EXPECT_OK(report.failure);
      EXPECT_GT(restless.commits, 10);
      EXPECT_GT(report.locked_seconds, 0);
      // The last of its changes came behind the lock.
      const std::int64_t value = restless.commits - 1;
      Rows wanted = numbered(0, kRows);
      wanted[1].value = wanted[300].value = value;
      for (std::int64_t i = 1; i <= value; ++i) wanted.push_back({kRows + i - 1, i});
      EXPECT_EQ(rows_in(folder / "copy/Imreg.db"), wanted);
      std::printf("locked for %.2f ms\n", report.locked_seconds * 1000);
    }
  }
}

// A writer that commits without a pause and never lets the file come to rest. In one commit the first row and the last one
// get the same value, and a row with it is added: so a copy is a state that was when all three agree.
TEST(Backup, BesideAWriterThatNeverRests) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, small(), {}));
  EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(numbered(0, 20000, 0))));
  std::atomic<bool> end{false};
  std::atomic<std::int64_t> commits{0};
  std::thread writing([&] {
    while (!end) {
      auto opened = RecordWriter::open(path, {});
      if (!opened) continue;
      for (int i = 0; i < 200 && !end; ++i) {
        const std::int64_t value = ++commits, count = opened->file().count();
        EXPECT_OK(opened->commit({{0, bytes_of({0, value})}, {19999, bytes_of({19999, value})}},
                                 bytes_of(Row{count, value})));
        if (i % 70 == 69) {
          EXPECT_OK(opened->checkpoint());
        }
      }
    }
  });
  double longest = 0;
  std::int64_t looks = 0, locked = 0, last = -1;
  for (int i = 0; i < (std::getenv("IMREG_LONG") ? 100 : 12); ++i) {
    const auto report = back_up(options_for(folder));
    EXPECT_OK(report.failure);
    longest = std::max(longest, report.locked_seconds);
    locked += report.locked_seconds > 0 ? 1 : 0;
    looks += report.looks;
    const Rows rows = rows_in(folder / "copy/Imreg.db");
    EXPECT_EQ(rows[0].value, rows[19999].value);
    EXPECT_EQ(rows[0].value, rows.back().value);
    EXPECT_EQ(rows[0].value, std::ssize(rows) - 20000);
    EXPECT_GE(rows[0].value, last);
    last = rows[0].value;
    if (HasFailure()) break;
  }
  end = true;
  writing.join();
  std::printf("%lld commits, %lld looks, locked %lld times, %.2f ms at most\n", static_cast<long long>(commits.load()),
              static_cast<long long>(looks), static_cast<long long>(locked), longest * 1000);
}

}  // namespace
}  // namespace imreg::testing

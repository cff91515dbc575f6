// compact_database: what stays, what it is safe against, whom it disturbs.
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <random>
#include <thread>

#include "imreg/backup.h"
#include "imreg/index.h"
#include "os/lock.h"
#include "upkeep_fixture.h"

namespace imreg::testing {
namespace {

constexpr std::int64_t kRows = 60;

// A database as a life leaves it: added, changed, some deleted, some only in the journal.
Rows make(const std::string& path) {
  EXPECT_OK(RecordWriter::create(path, small(), {}));
  auto writer = must(RecordWriter::open(path, {}));
  Rows rows = numbered(0, kRows);
  EXPECT_OK(writer.append(bytes_of(rows)));
  const auto change = [&](const Rows& changed) {
    std::vector<RowChange> changes;
    for (const auto& row : changed) {
      rows[static_cast<std::size_t>(row.id)] = row;
      changes.push_back({row.id, bytes_of(row)});
    }
    EXPECT_OK(writer.commit(changes));
  };
  change({{0, 5, true}, {1, 6, true}, {17, 7, true}, {20, 8}, {59, 9, true}});
  EXPECT_OK(writer.checkpoint());
  change({{30, 10, true}, {20, 11}, {21, 12}, {0, 13, true}});
  return rows;
}

Rows kept(const Rows& rows) {
  Rows out;
  for (const auto& row : rows) {
    if (!row.deleted) out.push_back(row);
  }
  return out;
}

// Works as a database must.
void use(const std::string& path) {
  Rows rows = rows_in(path);
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_EQ(rows_of(writer.file()), rows);
  rows.push_back({1000, 1});
  rows[3].value = 77;
  EXPECT_OK(writer.append(bytes_of(rows.back())));
  EXPECT_OK(writer.commit({{3, bytes_of(rows[3])}}));
  writer.close();
  EXPECT_EQ(rows_in(path), rows);
}

TEST(Compact, RowsMarkedAsDeletedAreGoneAndAllOthersAreThere) {
  Folder folder;
  const std::string path = folder / "a.db";
  const Rows rows = make(path);
  const auto before = must(RecordFile::open(path));
  std::vector<std::int64_t> numbers(rows.size(), -1);
  CompactOptions options;
  options.moved = [&](std::int64_t from, std::int64_t to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) numbers[static_cast<std::size_t>(from + i)] = to + i;
  };
  const auto report = must(compact_database(path, options));
  EXPECT_EQ(report.removed, 5);
  EXPECT_EQ(report.rows, kRows - 5);
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_TRUE(report.notes.empty()) << report.notes.front();
  const auto after = must(RecordFile::open(path));
  EXPECT_EQ(rows_of(after), kept(rows));
  EXPECT_EQ(report.old_uuid, before.uuid());
  EXPECT_EQ(report.new_uuid, after.uuid());
  EXPECT_NE(before.uuid(), after.uuid());
  EXPECT_EQ(after.change_number(), before.change_number());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(numbers[i] < 0, rows[i].deleted) << i;
    if (numbers[i] < 0) continue;
    Record was = before.make_record(), is = after.make_record();
    EXPECT_OK(before.read(static_cast<std::int64_t>(i), was));
    EXPECT_OK(after.read(numbers[i], is));
    EXPECT_EQ(was.bytes().substr(0, kSize - 4), is.bytes().substr(0, kSize - 4)) << "all but the check, row " << i;
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".unfinished"));
  use(path);
}

TEST(Compact, NothingDeletedNothingDone) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, small(), {}));
  EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(numbered(0, 9))));
  const std::string before = slurp(path);
  const auto report = must(compact_database(path));
  EXPECT_EQ(report.removed, 0);
  EXPECT_EQ(report.rows, 9);
  EXPECT_EQ(report.old_uuid, report.new_uuid);
  EXPECT_EQ(slurp(path), before);
}

TEST(Compact, EveryRowDeletedLeavesAnEmptyDatabase) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, small(), {}));
  EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(Rows{{0, 1, true}, {1, 1, true}})));
  EXPECT_EQ(must(compact_database(path)).removed, 2);
  EXPECT_EQ(rows_in(path), Rows());
  EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(numbered(0, 2))));
  EXPECT_EQ(rows_in(path), numbered(0, 2));
}

TEST(Compact, ADamagedRowIsNamedAndNothingIsDone) {
  Folder folder;
  const std::string path = folder / "a.db";
  make(path);
  EXPECT_OK(must(RecordWriter::open(path, {})).checkpoint());
  scribble(path, kData + 40 * kSize + 9, "x");
  const std::string before = slurp(path);
  const Status status = compact_database(path).status();
  EXPECT_EQ(status.code(), Code::corrupt);
  EXPECT_THAT(status.text(), ::testing::HasSubstr("(record 41)"));
  EXPECT_EQ(slurp(path).substr(kData), before.substr(kData));
  EXPECT_FALSE(std::filesystem::exists(path + ".unfinished"));
}

TEST(Compact, ModeAndLinksStay) {
  Folder folder;
  const std::string path = folder / "real.db", link = folder / "link.db";
  const Rows rows = make(path);
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  std::filesystem::create_symlink("real.db", link);
  EXPECT_EQ(must(compact_database(link)).removed, 5);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
  EXPECT_EQ(rows_in(path), kept(rows));
  EXPECT_EQ(rows_in(link), kept(rows));
  use(link);
  std::filesystem::create_hard_link(path, folder / "hard.db");
  const Status status = compact_database(path).status();
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_THAT(status.text(), ::testing::HasSubstr("hard links"));
}

TEST(Compact, ReadersGoOnWithTheOldFile) {
  Folder folder;
  const std::string path = folder / "a.db";
  const Rows rows = make(path);
  const auto reader = must(RecordFile::open(path));
  must(compact_database(path));
  use(path);
  EXPECT_EQ(rows_of(reader), rows);
}

TEST(Compact, AWriterThatWaitedFindsTheNewFile) {
  Folder folder;
  const std::string path = folder / "a.db";
  Rows rows = kept(make(path));
  std::thread waiting;
  CompactOptions options;
  bool started = false;
  options.moved = [&](std::int64_t, std::int64_t, std::int64_t) {
    if (started) return;
    started = true;
    waiting = std::thread([&] { EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(Row{500, 1}))); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  };
  EXPECT_EQ(must(compact_database(path, options)).removed, 5);
  waiting.join();
  rows.push_back({500, 1});
  EXPECT_EQ(rows_in(path), rows);
}

TEST(Compact, TheIndexFitsTheNewRows) {
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, small(), {}));
  Rows rows = numbered(0, 9000);
  for (std::size_t i = 0; i < rows.size(); i += 3) rows[i].deleted = true;
  {
    IndexKeeper keeper(IndexKeeper::Patience::full);
    RecordWriter::Options options;
    options.follower = &keeper;
    auto writer = must(RecordWriter::open(path, options));
    EXPECT_OK(writer.append(bytes_of(rows)));
    keeper.finish(writer.file());
  }
  ASSERT_TRUE(std::filesystem::exists(path + ".idx"));
  const std::string old = slurp(path + ".idx");
  Told told;
  CompactOptions options;
  options.progress = told.callback();
  EXPECT_EQ(must(compact_database(path, options)).removed, 3000);
  EXPECT_TRUE(told.whole());
  EXPECT_EQ(told.all, 3 * 9000 * kSize);  // looked at, copied, indexed
  EXPECT_NE(slurp(path + ".idx"), old);
  EXPECT_THAT(slurp(path + ".idx"), ::testing::HasSubstr(must(RecordFile::open(path)).uuid()));
}

// Whatever fails: the old rows or the new ones, all of them, and a database that works.
void old_or_new(const std::string& path, const Rows& rows, bool done) {
  const Rows now = rows_in(path);
  if (done || now != rows) {
    EXPECT_EQ(now, kept(rows));
  }
  use(path);
}

TEST(Compact, EachCallFails) {
  for (const Fault& fault : all_faults()) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
      Folder folder;
      const std::string path = folder / "a.db";
      const Rows rows = make(path);
      FaultAt observer(at, fault);
      CompactOptions options;
      options.observer = &observer;
      const auto report = compact_database(path, options);
      if (!report) {
        EXPECT_EQ(report.status().code(), Code::io) << report.status().text();
        EXPECT_FALSE(observer.harmless()) << report.status().text();
      }
      if (!fault.for_ever) {
        EXPECT_FALSE(std::filesystem::exists(path + ".unfinished"));
      }
      old_or_new(path, rows, report.ok());
      if (HasFailure()) return;
      if (!observer.reached()) {
        EXPECT_GT(at, 12);
        break;
      }
    }
  }
}

TEST(Compact, KilledAtEachOperation) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("killed at operation " + std::to_string(at));
    Folder folder;
    const std::string path = folder / "a.db";
    const Rows rows = make(path);
    const int ended = in_process([&] {
      Killing observer;
      observer.at = at;
      CompactOptions options;
      options.observer = &observer;
      return compact_database(path, options).ok() ? 0 : 1;
    });
    ASSERT_NE(ended, 1);
    EXPECT_FALSE(WriterLock::is_held(path + ".lock"));
    old_or_new(path, rows, ended == 0);
    // What it left does not stand in the way of the next one.
    const std::size_t left = rows_in(path).size();
    const auto again = must(compact_database(path));
    EXPECT_EQ(again.rows + again.removed, static_cast<std::int64_t>(left));
    if (HasFailure()) return;
    if (ended == 0) {
      EXPECT_GT(at, 12);
      return;
    }
  }
}

// Readers and writers all the time, compactions among them: no reader fails, none sees a row twice or out of order.
TEST(Compact, BesideReadersAndWriters) {
  using Clock = std::chrono::steady_clock;
  Folder folder;
  const std::string path = folder / "a.db";
  EXPECT_OK(RecordWriter::create(path, small(), {}));
  EXPECT_OK(must(RecordWriter::open(path, {})).append(bytes_of(numbered(0, 200))));
  const auto deadline = Clock::now() + std::chrono::seconds(std::getenv("IMREG_LONG") ? 20 : 2);
  const auto read = [&] {
    while (Clock::now() < deadline) {
      const auto file = RecordFile::open(path);
      if (!file) return std::fprintf(stderr, "%s\n", file.status().text().c_str()), 1;
      Record copy = file->make_record();
      std::int64_t last = -1;
      for (std::int64_t i = 0; i < file->count(); ++i) {
        if (const auto status = file->read(i, copy); !status.ok())
          return std::fprintf(stderr, "%s\n", status.text().c_str()), 2;
        if (copy[kHash] != hash_of({copy[kId], copy[kValue]}) || copy[kId] <= last) return 3;
        last = copy[kId];
      }
    }
    return 0;
  };
  const auto write = [&](bool compacts) {
    std::mt19937 chance(compacts ? 5U : 7U);
    while (Clock::now() < deadline) {
      if (compacts && !compact_database(path).ok()) return 4;
      auto writer = RecordWriter::open(path, {});
      if (!writer) return std::fprintf(stderr, "%s\n", writer.status().text().c_str()), 5;
      for (int i = 0; i < 5; ++i) {
        const RecordFile& file = writer->file();
        Record row = file.make_record();
        if (!file.read(file.count() - 1, row).ok()) return 6;
        if (!writer->append(bytes_of(numbered(row[kId] + 1, 3))).ok()) return 7;
        std::vector<RowChange> changes;
        for (int n = 0; n < 4; ++n) {  // never the last one: it tells the next id
          const auto number = static_cast<std::int64_t>(chance() % static_cast<unsigned>(file.count() - 1));
          if (!file.read(number, row).ok()) return 8;
          changes.push_back({number, bytes_of({row[kId], static_cast<std::int64_t>(chance()), n < 3})});
        }
        if (!writer->commit(changes).ok()) return 9;
      }
    }
    return 0;
  };
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    if (const pid_t child = ::fork(); child == 0)
      ::_exit(i < 2 ? read() : write(i == 3));
    else
      children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
  }
}

}  // namespace
}  // namespace imreg::testing

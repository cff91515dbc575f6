// Readers beside a writer, writers beside writers. Rows prove themselves by their hash, so a mixed or invented row is seen.
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "os/lock.h"
#include "record_fixture.h"

namespace imreg::testing {
namespace {

using Clock = std::chrono::steady_clock;

// Sees nothing wrong in a file until the deadline: 0, else the number of the promise that was broken.
int watch(const std::string& path, Clock::time_point deadline, unsigned seed) {
  std::mt19937 chance(seed);
  std::int64_t count = 0;
  std::int64_t change = 0;
  while (Clock::now() < deadline) {
    const auto file = RecordFile::open(path);
    if (!file) {
      std::fprintf(stderr, "%s\n", file.status().text().c_str());
      return 1;
    }
    if (file->count() < count || file->change_number() < change) return 2;
    count = file->count();
    change = file->change_number();
    Record copy = file->make_record();
    for (int i = 0; i < 300 && count > 0; ++i) {
      const std::int64_t row = i < 30 ? std::max<std::int64_t>(0, count - 1 - i)
                                      : static_cast<std::int64_t>(chance() % static_cast<unsigned>(count));
      const Status status = file->read(row, copy);
      if (!status.ok()) {
        std::fprintf(stderr, "%s\n", status.text().c_str());
        return 3;
      }
      if (copy[kHash] != hash_of({copy[kId], copy[kValue]}) || copy[kId] != row) return 4;
    }
  }
  return 0;
}

// Appends, updates, trims, checkpoints and opens again until the deadline.
int work(const std::string& path, Clock::time_point deadline, unsigned seed) {
  std::mt19937 chance(seed);
  RecordWriter::Options options;
  while (Clock::now() < deadline) {
    auto writer = RecordWriter::open(path, options);
    if (!writer) return 1;
    for (int i = 0; i < 40; ++i) {
      const std::int64_t count = writer->file().count();
      Rows added;
      for (unsigned n = chance() % 50; n > 0; --n)
        added.push_back({count + static_cast<std::int64_t>(added.size()), static_cast<std::int64_t>(chance())});
      Status status;
      if (chance() % 2 == 0 || count == 0) {
        status = writer->append(bytes_of(added));
      } else {
        std::vector<RowChange> changes;
        for (unsigned n = chance() % 20; n > 0; --n) {
          const auto row = static_cast<std::int64_t>(chance() % static_cast<unsigned>(count));
          changes.push_back({row, bytes_of(Row{row, static_cast<std::int64_t>(chance())})});
        }
        // Often the last row, where readers look.
        changes.push_back({count - 1, bytes_of(Row{count - 1, static_cast<std::int64_t>(chance())})});
        status = writer->commit(changes, chance() % 2 == 0 ? bytes_of(added) : std::string());
      }
      if (status.ok() && chance() % 16 == 0) status = chance() % 2 == 0 ? writer->trim() : writer->checkpoint();
      if (!status.ok()) return 2;
    }
  }
  return 0;
}

template <class Job>
pid_t start(Job job) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(job());
  return child;
}

int result_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(RecordConcurrency, OneWriterThreeReaders) {
  Folder folder;
  const std::string path = folder / "c.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  const auto deadline = Clock::now() + std::chrono::seconds(4);
  const pid_t writer = start([&] { return work(path, deadline, 1); });
  std::vector<pid_t> readers;
  for (unsigned i = 0; i < 3; ++i) readers.push_back(start([&, i] { return watch(path, deadline, 10 + i); }));
  EXPECT_EQ(result_of(writer), 0);
  for (const pid_t reader : readers) EXPECT_EQ(result_of(reader), 0);
  const auto file = must(RecordFile::open(path));
  EXPECT_GT(file.count(), 1000);
  EXPECT_EQ(static_cast<std::int64_t>(rows_of(file).size()), file.count());
}

TEST(RecordConcurrency, ThreeWritersTakeTurnsAndNothingIsLost) {
  Folder folder;
  const std::string path = folder / "w.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  std::vector<pid_t> writers;
  for (int w = 0; w < 3; ++w) {
    writers.push_back(start([&] {
      for (int i = 0; i < 40; ++i) {
        RecordWriter::Options options;
        options.wait_seconds = 60;
        auto writer = RecordWriter::open(path, options);
        if (!writer || !writer->append(bytes_of(Row{writer->file().count(), w})).ok()) return 1;
      }
      return 0;
    }));
  }
  for (const pid_t writer : writers) EXPECT_EQ(result_of(writer), 0);
  int by_writer[3] = {};
  for (const auto& row : rows_of(must(RecordFile::open(path)))) ++by_writer[row.value];
  for (const int n : by_writer) EXPECT_EQ(n, 40);
}

TEST(RecordConcurrency, OfTwoThatMakeTheFileOneDoes) {
  for (int round = 0; round < 20; ++round) {
    Folder folder;
    const std::string path = folder / "n.db";
    std::vector<pid_t> makers;
    for (int m = 0; m < 2; ++m) {
      makers.push_back(start([&] {
        const Status made = RecordWriter::create(path, tiny(), {});
        if (!made.ok() && made.code() != Code::invalid) return 9;
        auto writer = RecordWriter::open(path, {});
        return writer.ok() && writer->append(bytes_of(Row{writer->file().count(), 1})).ok() ? made.ok() ? 1 : 0 : 9;
      }));
    }
    EXPECT_EQ(result_of(makers[0]) + result_of(makers[1]), 1);
    EXPECT_EQ(must(RecordFile::open(path)).count(), 2);
  }
}

TEST(RecordConcurrency, TheSecondWriterLearnsWhoHoldsTheLock) {
  Folder folder;
  const std::string path = folder / "b.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  RecordWriter::Options options;
  options.program = "imregister";
  auto first = must(RecordWriter::open(path, options));  // in the same process, where classic locks would let it pass
  options.wait_seconds = 0;
  Status busy = RecordWriter::open(path, options).status();
  EXPECT_EQ(busy.code(), Code::busy);
  EXPECT_THAT(busy.text(), ::testing::HasSubstr("held by imregister, process " + std::to_string(::getpid()) + " on "));
  {
    const auto reader =
        must(RecordFile::open(path));  // looking, and closing what was looked at, does not let the lock go
  }
  EXPECT_EQ(RecordWriter::open(path, options).status().code(), Code::busy);
  // It waits when it may.
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    first.close();
  });
  options.wait_seconds = 30;
  EXPECT_TRUE(RecordWriter::open(path, options).ok());
  later.join();
}

// All at the same moment, where nothing is yet: one makes it, none is refused, and no row goes with a file that was replaced.
TEST(RecordConcurrency, ManyMakeOneFile) {
  Folder folder;
  constexpr int kRounds = 60, kThreads = 4;
  for (int round = 0; round < kRounds; ++round) {
    const std::string path = folder / std::to_string(round) + ".db";
    std::atomic<int> ready{0};
    std::vector<std::string> trouble(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        ++ready;
        while (ready < kThreads) {
        }
        RecordWriter::Options options;
        options.wait_seconds = 60;
        auto writer = RecordWriter::open_or_create(path, tiny(), options);
        const Status status = writer ? writer->append(bytes_of(Row{writer->file().count(), t})) : writer.status();
        if (!status.ok()) trouble[static_cast<std::size_t>(t)] = status.text();
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(trouble, std::vector<std::string>(kThreads)) << round;
    EXPECT_EQ(must(RecordFile::open(path)).count(), kThreads) << round;
  }
}

TEST(RecordConcurrency, WhatCannotBeMadeSaysWhy) {
  Folder folder;
  const auto refused = [](const std::string& path, const Schema& schema) {
    return RecordWriter::open_or_create(path, schema, {}).status();
  };
  EXPECT_EQ(refused(folder / "none/x.db", tiny()).code(), Code::not_found);
  Schema bare = tiny();
  std::erase_if(bare.fields, [](const auto& field) { return field.name == "crc"; });
  const Status status = refused(folder / "x.db", bare);
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_THAT(status.text(), ::testing::HasSubstr("has no field crc"));
  std::ofstream(folder / "text") << "no database";
  EXPECT_EQ(refused(folder / "text", tiny()).code(), RecordWriter::open(folder / "text", {}).status().code());
}

TEST(RecordConcurrency, AKilledHolderHoldsNothing) {
  Folder folder;
  const std::string path = folder / "k.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t holder = start([&] {
    auto writer = RecordWriter::open(path, {});
    if (!writer || !writer->append(bytes_of(Row{0, 1})).ok() || ::write(ready[1], "+", 1) != 1) return 1;
    ::pause();
    return 0;
  });
  char c;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  RecordWriter::Options hasty;
  hasty.wait_seconds = 0;
  EXPECT_EQ(RecordWriter::open(path, hasty).status().code(), Code::busy);
  ::kill(holder, SIGKILL);
  EXPECT_EQ(result_of(holder), -SIGKILL);
  auto writer = must(RecordWriter::open(path, hasty));
  EXPECT_EQ(rows_of(writer.file()), (Rows{{0, 1}}));
}

// Run under -fsanitize=thread too: threads share one RecordFile, another writes.
TEST(RecordConcurrency, ThreadsShareAReader) {
  Folder folder;
  const std::string path = folder / "t.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  Rows rows;
  for (int i = 0; i < 500; ++i) rows.push_back({i, 0});
  auto writer = must(RecordWriter::open(path, {}));
  EXPECT_OK(writer.append(bytes_of(rows)));
  const auto file = must(RecordFile::open(path));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 chance(t);
      Record copy = file.make_record();
      for (int i = 0; i < 20000; ++i) {
        const auto row = static_cast<std::int64_t>(chance() % 500);
        if (!file.read(row, copy).ok() || copy[kId] != row || copy[kHash] != hash_of({row, copy[kValue]})) ++wrong;
      }
    });
  }
  for (int round = 1; round < 50; ++round)
    EXPECT_OK(writer.commit({{round, bytes_of(Row{round, round})}, {499, bytes_of(Row{499, round})}}));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace imreg::testing

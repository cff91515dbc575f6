// Every operation of a small history fails once, kills the process once, and is the last before a power cut; the file is
// opened again and compared with the model (promises 1 to 5 of man 5 imreg-record).
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <random>

#include "../faults.h"
#include "record_fixture.h"

namespace imreg::testing {
namespace {

using Kind = IoOperation::Kind;

// One step of the history: what it does to the file and to the model.
struct Step {
  bool is_append = false;
  Rows added;
  std::vector<Row> changed;  // row number is the id
  std::function<Status(RecordWriter&)> run;
};

Step append(std::int64_t first, int n) {
  Step step;
  step.is_append = true;
  for (int i = 0; i < n; ++i) step.added.push_back({first + i, 1});
  step.run = [rows = step.added](RecordWriter& writer) { return writer.append(bytes_of(rows)); };
  return step;
}

Step commit(std::vector<Row> changed, std::int64_t first, int n) {
  Step step;
  step.changed = std::move(changed);
  for (int i = 0; i < n; ++i) step.added.push_back({first + i, 2});
  step.run = [step](RecordWriter& writer) {
    std::vector<RowChange> changes;
    for (const auto& row : step.changed) changes.push_back({row.id, bytes_of(row)});
    return writer.commit(changes, bytes_of(step.added));
  };
  return step;
}

// The same as a commit of any number of rows.
Step commit_many(std::vector<Row> changed) {
  Step step;
  step.changed = std::move(changed);
  step.run = [step](RecordWriter& writer) {
    return writer.commit_many([&, i = std::size_t{0}](RowChange& change) mutable -> Result<bool> {
      if (i == step.changed.size()) return false;
      change = {step.changed[i].id, bytes_of(step.changed[i])};
      ++i;
      return true;
    });
  };
  return step;
}

Step maintain(Status (RecordWriter::*what)()) {
  Step step;
  step.run = [what](RecordWriter& writer) { return (writer.*what)(); };
  return step;
}

// A row of each kind of life: appended then changed, added by a commit then changed, changed behind an unsynced count.
const std::vector<Step>& history() {
  static const std::vector<Step> steps = {
      append(0, 3),
      commit({{1, 50}}, 3, 0),
      append(3, 12),
      commit({{0, 60}, {9, 61}, {13, 62}}, 15, 11),
      commit_many({{1, 51}, {9, 63}, {10, 51}, {24, 64}}),
      commit({{20, 70}, {9, 71}}, 26, 0),
      maintain(&RecordWriter::checkpoint),
      commit({{9, 80}, {25, 81}}, 26, 9),
      append(35, 30),
      commit({{36, 90}, {50, 91}, {64, 92}}, 65, 0),
      commit_many({{9, 93}, {36, 94}, {60, 95}}),
      commit_many({{9, 94}}),
      maintain(&RecordWriter::trim),
      append(65, 9),
      commit_many({{0, 97}, {66, 98}, {67, 98}, {73, 98}}),
      commit({{66, 95}, {73, 96}}, 74, 2),
  };
  return steps;
}

Rows after(Rows rows, const Step& step) {
  for (const auto& row : step.changed) rows[static_cast<std::size_t>(row.id)] = row;
  rows.insert(rows.end(), step.added.begin(), step.added.end());
  return rows;
}

Rows after_steps(std::size_t n) {
  Rows rows;
  for (std::size_t i = 0; i < n; ++i) rows = after(std::move(rows), history()[i]);
  return rows;
}

// May the file hold `rows` when `acknowledged` steps were, and the next one had perhaps begun?
::testing::AssertionResult allowed(const Rows& rows, std::size_t acknowledged) {
  const Rows before = after_steps(acknowledged);
  if (rows == before) return ::testing::AssertionSuccess();
  if (acknowledged == history().size())
    return ::testing::AssertionFailure() << rows.size() << " rows, all of " << before.size() << " were acknowledged";
  const Step& next = history()[acknowledged];
  Rows full = after(before, next);
  if (rows == full) return ::testing::AssertionSuccess();
  if (next.is_append && rows.size() > before.size() && rows.size() < full.size()) {
    full.resize(rows.size());
    if (rows == full) return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << rows.size() << " rows are neither the " << before.size() << " after step "
                                       << acknowledged << " nor a step further";
}

// Opened again by a reader, by a writer that recovers, and used.
void check_afterwards(const std::string& path, std::size_t acknowledged) {
  Rows seen;
  {
    auto reader = RecordFile::open(path);
    ASSERT_TRUE(reader.ok()) << reader.status().text();
    seen = rows_of(*reader);
    EXPECT_TRUE(allowed(seen, acknowledged));
  }
  const bool restarted = !std::filesystem::exists(path + ".lock");
  auto writer = RecordWriter::open(path, {});
  ASSERT_TRUE(writer.ok()) << writer.status().text();
  Rows recovered = rows_of(writer->file());
  EXPECT_TRUE(allowed(recovered, acknowledged));
  // Nothing that was seen is gone; after a power cut all is seen at once.
  if (!restarted) recovered.resize(std::min(seen.size(), recovered.size()));
  EXPECT_EQ(recovered, seen);
  seen = rows_of(writer->file());
  EXPECT_OK(writer->append(bytes_of(Row{static_cast<std::int64_t>(seen.size()), 123})));
  seen.push_back({static_cast<std::int64_t>(seen.size()), 123});
  EXPECT_OK(writer->commit({{0, bytes_of(Row{0, 124})}}));
  seen[0] = {0, 124};
  EXPECT_OK(writer->trim());
  writer->close();
  EXPECT_EQ(rows_of(must(RecordFile::open(path))), seen);
}

void fail_each(const Fault& fault) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("call " + std::to_string(at) + ": " + fault.name);
    Folder folder;
    const std::string path = folder / "f.db";
    FaultAt observer(at, fault);
    RecordWriter::Options options;
    options.observer = &observer;
    std::size_t acknowledged = 0;
    Status failure;
    if (auto made = RecordWriter::create(path, tiny(), options); !made.ok()) {
      EXPECT_EQ(made.code(), Code::io);
      EXPECT_FALSE(observer.harmless());
      // A failure before the rename leaves nothing, one after it an empty file.
      if (!std::filesystem::exists(path)) {
        EXPECT_OK(RecordWriter::create(path, tiny(), {}));
      }
      std::size_t strangers = 0;
      for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        strangers += entry.path().string().find(".new") != std::string::npos;
      EXPECT_EQ(strangers, 0u);
      auto file = must(RecordFile::open(path));
      EXPECT_EQ(file.count(), 0);
      continue;
    }
    {
      auto writer = RecordWriter::open(path, options);
      if (!writer.ok()) {
        EXPECT_EQ(writer.status().code(), Code::io);
        EXPECT_FALSE(observer.harmless());
      } else {
        for (const auto& step : history()) {
          failure = step.run(*writer);
          if (!failure.ok()) break;
          ++acknowledged;
        }
        if (!failure.ok()) {
          EXPECT_EQ(failure.code(), Code::io) << failure.text();
          EXPECT_FALSE(observer.harmless()) << failure.text();
          EXPECT_FALSE(failure.file().empty()) << failure.text();
          EXPECT_EQ(rows_of(writer->file()), after_steps(acknowledged));
          // After a failed sync the handle is read-only; after any other clean failure it may be used, or refuses.
          const bool again = history()[acknowledged].run(*writer).ok();
          if (observer.kind() == Kind::sync_data && history()[acknowledged].is_append) {
            EXPECT_FALSE(again);
          }
          if (observer.kind() == Kind::allocate && !fault.for_ever) {
            EXPECT_TRUE(again);
          }
          if (again) ++acknowledged;
        }
      }
    }
    const auto reader = must(RecordFile::open(path));
    // One failure: the step left nothing. When everything fails the zeroing does too, and the step may have happened.
    if (!fault.for_ever) {
      EXPECT_EQ(rows_of(reader), after_steps(acknowledged));
    }
    check_afterwards(path, acknowledged);
    if (::testing::Test::HasFailure()) return;
    if (!observer.reached()) {
      EXPECT_EQ(acknowledged, history().size());
      EXPECT_GT(at, 50);
      return;
    }
  }
}

// A commit is a success also when its place in the file cannot be written; the next one says what had failed.
TEST(RecordFault, TheFirstCauseIsToldByTheNextWrite) {
  struct FullDisk : IoObserver {
    bool full = false;
    std::string path;
    int before(const IoOperation& operation) override {
      return full && operation.kind == Kind::write && operation.path == path ? ENOSPC : 0;
    }
  };
  Folder folder;
  FullDisk disk;
  disk.path = folder / "f.db";
  EXPECT_OK(RecordWriter::create(disk.path, tiny(), {}));
  RecordWriter::Options options;
  options.observer = &disk;
  auto writer = must(RecordWriter::open(disk.path, options));
  EXPECT_OK(writer.append(bytes_of(Rows{{0, 1}, {1, 1}})));
  disk.full = true;
  EXPECT_OK(writer.commit({{1, bytes_of(Row{1, 2})}}));
  disk.full = false;
  for (const auto& status : {writer.append(bytes_of(Row{2, 1})), writer.commit({{0, bytes_of(Row{0, 2})}}),
                             writer.checkpoint(), writer.trim()}) {
    EXPECT_EQ(status.code(), Code::io);
    EXPECT_THAT(status.text(), ::testing::HasSubstr("No space left on device"));
    EXPECT_THAT(status.text(), ::testing::HasSubstr("read-only until it is opened again"));
    EXPECT_THAT(status.text(), ::testing::Not(::testing::HasSubstr("\n")));
  }
  writer.close();
  EXPECT_EQ(rows_of(must(RecordFile::open(disk.path))), (Rows{{0, 1}, {1, 2}}));
}

TEST(RecordFault, EachCallFailsOnceOrIsInterruptedOrCutShort) {
  for (const Fault& fault : kFaultsOnce) fail_each(fault);
}
TEST(RecordFault, EverythingFailsFromThenOn) {
  for (const Fault& fault : kFaultsForEver) fail_each(fault);
}

// Kills the process at an operation; a write is done by half before.
struct Killing : IoObserver {
  int at = 0, count = 0;
  bool half = false;
  int before(const IoOperation& operation) override {
    if (count++ != at) return 0;
    if (half && operation.kind == Kind::write) {
      const int fd = ::open(operation.path.c_str(), O_WRONLY);
      if (::pwrite(fd, operation.bytes.data(), operation.bytes.size() / 2, operation.offset) < 0) ::_exit(9);
    }
    ::kill(::getpid(), SIGKILL);
    return 0;
  }
};

TEST(RecordFault, KilledAtEachOperation) {
  for (int at = 0;; ++at) {
    bool finished = false;
    for (const bool half : {false, true}) {
      SCOPED_TRACE("killed at operation " + std::to_string(at) + (half ? ", half written" : ""));
      Folder folder;
      const std::string path = folder / "k.db";
      EXPECT_OK(RecordWriter::create(path, tiny(), {}));
      int acks[2];
      ASSERT_EQ(::pipe(acks), 0);
      const pid_t child = ::fork();
      if (child == 0) {
        Killing observer;
        observer.at = at;
        observer.half = half;
        RecordWriter::Options options;
        options.observer = &observer;
        auto writer = RecordWriter::open(path, options);
        if (!writer.ok()) ::_exit(3);
        for (const auto& step : history()) {
          if (!step.run(*writer).ok()) ::_exit(4);
          if (::write(acks[1], "+", 1) != 1) ::_exit(5);
        }
        writer->close();
        ::_exit(0);
      }
      ::close(acks[1]);
      std::size_t acknowledged = 0;
      for (char c; ::read(acks[0], &c, 1) == 1;) ++acknowledged;
      ::close(acks[0]);
      int status = 0;
      ::waitpid(child, &status, 0);
      finished = WIFEXITED(status);
      EXPECT_EQ(finished ? WEXITSTATUS(status) : WTERMSIG(status), finished ? 0 : SIGKILL);
      check_afterwards(path, acknowledged);
      if (HasFailure()) return;
    }
    if (finished) {
      EXPECT_GT(at, 40);
      return;
    }
  }
}

// A disk as a power cut leaves it: all that was synced, and of what was not, any older state of any part of any sector.
struct Recording : IoObserver {
  struct Entry {
    Kind kind;
    std::string path;
    std::int64_t offset;
    std::string bytes;
  };
  std::vector<Entry> log;
  int before(const IoOperation& operation) override {
    log.push_back({operation.kind, operation.path, operation.offset, std::string(operation.bytes)});
    return 0;
  }
};

struct DiskFile {
  std::string synced;
  bool name_synced = false;
  std::vector<const Recording::Entry*> pending;

  static void apply(std::string& bytes, const Recording::Entry& entry) {
    if (entry.kind == Kind::truncate) bytes.resize(static_cast<std::size_t>(entry.offset), '\0');
    if (entry.kind == Kind::allocate && static_cast<std::size_t>(entry.offset) > bytes.size())
      bytes.resize(static_cast<std::size_t>(entry.offset), '\0');
    if (entry.kind != Kind::write) return;
    if (bytes.size() < static_cast<std::size_t>(entry.offset) + entry.bytes.size())
      bytes.resize(static_cast<std::size_t>(entry.offset) + entry.bytes.size(), '\0');
    bytes.replace(static_cast<std::size_t>(entry.offset), entry.bytes.size(), entry.bytes);
  }
  void sync() {
    for (const auto* entry : pending) apply(synced, *entry);
    pending.clear();
  }
  // `mood`: 0 nothing unsynced arrived, 1 everything, else chance decides for each piece of each sector.
  std::string cut(std::mt19937& chance, int mood) const {
    std::vector<std::string> versions{synced};
    for (const auto* entry : pending) {
      versions.push_back(versions.back());
      apply(versions.back(), *entry);
    }
    if (mood == 0) return versions.front();
    if (mood == 1) return versions.back();
    std::string out = versions[chance() % versions.size()];  // its size
    for (std::size_t at = 0; at < out.size(); at += 512) {
      const std::size_t end = std::min(at + 512, out.size());
      const std::size_t tear = mood == 2 ? end : at + chance() % (end - at);
      const auto& front = versions[chance() % versions.size()];
      const auto& back = versions[chance() % versions.size()];
      for (std::size_t i = at; i < end; ++i) {
        const auto& from = i < tear ? front : back;
        out[i] = i < from.size() ? from[i] : '\0';
      }
    }
    return out;
  }
};

TEST(RecordFault, PowerCutAfterEachOperation) {
  Folder folder;
  const std::string path = folder / "p.db";
  EXPECT_OK(RecordWriter::create(path, tiny(), {}));
  const std::string empty = slurp(path);
  Recording observer;
  std::vector<std::size_t> acknowledged_at;
  {
    RecordWriter::Options options;
    options.observer = &observer;
    auto writer = must(RecordWriter::open(path, options));
    for (const auto& step : history()) {
      EXPECT_OK(step.run(writer));
      acknowledged_at.push_back(observer.log.size());
    }
  }
  ASSERT_GT(observer.log.size(), 50u);
  std::mt19937 chance(20030127);
  for (std::size_t done = 0; done <= observer.log.size(); ++done) {
    std::map<std::string, DiskFile> disk;
    disk[path] = {empty, true, {}};
    for (std::size_t i = 0; i < done; ++i) {
      const auto& entry = observer.log[i];
      if (entry.kind == Kind::sync_folder) {
        for (auto& [name, file] : disk) file.name_synced = true;
      } else if (entry.kind == Kind::sync_data) {
        disk[entry.path].sync();
      } else {
        ASSERT_TRUE(entry.kind != Kind::rename && entry.kind != Kind::remove);
        disk[entry.path].pending.push_back(&entry);
      }
    }
    std::size_t acknowledged = 0;
    while (acknowledged < acknowledged_at.size() && acknowledged_at[acknowledged] <= done) ++acknowledged;
    for (int trial = 0; trial < 9; ++trial) {
      SCOPED_TRACE("power cut after " + std::to_string(done) + " operations, trial " + std::to_string(trial) +
                   ", acknowledged " + std::to_string(acknowledged));
      Folder image;
      for (const auto& [name, file] : disk) {
        if (!file.name_synced && trial % 2 == 0) continue;
        std::string bytes = file.cut(chance, std::min(trial, 3) == 3 ? 2 + trial % 2 : trial);
        // The machine was restarted, so the journal's hint is of another boot.
        if (name.ends_with(".journal") && bytes.size() >= 1024) bytes.replace(512, 512, std::string(512, '\0'));
        spill(image / ("p.db" + name.substr(path.size())), bytes);
      }
      check_afterwards(image / "p.db", acknowledged);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace imreg::testing

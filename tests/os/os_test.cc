// Files, maps and the lock: what the record engine stands on.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "../faults.h"
#include "../folder.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/map.h"
#include "os/memory.h"
#include "os/processors.h"

namespace imreg {
namespace {

using ::testing::HasSubstr;
using Kind = IoOperation::Kind;

class Os : public ::testing::Test {
 protected:
  std::string path(const std::string& file) const { return folder_ / file; }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_.path()), std::filesystem::directory_iterator()));
  }

 private:
  Folder folder_;
};

struct Veto : IoObserver {
  Kind kind = Kind::write;
  int error = 0;
  std::vector<Kind> seen;
  int before(const IoOperation& operation) override {
    seen.push_back(operation.kind);
    return operation.kind == kind ? error : 0;
  }
};

TEST_F(Os, ReadsWhatItWrote) {
  auto file = File::open(path("a"), File::Mode::create_new);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->write(3, "abc").ok());
  EXPECT_TRUE(file->write_zeros(5, (1 << 20) + 10).ok());
  EXPECT_EQ(*file->size(), 5 + (1 << 20) + 10);
  char bytes[6];
  EXPECT_TRUE(file->read_exactly(0, bytes, 6).ok());
  EXPECT_EQ(std::string(bytes, 6), std::string("\0\0\0ab\0", 6));
  EXPECT_EQ(*file->read(*file->size() - 2, bytes, 6), 2u);
  EXPECT_EQ(file->read_exactly(*file->size() - 2, bytes, 6).code(), Code::corrupt);
  EXPECT_TRUE(file->truncate(4).ok());
  EXPECT_EQ(*read_file(path("a")), std::string("\0\0\0a", 4));
  EXPECT_EQ(File::open(path("a"), File::Mode::create_new).status().code(), Code::io);
}

TEST_F(Os, WhatIsNoFileIsNamed) {
  EXPECT_EQ(File::open(path("none"), File::Mode::read).status().code(), Code::not_found);
  EXPECT_EQ(File::open(path("none"), File::Mode::write).status().code(), Code::not_found);
  EXPECT_EQ(File::open(path("none/x"), File::Mode::create).status().code(), Code::not_found);
  EXPECT_THAT(File::open(path(""), File::Mode::read).status().text(), HasSubstr("is a directory"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(File::open(path("pipe"), File::Mode::read).status().text(), HasSubstr("is a pipe"));
  EXPECT_TRUE(replace_file(path("big"), std::string(100, 'x')).ok());
  EXPECT_EQ(read_file(path("big"), 99).status().code(), Code::invalid);
  EXPECT_THAT(os_error("f", "cannot do it", ENOSPC).text(), HasSubstr("f: cannot do it: No space left on device"));
}

TEST_F(Os, InterruptedCallsAreMadeAgainAndShortOnesGoneOnWith) {
  const std::string bytes = "0123456789";
  for (const Fault& fault : {kFaultsOnce[2], kFaultsOnce[3]}) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE(std::string(fault.name) + " " + std::to_string(at));
      FaultAt observer(at, fault);
      auto file = File::open(path("f"), File::Mode::create, &observer);
      ASSERT_TRUE(file.ok());
      ASSERT_TRUE(file->truncate(0).ok());
      ASSERT_TRUE(file->allocate(20).ok());
      ASSERT_TRUE(file->write(3, bytes).ok());
      std::string found(10, ' ');
      ASSERT_TRUE(file->read_exactly(3, found.data(), 10).ok());
      EXPECT_EQ(found, bytes);
      const int before = observer.count();
      const bool synced = file->sync().ok();
      EXPECT_EQ(observer.count(), before + 1);  // never a second time
      EXPECT_EQ(synced, observer.harmless() || !observer.happened());
      EXPECT_EQ(observer.count(), 6 + observer.harmless());
      EXPECT_EQ(*read_file(path("f")), std::string(3, '\0') + bytes + std::string(7, '\0'));
      if (!observer.reached()) break;
    }
  }
}

TEST_F(Os, AFailedAllocationLeavesTheFileAsItWas) {
  Veto veto;
  veto.kind = Kind::allocate;
  veto.error = ENOSPC;
  auto file = File::open(path("a"), File::Mode::create, &veto);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->write(0, "abc").ok());
  EXPECT_EQ(file->allocate(1 << 20).code(), Code::io);
  EXPECT_EQ(*file->size(), 3);
  veto.error = 0;
  EXPECT_TRUE(file->allocate(1 << 20).ok());
  EXPECT_EQ(*file->size(), 1 << 20);
  EXPECT_TRUE(file->allocate(10).ok());  // never cuts
  EXPECT_EQ(*file->size(), 1 << 20);
}

TEST_F(Os, ReplacingIsOneStepWhateverFails) {
  EXPECT_TRUE(replace_file(path("a"), "old").ok());
  for (const Kind kind : {Kind::create, Kind::write, Kind::sync_data, Kind::rename}) {
    Veto veto;
    veto.kind = kind;
    veto.error = EIO;
    EXPECT_EQ(replace_file(path("a"), "new", &veto).code(), Code::io);
    EXPECT_EQ(*read_file(path("a")), "old");
    EXPECT_EQ(entries(), 1u);
  }
  Veto nothing;
  EXPECT_TRUE(replace_file(path("a"), "new", &nothing).ok());
  EXPECT_EQ(*read_file(path("a")), "new");
  EXPECT_THAT(nothing.seen,
              ::testing::ElementsAre(Kind::create, Kind::write, Kind::sync_data, Kind::rename, Kind::sync_folder));
}

TEST_F(Os, AResolvedPathIsTheSameForAllNames) {
  EXPECT_TRUE(replace_file(path("a"), "").ok());
  std::filesystem::create_symlink("a", path("b"));
  EXPECT_EQ(resolved_path(path("b")), resolved_path(path("a")));
  EXPECT_EQ(resolved_path("no/such/file"), "no/such/file");
}

TEST_F(Os, AWriterFollowsNoSymbolicLink) {
  ASSERT_TRUE(replace_file(path("precious"), "not ours").ok());
  for (const char* target : {"precious", "nothing"}) {
    const std::string link = path(std::string("link-to-") + target);
    std::filesystem::create_symlink(path(target), link);
    for (const auto mode : {File::Mode::write, File::Mode::create}) {
      const auto file = File::open(link, mode);
      ASSERT_FALSE(file);
      EXPECT_EQ(file.status().code(), Code::io);
      EXPECT_THAT(file.status().text(), HasSubstr(link + ": is a symbolic link"));
    }
    EXPECT_FALSE(File::open(link, File::Mode::create_new));
  }
  EXPECT_FALSE(std::filesystem::exists(path("nothing")));
  EXPECT_EQ(read_file(path("link-to-precious")).value_or(""), "not ours");  // readers do
}

TEST_F(Os, AFileThatIsMadeHasThePermissionsOfAnother) {
  const auto mode_of = [&](const std::string& name) {
    struct stat info {};
    EXPECT_EQ(::stat(path(name).c_str(), &info), 0);
    return info.st_mode & 0777;
  };
  const auto make = [&](const std::string& name, File::Mode mode, const std::string& like) {
    EXPECT_TRUE(File::open(path(name), mode, nullptr, like.empty() ? "" : path(like)));
    return mode_of(name);
  };
  const mode_t old = ::umask(027);
  EXPECT_EQ(make("a.db", File::Mode::create, ""), 0640u);
  EXPECT_EQ(make("b", File::Mode::create_new, "there is none"), 0640u);
  ::chmod(path("a.db").c_str(), 0664);
  ::umask(077);
  EXPECT_EQ(make("a.db.journal", File::Mode::create, "a.db"), 0664u);
  EXPECT_EQ(make("a.db.idx", File::Mode::create_new, "a.db"), 0664u);
  ::chmod(path("a.db.idx").c_str(), 0600);
  EXPECT_EQ(make("a.db.idx", File::Mode::create, "a.db"), 0600u);  // it was there
  ASSERT_TRUE(replace_file(path("a.db"), "another one").ok());
  EXPECT_EQ(mode_of("a.db"), 0664u);
  ::umask(old);
  if (::geteuid() != 0) return;  // only root may give files away
  EXPECT_EQ(::chown(path("a.db").c_str(), 65534, 65534), 0);
  EXPECT_EQ(make("a.db.lock", File::Mode::create, "a.db"), 0664u);
  struct stat info {};
  ::stat(path("a.db.lock").c_str(), &info);
  EXPECT_EQ(info.st_uid, 65534u);
  EXPECT_EQ(info.st_gid, 65534u);
}

TEST_F(Os, AMapOfAFileThatShrinksReadsZerosAndSaysSo) {
  EXPECT_TRUE(replace_file(path("a"), std::string(100000, 'x')).ok());
  const auto file = File::open(path("a"), File::Mode::read);
  const auto map = Map::of(*file, 100000);
  const auto other = Map::of(*file, 100000);
  ASSERT_TRUE(map.ok() && other.ok());
  EXPECT_EQ(map->data()[99999], 'x');
  EXPECT_FALSE(map->lost());
  std::filesystem::resize_file(path("a"), 10);
  EXPECT_EQ(map->data()[99999], '\0');
  EXPECT_EQ(map->data()[50000], '\0');
  EXPECT_EQ(map->data()[9], 'x');
  EXPECT_TRUE(map->lost());
  EXPECT_FALSE(other->lost());
  EXPECT_EQ(Map::of(*file, 0)->size(), 0);
}

// What there was before the first Map of a process is set here, so the process must be a new one; a sanitizer has a handler.
TEST_F(Os, ASigbusThatIsNotOursGoesToTheOlderHandler) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_TRUE(replace_file(path("a"), "x").ok());
  const auto raise_behind_map = [&](void (*older)(int)) {
    ::signal(SIGBUS, older);
    const auto file = File::open(path("a"), File::Mode::read);
    const auto map = Map::of(*file, 1);
    ::raise(SIGBUS);
    ::raise(SIGBUS);
  };
  EXPECT_EXIT(raise_behind_map(SIG_DFL), ::testing::KilledBySignal(SIGBUS), "");
  EXPECT_EXIT(raise_behind_map([](int) { ::_exit(42); }), ::testing::ExitedWithCode(42), "");
}

// Who may not look must not think that nobody is there. (A link to itself: root may read everything else.)
TEST_F(Os, ALockThatCannotBeLookedAtCountsAsHeld) {
  std::filesystem::create_symlink("loop.lock", path("loop.lock"));
  EXPECT_TRUE(WriterLock::is_held(path("loop.lock")));
  EXPECT_TRUE(WriterLock::is_at_work(path("loop.lock")));
  EXPECT_FALSE(WriterLock::is_held(path("none.lock")));
  EXPECT_FALSE(WriterLock::is_at_work(path("none.lock")));
}

TEST_F(Os, TheLockRemembersHowItWasLeft) {
  const std::string lock = path("x.lock");
  {
    auto first = WriterLock::take(lock, "one", 0);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->last_state(), "");
    EXPECT_TRUE(WriterLock::is_held(lock));
    const Status busy = WriterLock::take(lock, "two", 0.01).status();
    EXPECT_EQ(busy.code(), Code::busy);
    EXPECT_THAT(busy.text(), HasSubstr("held by one, process "));
    first->release("rows=3");
    EXPECT_FALSE(WriterLock::is_held(lock));
  }
  EXPECT_EQ(std::filesystem::file_size(lock), 512u);
  {
    auto second = WriterLock::take(lock, "two", 0);
    EXPECT_EQ(second->last_state(), "rows=3");
  }  // not released: as a death would leave it
  EXPECT_FALSE(WriterLock::is_held(lock));
  EXPECT_EQ(WriterLock::take(lock, "three", 0)->last_state(), "");
  EXPECT_FALSE(WriterLock::is_held(path("none.lock")));
  EXPECT_EQ(boot_id().size(), 36u);
}

TEST_F(Os, WhoeverWaitsForTheLockIsNextAlsoBesideOneWhoTakesItAllTheTime) {
  const std::string lock = path("x.lock");
  std::atomic<bool> stop{false};
  std::atomic<int> turns{0};
  std::thread greedy([&] {
    while (!stop) {
      auto taken = WriterLock::take(lock, "greedy", 10);
      EXPECT_TRUE(taken.ok());
      ++turns;
      std::this_thread::sleep_for(std::chrono::microseconds(500));
      taken->release("");
    }
  });
  while (turns < 5) std::this_thread::yield();
  int worst = 0;
  for (int i = 0; i < 20; ++i) {
    const int before = turns;
    auto taken = WriterLock::take(lock, "patient", 10);
    EXPECT_TRUE(taken.ok());
    worst = std::max(worst, turns - before);
  }
  stop = true;
  greedy.join();
  EXPECT_LT(worst, 30) << "turns of another while one waited";
}

// Advice, which may be refused: what stands there stays, wherever it begins and ends, and memory beside it is not touched.
TEST(Memory, WhatStandsThereStays) {
  std::vector<std::uint32_t> words(3'000'000);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint32_t>(i * 2654435761U);
  prefer_large_pages(words.data(), words.size() * 4);
  for (const auto& [from, n] :
       std::vector<std::pair<std::size_t, std::size_t>>{{0, 3'000'000}, {1, 1}, {511, 1'000'000}, {7, 0}})
    make_pages(words.data() + from, n * 4);
  for (std::size_t i = 0; i < words.size(); ++i) ASSERT_EQ(words[i], static_cast<std::uint32_t>(i * 2654435761U)) << i;
}

TEST(Processors, AreThoseThatThisProcessMayUse) {
  EXPECT_EQ(threads_of(7), 7);
  cpu_set_t all, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(threads_of(0), CPU_COUNT(&all));
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(threads_of(0), 1);
  EXPECT_EQ(::sched_setaffinity(0, sizeof all, &all), 0);
}

}  // namespace
}  // namespace imreg

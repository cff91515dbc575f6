// Work in another process: its answer, its failures, and what must not end us.
#include "os/apart.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "os/file.h"

namespace imreg {
namespace {

constexpr std::int64_t kMemory = std::int64_t{64} << 20;

TEST(Apart, GivesTheStatus) {
  EXPECT_TRUE(run_apart("it", 5, kMemory, [] { return Status(); }).ok());
  const Status failed = run_apart("it", 5, kMemory, [] { return Status(Code::mismatch, std::string(100'000, 'x')); });
  EXPECT_EQ(failed.code(), Code::mismatch);
  EXPECT_EQ(failed.message().size(), 100'000u);
  EXPECT_EQ(run_apart("it", 5, kMemory, []() -> Status { throw std::runtime_error("why"); }).message(), "why");
}

TEST(Apart, KeepsWhatIsWritten) {
  auto file = File::temporary(temporary_folder());
  ASSERT_TRUE(file.ok());
  int seen = 0;
  EXPECT_TRUE(run_apart("it", 5, kMemory, [&] {
                seen = 1;
                return file->write(0, "pixels");
              }).ok());
  EXPECT_EQ(seen, 0);
  char text[6];
  ASSERT_TRUE(file->read_exactly(0, text, sizeof text).ok());
  EXPECT_EQ(std::string(text, sizeof text), "pixels");
}

TEST(Apart, SurvivesWhatEndsIt) {
  const Status crashed = run_apart("it", 5, kMemory, [] {
    ::raise(SIGKILL);
    return Status();
  });
  EXPECT_EQ(crashed.code(), Code::corrupt);
  EXPECT_EQ(crashed.message(), "it did not survive these data");
  const Status ended = run_apart("the loop", 1, kMemory, [] {
    while (::getpid() > 0) {
    }
    return Status();
  });
  EXPECT_EQ(ended.code(), Code::corrupt);
  EXPECT_EQ(ended.message(), "the loop was ended after 1 seconds");
}

// Between a pipe and its child another thread starts one: nobody waits for the child of another.
TEST(Apart, ThreadsWaitForTheirOwn) {
  for (int round = 0; round < 30; ++round) {
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    bool was_told = false;
    std::thread patient([&] {
      was_told = run_apart("it", 60, kMemory, [&] {
                   pollfd news{told[0], POLLIN, 0};
                   return ::poll(&news, 1, 5000) == 1 ? Status() : Status(Code::busy, "nobody said anything");
                 }).ok();
    });
    std::vector<std::thread> others;
    for (int i = 0; i < 7; ++i)
      others.emplace_back([] { EXPECT_TRUE(run_apart("it", 60, kMemory, [] { return Status(); }).ok()); });
    for (auto& other : others) other.join();
    ASSERT_EQ(::write(told[1], "x", 1), 1);
    patient.join();
    ::close(told[0]);
    ::close(told[1]);
    ASSERT_TRUE(was_told) << "round " << round;
  }
}

// It has the descriptors of its parent, and with them the parent's locks.
TEST(Apart, DiesWithItsParent) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::close(ends[0]);
    (void)run_apart("it", 60, kMemory, [&] {
      const pid_t self = ::getpid();
      (void)!::write(ends[1], &self, sizeof self);
      ::sleep(20);
      return Status();
    });
    ::_exit(0);
  }
  ::close(ends[1]);
  pid_t child = 0;
  ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  pollfd gone{ends[0], POLLIN, 0};  // the end of the pipe comes when nobody has it any more
  EXPECT_EQ(::poll(&gone, 1, 5000), 1);
  ::kill(child, SIGKILL);
  ::close(ends[0]);
}

}  // namespace
}  // namespace imreg

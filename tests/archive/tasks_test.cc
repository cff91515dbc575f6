// Tasks that make more tasks: each is done once, whatever the number of threads; a failure ends all of them.
#include "archive/tasks.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace imreg::archive {
namespace {

TEST(Tasks, EachIsDoneOnceAlsoThoseThatAreMadeMeanwhile) {
  for (const int jobs : {1, 2, 7}) {
    Tasks tasks;
    std::array<std::atomic<int>, 1000> done{};
    std::function<void(std::size_t)> work = [&](std::size_t n) {
      ++done.at(n);
      for (const std::size_t next : {2 * n + 1, 2 * n + 2}) {
        if (next < done.size()) tasks.add([&work, next] { work(next); });
      }
    };
    tasks.add([&] { work(0); });
    tasks.run(jobs);
    for (const auto& times : done) ASSERT_EQ(times, 1) << jobs << " threads";
    tasks.run(jobs);  // nothing is left
  }
}

TEST(Tasks, AFailureEndsAllOfThemAndLeavesRun) {
  Tasks tasks;
  std::atomic<bool> waits = false, thrown = false;
  std::atomic<int> behind = 0;
  tasks.add([&] {
    while (!waits) std::this_thread::yield();
    thrown = true;
    throw std::runtime_error("no memory");
  });
  tasks.add([&] {
    waits = true;
    while (!thrown) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    tasks.add([&] { ++behind; });
  });
  EXPECT_THROW(tasks.run(2), std::runtime_error);
  EXPECT_EQ(behind, 0) << "what is added behind the failure is not begun";
  tasks.add([&] { ++behind; });
  tasks.run(2);
  EXPECT_EQ(behind, 1) << "it can be used again";
}

}  // namespace
}  // namespace imreg::archive

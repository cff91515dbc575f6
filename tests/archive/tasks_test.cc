// Tasks that make more tasks: each is done once, whatever the number of threads; a failure ends all of them.
#include "archive/tasks.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <stdexcept>

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

// Each task makes two more: without an end at the failure it would be a million.
TEST(Tasks, AFailureEndsAllOfThemAndLeavesRun) {
  for (const int jobs : {1, 2, 7}) {
    Tasks tasks;
    std::atomic<int> done = 0;
    std::function<void(int)> work = [&](int depth) {
      for (int i = 0; i < 2 && depth < 20; ++i) tasks.add([&work, depth] { work(depth + 1); });
      if (++done == 100) throw std::runtime_error("no memory");
    };
    tasks.add([&] { work(0); });
    EXPECT_THROW(tasks.run(jobs), std::runtime_error);
    EXPECT_LT(done, 100 + 2 * jobs) << jobs << " threads";
    std::atomic<bool> again = false;
    tasks.add([&] { again = true; });
    tasks.run(jobs);
    EXPECT_TRUE(again) << "it can be used again";
  }
}

}  // namespace
}  // namespace imreg::archive

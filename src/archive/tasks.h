// Work that makes more work while it is done, by several threads.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

namespace imreg::archive {

/// The newest task is done first: what a task begins is ended before others begin. What a task throws ends all of them, and
/// leaves run().
class Tasks {
 public:
  void add(std::function<void()> task);
  void run(int jobs);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> waiting_;
  int running_ = 0;
  std::exception_ptr failure_;
};

}  // namespace imreg::archive

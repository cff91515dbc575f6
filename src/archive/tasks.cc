// One stack of tasks for all threads: tasks are calls of the kernel by the hundred, so that its lock is nothing beside them.
#include "archive/tasks.h"

#include <utility>

#include "os/processors.h"

namespace imreg::archive {

void Tasks::add(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (failure_) return;
  waiting_.push_back(std::move(task));
  changed_.notify_one();
}

void Tasks::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !waiting_.empty() || running_ == 0; });
    if (waiting_.empty()) break;
    const auto task = std::move(waiting_.back());
    waiting_.pop_back();
    ++running_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      task();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --running_;
    if (failure) {
      failure_ = failure;
      waiting_.clear();
    }
  }
  changed_.notify_all();
}

void Tasks::run(int jobs) {
  at_once(jobs, [this](int) { work(); });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace imreg::archive

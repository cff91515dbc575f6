// One call of the kernel: hardware_concurrency() of glibc 2.36 reads a file of /sys, and counts those that are not ours, too.
#include "os/processors.h"

#include <sched.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace imreg {

int threads_of(int jobs) {
  if (jobs > 0) return jobs;
  cpu_set_t processors;
  if (::sched_getaffinity(0, sizeof processors, &processors) == 0) return CPU_COUNT(&processors);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));  // more than 1024 of them
}

void at_once(int threads, const std::function<void(int worker)>& work) {
  std::exception_ptr failure;
  std::mutex mutex;
  const auto run = [&](int worker) {
    try {
      work(worker);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  try {
    for (int worker = 1; worker < threads; ++worker) others.emplace_back(run, worker);
  } catch (const std::exception&) {  // fewer than wished do the work too
  }
  run(0);
  for (auto& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace imreg

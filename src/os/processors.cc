// One call of the kernel: hardware_concurrency() of glibc 2.36 reads a file of /sys, and counts those that are not ours, too.
#include "os/processors.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace imreg {

int threads_of(int jobs) {
  if (jobs > 0) return jobs;
  cpu_set_t processors;
  if (::sched_getaffinity(0, sizeof processors, &processors) == 0) return CPU_COUNT(&processors);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));  // more than 1024 of them
}

}  // namespace imreg

// Leaves a process behind that outlives the program and holds none of its descriptors.
#include "cli/background.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace imreg::cli {

void in_background(const std::function<void()>& work) {
  if (::fork() != 0) return;
  ::setsid();
  if (::nice(10) == -1) ::_exit(1);
  // Who reads our output waits for its end, not for us.
  const int null = ::open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < 3; ++descriptor) ::dup2(null, descriptor);
  ::close_range(3, ~0U, 0);
  try {
    work();
  } catch (...) {  // nobody is there who could be told
  }
  ::_exit(0);
}

}  // namespace imreg::cli

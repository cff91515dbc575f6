// fork(), a pipe for the answer, waitpid() of this child alone.
#include "os/apart.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

#include "os/file.h"

namespace imreg {

namespace {

// The code as a character, then the message.
[[noreturn]] void answer(int pipe, const Status& status) {
  const std::string text = std::string(1, static_cast<char>('0' + static_cast<int>(status.code()))) + status.text();
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = ::write(pipe, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) break;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  ::_exit(0);
}

// Address space: what is there now, and so much more.
void limit_memory(std::int64_t bytes) {
  char text[64] = "";
  const int statm = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (statm < 0) return;
  const ssize_t got = ::read(statm, text, sizeof text - 1);
  ::close(statm);
  const long long pages = got > 0 ? std::strtoll(text, nullptr, 10) : 0;
  const auto most = static_cast<rlim_t>(pages * ::sysconf(_SC_PAGESIZE) + bytes);
  const rlimit memory{most, most};
  if (pages > 0) (void)::setrlimit(RLIMIT_AS, &memory);
}

}  // namespace

Status run_apart(const std::string& what, int seconds, std::int64_t bytes, const std::function<Status()>& work) {
  // Another thread's child must not get the end for writing: the end of the answer would come with that child's.
  static std::mutex between;
  std::unique_lock lock(between);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {Code::io, "no pipe to another process: " + error_text(errno)};
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) {
    const int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    return {Code::io, "no other process can be started: " + error_text(error)};
  }
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody would hear its answer, and it holds the locks of its parent
    if (::getppid() != parent) ::_exit(1);
    ::close(ends[0]);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGXCPU}) ::signal(signal, SIG_DFL);
    const rlimit time{static_cast<rlim_t>(seconds), static_cast<rlim_t>(seconds) + 1}, no_core{0, 0};
    (void)::setrlimit(RLIMIT_CPU, &time);
    limit_memory(bytes);
    (void)::setrlimit(RLIMIT_CORE, &no_core);
    try {
      answer(ends[1], work());
    } catch (const std::exception& error) {
      answer(ends[1], {Code::io, error.what()});
    }
  }
  ::close(ends[1]);
  lock.unlock();
  std::string text;
  char piece[512];
  for (;;) {
    const ssize_t got = ::read(ends[0], piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int ended = 0;
  while (::waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  if (!text.empty() && WIFEXITED(ended)) {
    const auto code = static_cast<Code>(text[0] - '0');
    return code == Code::ok ? Status() : Status(code, text.substr(1));
  }
  const bool long_work = WIFSIGNALED(ended) && WTERMSIG(ended) == SIGXCPU;
  return {Code::corrupt, what + (long_work ? " was ended after " + std::to_string(seconds) + " seconds"
                                           : " did not survive these data")};
}

}  // namespace imreg

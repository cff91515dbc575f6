// A signal handler that does one thing before the program dies of the signal, and a wait that a signal ends.
#include "cli/interrupt.h"

#include <poll.h>

#include <atomic>
#include <csignal>

namespace imreg::cli {

namespace {

using Action = void (*)();
std::atomic<Action> now{nullptr};
static_assert(std::atomic<Action>::is_always_lock_free);

void handle(int signal) {
  if (const Action action = now.load()) action();
  std::signal(signal, SIG_DFL);  // NOLINT: async-signal-safe in POSIX
  std::raise(signal);
}

}  // namespace

void on_interrupt(void (*action)()) {
  now = action;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old {};
    if (::sigaction(signal, nullptr, &old) != 0 || old.sa_handler == SIG_IGN) continue;
    struct sigaction ours {};
    ours.sa_handler = action ? handle : SIG_DFL;
    ours.sa_flags = SA_NODEFER;
    ::sigaction(signal, &ours, nullptr);
  }
}

bool wait_unless_ended(double seconds) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, each);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  pollfd out = {1, 0, 0};
  (void)::poll(&out, 1, static_cast<int>(seconds * 1000));
  const timespec at_once{};
  return (out.revents & (POLLERR | POLLNVAL)) == 0 && ::sigtimedwait(&signals, nullptr, &at_once) < 0;
}

}  // namespace imreg::cli

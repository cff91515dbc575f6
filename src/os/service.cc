// signalfd, inotify, poll, and the protocol of sd_notify(3).
#include "os/service.h"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "os/file.h"

namespace imreg {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Descriptor> signals_as_file(const std::vector<int>& signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  if (sigismember(&set, SIGCHLD) == 1) ::signal(SIGCHLD, SIG_DFL);  // ignored, nobody would hear how children ended
  Descriptor out(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (out.fd() < 0) return os_error("", "cannot wait for signals", errno);
  return out;
}

int next_signal(const Descriptor& signals) {
  signalfd_siginfo info;
  return ::read(signals.fd(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

Result<Descriptor> watch_folder(const std::string& folder) {
  Descriptor out(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (out.fd() < 0 ||
      ::inotify_add_watch(out.fd(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
    return os_error(folder, "cannot be watched", errno);
  return out;
}

std::optional<std::vector<std::string>> changed_names(const Descriptor& watch) {
  std::vector<std::string> out;
  bool lost = false;
  alignas(inotify_event) char bytes[16 << 10];
  for (ssize_t got; (got = ::read(watch.fd(), bytes, sizeof bytes)) > 0;) {
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, bytes + at, sizeof event);
      const char* const name = bytes + at + sizeof event;
      if (event.mask & IN_Q_OVERFLOW) lost = true;
      if (event.len > 0) out.emplace_back(name, ::strnlen(name, event.len));
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  if (lost) return std::nullopt;
  return out;
}

void wait_for(const std::vector<int>& descriptors, double seconds) {
  std::vector<pollfd> all;
  for (const int fd : descriptors) all.push_back({fd, POLLIN, 0});
  const double longest = 3600;
  const auto ms = static_cast<int>(std::clamp(seconds, 0.0, longest) * 1000 + 0.999);
  (void)::poll(all.data(), all.size(), ms);
}

void tell_service_manager(const std::string& text) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!name || (name[0] != '/' && name[0] != '@') || std::strlen(name) >= sizeof address.sun_path) return;
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, std::strlen(name));
  if (name[0] == '@') address.sun_path[0] = '\0';  // an abstract one
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
  (void)!::sendto(socket.fd(), text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                  size);
}

}  // namespace imreg

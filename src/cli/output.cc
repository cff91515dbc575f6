#include "cli/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace imreg::cli {

namespace {
constexpr std::size_t kPiece = 256 * 1024;
}

Output::Output(int descriptor) : descriptor_(descriptor), terminal_(::isatty(descriptor) == 1) {}

bool Output::write(std::string_view text) {
  if (closed_) return false;
  if (held_.size() + text.size() > kPiece) {
    if (!flush()) return false;
    if (text.size() > kPiece) return put(text);
  }
  if (held_.capacity() < kPiece && !terminal_) held_.reserve(kPiece);
  held_ += text;
  return !terminal_ || text.find('\n') == text.npos || flush();
}

bool Output::flush() {
  if (closed_) return false;
  const bool good = put(held_);
  held_.clear();
  return good;
}

bool Output::put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody made the shared descriptor non-blocking: wait for the reader
      pollfd wait = {descriptor_, POLLOUT, 0};
      (void)::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      closed_ = true;
      if (errno != EPIPE) status_ = {Code::io, std::string("cannot write to standard output: ") + std::strerror(errno)};
      return false;
    }
  }
  return true;
}

int terminal_columns() {
  winsize size{};
  return ::isatty(1) == 1 && ::ioctl(1, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace imreg::cli

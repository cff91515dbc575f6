// One question to the terminal and its answer, between the keys of a person.
#include "cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string_view>
#include <utility>

#include "cli/config.h"

namespace imreg::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPatience{500};
constexpr std::string_view kQuestion = "\x1b[c", kAnswer = "\x1b[?";

// Signals, those of Ctrl-C and its like too, wait while the terminal is in our hands. No echo: the answer is not for eyes.
class Raw {
 public:
  explicit Raw(int terminal) : terminal_(terminal) {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &mask_);
    if (::tcgetattr(terminal_, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR | IGNCR);  // typed keys are given back as they came
    raw.c_cc[VMIN] = 0, raw.c_cc[VTIME] = 0;
    ok_ = ::tcsetattr(terminal_, TCSANOW, &raw) == 0;  // nothing typed is thrown away
  }
  ~Raw() {
    if (ok_) ::tcsetattr(terminal_, TCSANOW, &before_);
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  bool ok() const { return ok_; }

 private:
  int terminal_;
  sigset_t mask_{};
  termios before_{};
  bool ok_ = false;
};

bool readable(int terminal, Clock::duration wait) {
  pollfd one{terminal, POLLIN, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  return ::poll(&one, 1, static_cast<int>(std::max<long long>(ms, 0))) == 1 && (one.revents & POLLIN) != 0;
}

// The answer within what was read: its place and length; 0: it has not come yet.
std::pair<std::size_t, std::size_t> answer_in(std::string_view text) {
  for (auto from = text.find(kAnswer); from != text.npos; from = text.find(kAnswer, from + 1)) {
    const auto end = text.find_first_not_of("0123456789;", from + kAnswer.size());
    if (end != text.npos && text[end] == 'c') return {from, end + 1 - from};
  }
  return {0, 0};
}

// What was read until the answer came, or nobody answered.
std::string ask(int terminal, bool& asked) {
  std::string heard;
  asked = !readable(terminal, {}) &&
          ::write(terminal, kQuestion.data(), kQuestion.size()) == static_cast<ssize_t>(kQuestion.size());
  if (!asked) return heard;
  const auto end = Clock::now() + kPatience;
  char piece[256];
  while (answer_in(heard).second == 0 && heard.size() < 65536 && readable(terminal, end - Clock::now())) {
    const auto n = ::read(terminal, piece, sizeof piece);
    if (n <= 0) break;
    heard.append(piece, static_cast<std::size_t>(n));
  }
  return heard;
}

}  // namespace

TerminalAnswer ask_terminal() {
  TerminalAnswer out;
  const std::string kind = environment("TERM");
  char name[256];
  if (kind.empty() || kind == "dumb" || ::ttyname_r(1, name, sizeof name) != 0) return out;
  const int terminal = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return out;
  if (::tcgetpgrp(terminal) == ::getpgrp()) {
    std::string heard;
    if (const Raw raw(terminal); raw.ok()) heard = ask(terminal, out.asked);
    const auto [from, length] = answer_in(heard);
    // The first number says what the terminal is, those behind it what it can.
    const std::string answer = heard.substr(from, length);
    out.sixels = answer.find(";4;") != answer.npos || answer.ends_with(";4c");
    heard.erase(from, length);
    // Where the kernel permits it, keys go back to where they came from, for whoever reads next.
    std::size_t given = 0;
    while (given < heard.size() && ::ioctl(terminal, TIOCSTI, &heard[given]) == 0) ++given;
    out.typed = heard.substr(given);
  }
  ::close(terminal);
  return out;
}

}  // namespace imreg::cli

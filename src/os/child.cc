// Forks, and looks after what it forked.
#include "os/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace imreg {

namespace {

constexpr std::size_t kPiece = 64 << 10;
constexpr int kCannotRun = 127;

// In the child. Signals as a program expects them; with its parent it dies, too.
void settle_in(pid_t parent, int output) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotRun);  // it died before that was said
  for (const int number : {SIGPIPE, SIGXFSZ, SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
}

int execute(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  std::vector<char*> arguments;
  std::vector<std::string> copies = words, added = environment;
  for (auto& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  for (auto& entry : added) ::putenv(entry.data());
  ::execvp(arguments[0], arguments.data());
  const std::string why = "cannot run " + words[0] + ": " + error_text(errno) + "\n";
  (void)!::write(2, why.data(), why.size());
  return kCannotRun;
}

}  // namespace

Result<Child> Child::start(const std::function<int()>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error("", "cannot make a pipe", errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  Child child;
  child.output_ = ends[0];
  const pid_t parent = ::getpid();
  child.pid_ = ::fork();
  const int error = errno;
  if (child.pid_ == 0) {
    settle_in(parent, ends[1]);
    int code = kCannotRun;
    try {
      code = work();
    } catch (...) {  // no memory
    }
    ::_exit(code);
  }
  ::close(ends[1]);
  if (child.pid_ < 0) return os_error("", "cannot start a process", error);
  ::setpgid(child.pid_, child.pid_);  // whoever of the two is first
  return child;
}

Result<Child> Child::run(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  return start([&] { return execute(words, environment); });
}

Result<Child> Child::call(const std::function<int()>& work) { return start(work); }

std::string Child::read_output() {
  std::string out(output_ < 0 ? 0 : kPiece, '\0');
  const ssize_t got = output_ < 0 ? -1 : ::read(output_, out.data(), out.size());
  if (got == 0) ::close(std::exchange(output_, -1));  // it would be "readable" from now on
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(-pid_, number);
}

std::optional<int> Child::ended() {
  siginfo_t info{};
  if (pid_ <= 0 || ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0)
    return std::nullopt;
  signal(SIGKILL);  // before its number can be that of another process
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)), output_(std::exchange(other.output_, -1)) {}
Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(output_, other.output_);
  return *this;
}
Child::~Child() {
  if (pid_ > 0) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
}

Status can_run(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::vector<std::string> places;
  if (program.find('/') != program.npos)
    places.push_back(program);
  else
    for (const auto folder : split(path ? path : "/bin:/usr/bin", ':'))
      places.push_back((folder.empty() ? "." : std::string(folder)) + "/" + program);
  bool found = false;
  for (const auto& place : places) {
    struct stat info {};
    if (::stat(place.c_str(), &info) != 0) continue;
    found = true;
    if (S_ISREG(info.st_mode) && ::faccessat(AT_FDCWD, place.c_str(), X_OK, AT_EACCESS) == 0) return {};
  }
  if (found) return {Code::invalid, program + " may not be run"};
  return {Code::not_found, "there is no program " + program};
}

std::string text_of_wait_status(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? "" : "exit " + std::to_string(WEXITSTATUS(status));
  const char* const name = ::sigdescr_np(WTERMSIG(status));
  return "killed by signal " + std::to_string(WTERMSIG(status)) + (name ? " (" + std::string(name) + ")" : "");
}

}  // namespace imreg

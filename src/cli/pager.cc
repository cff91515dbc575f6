// Starts a pager for a terminal and waits for its end.
#include "cli/pager.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "base/text.h"
#include "cli/interrupt.h"

namespace imreg::cli {

namespace {

std::atomic<int> pipe_end{-1};
std::atomic<pid_t> reader{-1};

void wait_for(pid_t child, int& state) {
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
}

// Ctrl-C goes to the pager too, which stays: it must not lose its terminal to the shell.
void wait_for_reader() {
  ::close(pipe_end);
  int state = 0;
  wait_for(reader, state);
}

bool on_path(const char* program) {
  const char* const folders = std::getenv("PATH");
  for (const auto folder : split(folders ? folders : "/usr/bin:/bin", ':')) {
    if (::access((std::string(folder) + '/' + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string wanted_pager() {
  for (const char* name : {"IMREG_PAGER", "PAGER"}) {
    if (const char* command = std::getenv(name)) return std::string(trim(command));
  }
  return on_path("less") ? "less -FRSX" : "";
}

}  // namespace

Pager::Pager(std::string command, int descriptor, pid_t child)
    : command_(std::move(command)), descriptor_(descriptor), child_(child) {}

std::unique_ptr<Pager> Pager::start() {
  const std::string command = wanted_pager();
  if (command.empty() || command == "cat") return nullptr;
  std::vector<char*> environment;  // made before fork(): the child of a program with threads must not allocate
  for (char** word = environ; *word; ++word) environment.push_back(*word);
  char less[] = "LESS=FRSX";
  if (!std::getenv("LESS")) environment.push_back(less);
  environment.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return nullptr;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[0], 0);
    std::signal(SIGPIPE, SIG_DFL);
    ::execle("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr), environment.data());
    ::_exit(127);
  }
  ::close(ends[0]);
  if (child < 0) {
    ::close(ends[1]);
    return nullptr;
  }
  pipe_end = ends[1];
  reader = child;
  on_interrupt(wait_for_reader);
  return std::unique_ptr<Pager>(new Pager(command, ends[1], child));
}

Status Pager::finish() {
  if (child_ < 0) return {};
  ::close(descriptor_);
  int state = 0;
  wait_for(child_, state);
  child_ = -1;
  on_interrupt(nullptr);
  if (WIFEXITED(state) && (WEXITSTATUS(state) == 127 || WEXITSTATUS(state) == 126)) {
    return {Code::io, "the pager \"" + command_ + "\" cannot be started; name another one with PAGER, or use -nopager"};
  }
  return {};
}

}  // namespace imreg::cli

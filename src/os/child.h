// Child processes whose end nobody misses: a group of their own, one pipe for all they print, dead when their parent dies.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"
#include "os/file.h"

namespace imreg {

class Child {
 public:
  /// Runs a program (searched for in $PATH), its words as they are, standard input empty. One that cannot be run prints why and
  /// ends with 127. `environment`: NAME=VALUE, added to ours. Error: io (no process, no pipe).
  static Result<Child> run(const std::vector<std::string>& words, const std::vector<std::string>& environment);
  /// Runs a function in a copy of this process, which must have one thread; what it returns is the exit code.
  static Result<Child> call(const std::function<int()>& work);

  /// Readable when it has printed something; -1 when it will print nothing more.
  int output() const { return output_; }
  /// What it has printed since, some of it when it is much; empty: nothing now.
  std::string read_output();
  /// A signal to it and its own children, but for those that left the group.
  void signal(int number) const;
  /// Once it has ended: its wait status. Its children that are still in the group are killed then.
  std::optional<int> ended();

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  ///< kills it when it has not ended

 private:
  Child() = default;
  static Result<Child> start(const std::function<int()>& work);
  pid_t pid_ = -1;
  int output_ = -1;
};

/// Ok: Child::run would find this program, and may run it. Error: not_found, invalid.
Status can_run(const std::string& program);

/// "exit 3", "killed by signal 9 (Killed)"; empty: all is well.
std::string text_of_wait_status(int status);

}  // namespace imreg

// What a program that runs for long needs of Linux: signals and changed files as descriptors to wait for, and systemd.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "imreg/status.h"

namespace imreg {

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// These signals are blocked from now on, and read from the descriptor. Error: io.
Result<Descriptor> signals_as_file(const std::vector<int>& signals);
/// The next one that came; 0: none.
int next_signal(const Descriptor& signals);

/// Tells of files that are written, made or renamed in a folder. Error: io.
Result<Descriptor> watch_folder(const std::string& folder);
/// The names that were heard of since; none when some were lost: then any may have changed.
std::optional<std::vector<std::string>> changed_names(const Descriptor& watch);

/// Waits until one of the descriptors can be read, up to so many seconds.
void wait_for(const std::vector<int>& descriptors, double seconds);

/// "READY=1" and the like to the service manager, if there is one (sd_notify(3)).
void tell_service_manager(const std::string& text);

}  // namespace imreg

// Takes and looks at slots: open-file-description locks, which the kernel drops with the last descriptor.
#include "os/slot.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace imreg {

namespace {

constexpr int kAttempts = 8;

struct flock byte_lock(std::int64_t number) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = number;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<SlotLock> SlotLock::take(const std::string& path, const std::string& like) {
  SlotLock slot;
  IMREG_ASSIGN(slot.file_, File::open(path, File::Mode::create, nullptr, like));
  for (int i = 0; i < kAttempts; ++i) {
    // Of 2^62 bytes, most of them far behind the end of the file: a lock needs no byte.
    std::uint64_t random = 0;
    if (::getrandom(&random, sizeof random, 0) != sizeof random)
      return os_error(path, "there are no random numbers", errno);
    slot.number_ = static_cast<std::int64_t>(random >> 2) + 1;
    auto lock = byte_lock(slot.number_);
    if (::fcntl(slot.file_.fd(), F_OFD_SETLK, &lock) == 0) return slot;
    if (errno != EAGAIN && errno != EACCES) break;
  }
  return os_error(path, "cannot lock a byte of it", errno);
}

bool Slots::is_held(std::int64_t number) {
  if (!file_.is_open()) {
    auto file = File::open(path_, File::Mode::read);
    if (!file) return file.status().code() != Code::not_found;
    file_ = *std::move(file);
  }
  auto lock = byte_lock(number);
  return ::fcntl(file_.fd(), F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

std::string host_name() {
  char host[128] = "?";
  ::gethostname(host, sizeof host - 1);
  return host;
}

std::string worker_text(const std::string& program) {
  return host_name() + ' ' + std::to_string(::getpid()) + ' ' + program;
}

}  // namespace imreg

// Takes, tells and drops the lock of a writer.
#include "os/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

namespace imreg {

namespace {

constexpr std::size_t kTextSize = 512;  // the lock file has this size always, so writing into it never extends it
constexpr char kFree[] = "free ";

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string read_all(const File& file) {
  std::string text(kTextSize, '\0');
  const auto got = file.read(0, text.data(), text.size());
  text.resize(got ? *got : 0);
  return text;
}

std::string read_text(const File& file) {
  std::string text = read_all(file);
  if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  return text;
}

Status write_text(File& file, std::string text) {
  text.resize(kTextSize - 1, ' ');
  const auto line_end = text.find_last_not_of(' ') + 1;
  text.insert(line_end, 1, '\n');
  text.resize(kTextSize, ' ');
  return file.write(0, text);
}

std::string holder_text(const std::string& program) {
  char host[128] = "?";
  ::gethostname(host, sizeof host - 1);
  const std::time_t now = std::time(nullptr);
  struct tm utc {};
  ::gmtime_r(&now, &utc);
  char since[32];
  std::strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return "held by " + program + ", process " + std::to_string(::getpid()) + " on " + host + ", since " + since;
}

// The second line of a holder who adds rows, since this boot of the machine.
std::string work_text() { return "\nat work, boot=" + boot_id(); }

}  // namespace

Result<WriterLock> WriterLock::take(const std::string& path, const std::string& program, double wait_seconds) {
  WriterLock lock;
  IMREG_ASSIGN(lock.file_, File::open(path, File::Mode::create, nullptr, without_ending(path)));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(wait_seconds);
  auto pause = std::chrono::microseconds(200);
  for (;;) {
    auto range = whole_file(F_WRLCK);
    if (::fcntl(lock.file_.fd(), F_OFD_SETLK, &range) == 0) break;
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return os_error(path, "cannot lock it", errno);
    if (std::chrono::steady_clock::now() >= deadline) {
      const std::string holder = read_text(lock.file_);
      return Status(Code::busy, "the database is " +
                                    (holder.starts_with("held by") ? holder : "locked by another program") +
                                    "; try again when it has ended")
          .in_file(path);
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(20000));
  }
  const std::string text = read_text(lock.file_);
  if (text.starts_with(kFree)) lock.last_state_ = text.substr(sizeof kFree - 1);
  lock.holder_ = holder_text(program);
  IMREG_TRY(write_text(lock.file_, lock.holder_));
  return lock;
}

Status WriterLock::begin_work() { return write_text(file_, holder_ + work_text()); }

bool WriterLock::is_at_work(const std::string& path) {
  if (boot_id().empty()) return is_held(path);
  const auto file = File::open(path, File::Mode::read);
  if (!file) return file.status().code() != Code::not_found;
  return read_all(*file).find(work_text()) != std::string::npos;
}

bool WriterLock::is_held(const std::string& path) {
  const auto file = File::open(path, File::Mode::read);
  if (!file) return file.status().code() != Code::not_found;  // who may not look must not think that nobody is there
  auto range = whole_file(F_WRLCK);
  return ::fcntl(file->fd(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

void WriterLock::release(const std::string& state) {
  if (!held()) return;
  // If this fails the next writer finds no state and checks everything: slower, never wrong.
  (void)write_text(file_, state.empty() ? std::string() : kFree + state);
  file_.close();
}

const std::string& boot_id() {
  static const std::string id = [] {
    // The files of /proc report size 0, so read_file() would see nothing.
    char text[64];
    auto file = File::open("/proc/sys/kernel/random/boot_id", File::Mode::read);
    const auto got = file ? file->read(0, text, sizeof text) : Result<std::size_t>(file.status());
    std::string line(text, got ? *got : 0);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    return line;
  }();
  return id;
}

}  // namespace imreg

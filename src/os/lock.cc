// Takes, tells and drops the lock of a writer.
#include "os/lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include "os/slot.h"

namespace imreg {

namespace {

constexpr std::size_t kTextSize = 512;  // the lock file has this size always, so writing into it never extends it
constexpr char kFree[] = "free ";

// The lock itself is on the text. Whoever wants it takes the turn first, a byte behind the text, and holds that while waiting:
// else a program that writes in a loop takes the lock again before those that wait have looked.
struct flock part(short type, std::int64_t start, std::int64_t size) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = size;
  return lock;
}
struct flock text_lock(short type) { return part(type, 0, kTextSize); }
struct flock turn_lock(short type) { return part(type, kTextSize, 1); }

using Clock = std::chrono::steady_clock;

// False: somebody else has it still.
Result<bool> lock_until(const File& file, struct flock range, Clock::time_point deadline) {
  auto pause = std::chrono::microseconds(200);
  for (;;) {
    if (::fcntl(file.fd(), F_OFD_SETLK, &range) == 0) return true;
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return os_error(file.path(), "cannot lock it", errno);
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(5000));
  }
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
  const std::time_t now = std::time(nullptr);
  struct tm utc {};
  ::gmtime_r(&now, &utc);
  char since[32];
  std::strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return "held by " + program + ", process " + std::to_string(::getpid()) + " on " + host_name() + ", since " + since;
}

// The second line of a holder who adds rows, since this boot of the machine.
std::string work_text() { return "\nat work, boot=" + boot_id(); }

}  // namespace

Result<WriterLock> WriterLock::take(const std::string& path, const std::string& program, double wait_seconds,
                                    const std::string& like) {
  WriterLock lock;
  auto opened = File::open(path, File::Mode::create, nullptr, like.empty() ? without_ending(path) : like);
  if (opened.status().code() == Code::not_found)
    return Status(Code::not_found, "its folder does not exist").in_file(without_ending(path));
  IMREG_ASSIGN(lock.file_, std::move(opened));
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(wait_seconds));
  IMREG_ASSIGN(bool taken, lock_until(lock.file_, turn_lock(F_WRLCK), deadline));
  if (taken) {
    IMREG_ASSIGN(taken, lock_until(lock.file_, text_lock(F_WRLCK), deadline));
  }
  if (!taken) {
    const std::string holder = read_text(lock.file_);
    return Status(Code::busy, "the database is " +
                                  (holder.starts_with("held by") ? holder : "locked by another program") +
                                  "; try again when it has ended")
        .in_file(path);
  }
  struct stat ours {
  }, named{};  // a holder who has removed it leaves those who wait a file without a name
  if (::fstat(lock.file_.fd(), &ours) == 0 && ours.st_nlink == 0 &&
      (::stat(path.c_str(), &named) != 0 || ours.st_ino != named.st_ino))
    return take(path, program, std::chrono::duration<double>(deadline - Clock::now()).count(), like);
  auto turn = turn_lock(F_UNLCK);
  if (::fcntl(lock.file_.fd(), F_OFD_SETLK, &turn) != 0) return os_error(path, "cannot unlock it", errno);
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
  auto range = text_lock(F_WRLCK);
  return ::fcntl(file->fd(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

void WriterLock::release(const std::string& state) {
  if (!held()) return;
  // If this fails the next writer finds no state and checks everything: slower, never wrong.
  (void)write_text(file_, state.empty() ? std::string() : kFree + state);
  file_.close();
}

void WriterLock::remove() {
  if (held()) (void)remove_file(file_.path());
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

// Collects text and writes it in large pieces; tells a full disk from a reader that has gone.
#include "cli/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.h"

namespace imreg::cli {

namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kLarge = 8 * 1024;  // not copied

// Where a regular file will be written next; -1 for anything else, and where every write goes to the end.
std::int64_t place_in_file(int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return -1;
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags < 0 || (flags & O_APPEND) ? -1 : ::lseek(descriptor, 0, SEEK_CUR);
}

}  // namespace

Output::Output(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)), terminal_(::isatty(descriptor) == 1) {}

Output::~Output() {
  if (!file_) (void)flush();
  if (owned_) ::close(descriptor_);
}

std::unique_ptr<Output> Output::paged() {
  auto out = std::make_unique<Output>();
  out->wants_pager_ = out->terminal_;
  return out;
}

Result<std::unique_ptr<Output>> Output::to_file(const std::string& path) {
  if (path == "-") return std::make_unique<Output>();
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return os_error(path, "cannot write it", errno);
    auto out = std::unique_ptr<Output>(new Output(descriptor, path));
    out->owned_ = true;
    return out;
  }
  // Of the command line, not of the machine: no in_file().
  if (S_ISDIR(info.st_mode)) return Status(Code::invalid, "-o " + path + " is a folder: name a file in it");
  IMREG_ASSIGN(NewFile file, NewFile::create(path));
  auto out = std::unique_ptr<Output>(new Output(file.descriptor(), path));
  out->file_ = std::make_unique<NewFile>(std::move(file));
  return out;
}

bool Output::write(std::string_view text) {
  if (closed_) return false;
  if (held_.size() + text.size() > kPiece || text.size() > kLarge) {
    if (!flush()) return false;
    if (text.size() > kLarge) return put(text);
  }
  if (held_.capacity() < kPiece && !terminal_) held_.reserve(kPiece);
  held_ += text;
  return !terminal_ || pager_ || text.find('\n') == text.npos || flush();
}

bool Output::flush() {
  if (closed_) return false;
  const bool good = put(held_);
  held_.clear();
  return good;
}

Sink Output::sink() {
  const auto write = [this](std::string_view text) { return this->write(text); };
  const std::int64_t start = place_in_file(descriptor_);
  if (start < 0) return write;
  return Sink(write,
              [this, start](std::int64_t offset, std::string_view bytes) { return patch(start + offset, bytes); });
}

bool Output::patch(std::int64_t offset, std::string_view bytes) {
  if (!flush()) return false;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno != EINTR) return failed(errno);
    if (written < 0) continue;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return true;
}

bool Output::failed(int error) {
  closed_ = true;
  if (error == EPIPE) return false;
  status_ = Status(Code::io, "cannot write to " + name_ + ": " + error_text(error));
  return false;
}

bool Output::put(std::string_view text) {
  if (wants_pager_ && !text.empty()) {
    wants_pager_ = false;
    pager_ = Pager::start();
    if (pager_) descriptor_ = pager_->descriptor();
  }
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody made the shared descriptor non-blocking: wait for the reader
      pollfd wait = {descriptor_, POLLOUT, 0};
      (void)::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return failed(errno);
    }
  }
  return true;
}

Status Output::finish(bool keep) {
  if (keep || !file_) (void)flush();
  if (pager_) {
    Status shown = pager_->finish();
    closed_ = true;
    if (!shown.ok()) return shown;
  }
  IMREG_TRY(status_);
  if (!file_) return {};
  closed_ = true;
  const auto file = std::move(file_);
  return keep ? file->keep() : Status();
}

bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string locale = to_lower(value);
    return locale.find("utf-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;  // the C locale
}

namespace {
winsize terminal_size() {
  winsize size{};
  return ::isatty(1) == 1 && ::ioctl(1, TIOCGWINSZ, &size) == 0 ? size : winsize{};
}
}  // namespace

int terminal_columns() { return terminal_size().ws_col; }
int terminal_rows() { return terminal_size().ws_row; }

TerminalPlace terminal_place() {
  const winsize size = terminal_size();
  if (size.ws_col == 0 || size.ws_row == 0) return {};
  const TerminalPlace out{size.ws_xpixel / size.ws_col, size.ws_ypixel / size.ws_row};
  return out.width > 0 && out.height > 0 ? out : TerminalPlace{};
}

}  // namespace imreg::cli

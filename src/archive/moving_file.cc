// Writes and reads X.db.moving, and locks it.
#include "archive/moving_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/text.h"
#include "record/crc32c.h"

namespace imreg::archive {

namespace {

constexpr std::string_view kHead = "imreg moving 1 ";
constexpr std::size_t kCheck = 9;  // of 8 digits and the end of the line
constexpr std::size_t kLargest = std::size_t{1} << 30;
constexpr std::size_t kItemWords = 5;

std::string check_of(std::string_view body) {
  char out[16];
  std::snprintf(out, sizeof out, "%08x\n", static_cast<unsigned>(crc32c(0, body)));
  return out;
}

}  // namespace

std::string moving_path(const std::string& database) { return resolved_path(database) + ".moving"; }

// Words with a NUL behind each: the one byte that no path has.
std::string text_of(const Moving& moving) {
  std::string body;
  const auto add = [&](std::string_view word) { (body += word) += '\0'; };
  add(std::string(1, static_cast<char>(moving.action)));
  add(std::string(1, static_cast<char>(moving.phase)));
  add(moving.program);
  add(moving.command);
  for (const auto& item : moving.items) {
    for (const std::string* path : {&item.from, &item.to, &item.temporary}) add(*path);
    add(item.folder ? "folder" : "file");
    add(std::to_string(static_cast<std::int64_t>(item.inode)));
  }
  return std::string(kHead) + check_of(body) + body;
}

Result<Moving> read_moving(std::string_view text) {
  if (text.starts_with("imreg moving ") && !text.starts_with(kHead))
    return Status(Code::mismatch, "is of another release of imreg, which can end what it began");
  const auto damaged = [] {
    return Status(
        Code::corrupt,
        "is damaged: it cannot be told which files a program was moving; compare rows and files, then remove it");
  };
  if (!text.starts_with(kHead) || text.size() < kHead.size() + kCheck) return damaged();
  const std::string_view body = text.substr(kHead.size() + kCheck);
  if (check_of(body) != text.substr(kHead.size(), kCheck) || !body.ends_with('\0')) return damaged();
  const auto words = split(body.substr(0, body.size() - 1), '\0');
  if (words.size() < 4 || (words.size() - 4) % kItemWords != 0 || words[0].size() != 1 || words[1].size() != 1)
    return damaged();
  Moving out;
  out.action = static_cast<Moving::Action>(words[0][0]);
  out.phase = static_cast<Moving::Phase>(words[1][0]);
  out.program = words[2];
  out.command = words[3];
  for (std::size_t at = 4; at < words.size(); at += kItemWords) {
    long long inode = 0;
    if (!parse_integer(words[at + 4], inode)) return damaged();
    out.items.push_back({std::string(words[at]), std::string(words[at + 1]), std::string(words[at + 2]),
                         words[at + 3] == "folder", static_cast<std::uint64_t>(inode)});
  }
  return out;
}

Result<bool> MovingFile::lock() {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file_.fd(), F_OFD_SETLK, &whole) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return os_error(path_, "cannot lock it", errno);
}

Result<std::optional<MovingFile>> MovingFile::find(const std::string& database, IoObserver* observer) {
  std::optional<MovingFile> none;
  MovingFile out;
  out.path_ = moving_path(database);
  out.observer_ = observer;
  (void)remove_file(out.path_ + kUnfinished, observer);  // of a program that was killed
  auto file = File::open(out.path_, File::Mode::write);
  if (!file && file.status().code() == Code::not_found) return none;
  if (!file) return file.status();
  out.file_ = *std::move(file);
  IMREG_ASSIGN(const bool stale, out.lock());
  if (out.file_.names() == 0) return none;  // its program removed it a moment ago
  auto text = read_file(out.path_, kLargest);
  if (!text && text.status().code() == Code::not_found) return none;
  if (!text) return text.status();
  auto content = read_moving(*text);
  if (!stale) {
    return Status(Code::busy, "another program moves files" +
                                  (content ? " (" + content->command + ")" : std::string()) +
                                  "; try again when it has ended")
        .in_file(out.path_);
  }
  if (!content) return Status(content.status()).in_file(out.path_);
  out.content_ = *std::move(content);
  return std::optional<MovingFile>(std::move(out));
}

Result<MovingFile> MovingFile::create(const std::string& database, Moving moving, IoObserver* observer) {
  MovingFile out;
  out.path_ = moving_path(database);
  out.content_ = std::move(moving);
  out.observer_ = observer;
  if (const Status written = out.write(resolved_path(database)); !written.ok()) {
    (void)remove_file(out.path_);  // it may have its name, and only the sync behind it have failed
    return Status(written.code(), written.message() + "; nothing is done").in_file(out.path_);
  }
  return out;
}

Status MovingFile::write(const std::string& like) {
  const std::string unfinished = path_ + kUnfinished;
  (void)remove_file(unfinished, observer_);
  const auto written = [&]() -> Status {
    IMREG_ASSIGN(File file, File::open(unfinished, File::Mode::create_new, observer_, like));
    IMREG_TRY(file.write(0, text_of(content_)));
    IMREG_TRY(file.sync());
    return rename_file(unfinished, path_, observer_);
  }();
  if (!written.ok()) (void)::unlink(unfinished.c_str());
  IMREG_TRY(written);
  IMREG_TRY(sync_folder_of(path_, observer_));
  IMREG_ASSIGN(file_, File::open(path_, File::Mode::write));
  return lock().status();
}

Status MovingFile::enter(Moving::Phase phase) {
  const auto before = std::exchange(content_.phase, phase);
  Status written = write(path_);
  if (!written.ok()) content_.phase = before;
  return written;
}

Status MovingFile::remove() {
  IMREG_TRY(remove_file(path_, observer_));
  file_.close();
  return sync_folder_of(path_, observer_);
}

}  // namespace imreg::archive

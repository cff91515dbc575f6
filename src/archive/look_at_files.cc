// A folder costs one open and the reading of its names, a file one statx; a folder below one that is known to be missing
// costs nothing. Headers are read where size or time differ, and of files that have no rows.
#include "archive/look_at_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "archive/tasks.h"
#include "base/text.h"
#include "imreg/fits_file.h"
#include "imreg/registry.h"
#include "os/file.h"
#include "registry/file_rows.h"

namespace imreg::archive {

namespace {

using Kind = FileFinding::Kind;

constexpr std::size_t kPiece = 512;  // files of one task

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

const char* special_kind(mode_t mode) {
  return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

bool is_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG; }

std::string size_text(std::int64_t before, std::uint64_t now) {
  return "it had " + std::to_string(before) + " bytes and has " + std::to_string(now);
}

// Which folders are not there, each asked of the kernel once.
class Absent {
 public:
  /// The highest folder at or above `path` that is known to be missing; empty: none is known.
  std::string known_above(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (!tops_.empty()) {
      for (std::size_t end = path.size(); end > 0 && end != path.npos; end = path.rfind('/', end - 1)) {
        if (const auto at = tops_.find(path.substr(0, end)); at != tops_.end()) return *at;
      }
    }
    return {};
  }
  /// `path` is missing: what is the highest folder that is?
  std::string top_of(const std::string& path) {
    std::string top = path;
    for (;;) {
      const auto slash = top.rfind('/');
      if (slash == 0 || slash == top.npos) break;
      const std::string above = top.substr(0, slash);
      struct stat info {};
      if (is_there(above) || (::stat(above.c_str(), &info) == 0 && S_ISDIR(info.st_mode))) {
        const std::lock_guard lock(mutex_);
        there_.insert(above);
        break;
      }
      top = above;
    }
    const std::lock_guard lock(mutex_);
    tops_.insert(top);
    return top;
  }

 private:
  bool is_there(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return there_.contains(path);
  }
  std::mutex mutex_;
  std::unordered_set<std::string> tops_, there_;
};

class Looker {
 public:
  Looker(const FolderRows& rows, const PathRoots& roots, const FindFilesOptions& options, bool want_missing,
         FilesReport& report)
      : rows_(rows), roots_(roots), options_(options), want_missing_(want_missing), report_(report) {
    out_.holds_files.resize(rows.folders().size());
    results_.resize(rows.folders().size());
  }

  Result<Looked> run();

 private:
  struct Known {  // for finding images that are registered twice
    std::int64_t fingerprint, size, folder, row;
    bool operator<(const Known& other) const {
      return std::tie(fingerprint, size, folder, row) <
             std::tie(other.fingerprint, other.size, other.folder, other.row);
    }
  };
  struct Part {
    std::int64_t files = 0, missing = 0, missing_rows = 0, changed = 0, touched = 0, unregistered = 0, unreadable = 0;
    std::int64_t damaged = 0;
    bool some_there = false;
    std::vector<FileFinding> findings;
    std::vector<MissingFile> lost;
    std::vector<Known> known;
  };
  // One that is being looked at.
  struct Open {
    Open(std::int64_t number_, const FolderOfRows& folder_, int fd_) : number(number_), folder(folder_), fd(fd_) {}
    std::int64_t number;
    const FolderOfRows& folder;
    Descriptor fd;
    std::vector<RowsOfFile> files;
    std::vector<std::string> others;  // names that have no rows
  };

  void look_at(std::int64_t number);
  void look_at_roots();
  void absent(std::int64_t number, const std::string& top);
  void unknown(std::int64_t number, const std::string& why);
  bool list(Open& open) const;
  void look(Open& open, std::size_t from, std::size_t end);
  void look_at_others(Open& open, std::size_t from, std::size_t end);
  void judge(const Open& open, const RowsOfFile& file, Part& part) const;
  void add(std::int64_t number, Part part);
  void done(std::int64_t rows);
  const Cameras* cameras();
  void find_twice();
  void name_twice(std::vector<Known>::const_iterator from, std::vector<Known>::const_iterator end);
  std::string path_of(const Known& known) const;

  const FolderRows& rows_;
  const PathRoots& roots_;
  const FindFilesOptions& options_;
  bool want_missing_;
  FilesReport& report_;
  Looked out_;
  Tasks tasks_;
  Absent absent_;
  std::map<std::string, std::string> roots_away_;  // name: why
  std::mutex mutex_;
  std::vector<Part> results_;                // of each folder
  std::map<std::string, FileFinding> away_;  // by the highest folder that is missing, or $ROOT
  std::int64_t rows_done_ = 0;
  std::once_flag cameras_once_;
  std::optional<Result<Cameras>> cameras_;
};

void Looker::done(std::int64_t rows) {
  rows_done_ += rows;
  if (options_.progress) options_.progress(rows_done_, report_.rows);
}

void Looker::add(std::int64_t number, Part part) {
  const std::lock_guard lock(mutex_);
  Part& to = results_[static_cast<std::size_t>(number)];
  const auto join = [](auto& a, auto& b) {
    a.insert(a.end(), std::make_move_iterator(b.begin()), std::make_move_iterator(b.end()));
  };
  to.files += part.files;
  to.missing += part.missing;
  to.missing_rows += part.missing_rows;
  to.changed += part.changed;
  to.touched += part.touched;
  to.unregistered += part.unregistered;
  to.unreadable += part.unreadable;
  to.damaged += part.damaged;
  to.some_there |= part.some_there;
  join(to.findings, part.findings);
  join(to.lost, part.lost);
  join(to.known, part.known);
}

// A root that is not there, or is an empty folder (a disk that is not mounted), is one line.
void Looker::look_at_roots() {
  for (const auto& root : roots_.roots()) {
    const std::string prefix = roots_.expand("$" + root.name);
    const std::string name = "root " + root.name + " (" + prefix + ")";
    DIR* dir = ::opendir(prefix.c_str());
    if (!dir) {
      if (is_gone(errno)) roots_away_[root.name] = name + " is not there";
      continue;
    }
    bool empty = true;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string_view is = entry->d_name;
      empty = empty && (is == "." || is == "..");
    }
    ::closedir(dir);
    if (empty) roots_away_[root.name] = name + " is an empty folder: is it mounted?";
  }
}

// All files of a folder are missing. They are counted, and all folders below one that is missing are one finding.
void Looker::absent(std::int64_t number, const std::string& top) {
  const auto& folder = rows_.folders()[static_cast<std::size_t>(number)];
  Part part;
  auto files = rows_.files_of(folder);
  part.files = part.missing = std::ssize(files);
  part.missing_rows = folder.rows;
  const std::int64_t first = files.empty() ? -1 : files.front().row;
  if (want_missing_) {
    for (auto& file : files) part.lost.push_back({number, std::move(file)});
  }
  add(number, std::move(part));
  const std::lock_guard lock(mutex_);
  done(folder.rows);
  auto [at, is_new] = away_.try_emplace(top);
  FileFinding& finding = at->second;
  if (is_new) finding = {Kind::no_folder, top, {}, {}, first, 0, 0};
  finding.files += std::ssize(files);
  finding.rows += folder.rows;
  finding.record = std::min(finding.record, first);
}

// Nothing can be said of its files.
void Looker::unknown(std::int64_t number, const std::string& why) {
  const auto& folder = rows_.folders()[static_cast<std::size_t>(number)];
  const auto files = rows_.files_of(folder);
  Part part;
  part.files = part.unreadable = std::ssize(files);
  part.some_there = true;
  part.findings.push_back({Kind::unreadable, folder.path, {}, why, -1, part.files, folder.rows});
  add(number, std::move(part));
  const std::lock_guard lock(mutex_);
  done(folder.rows);
}

// The names in the folder that no row has. False: errno tells.
bool Looker::list(Open& open) const {
  const int again = ::dup(open.fd.get());
  DIR* dir = again < 0 ? nullptr : ::fdopendir(again);
  if (!dir) {
    if (again >= 0) ::close(again);
    return false;
  }
  std::unordered_set<std::string_view> registered;
  registered.reserve(open.files.size());
  for (const auto& file : open.files) registered.insert(file.name);
  errno = 0;
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] == '.' || registered.contains(entry->d_name)) continue;
    if (entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
      open.others.emplace_back(entry->d_name);
    errno = 0;
  }
  const int error = errno;
  ::closedir(dir);
  std::sort(open.others.begin(), open.others.end());
  errno = error;
  return error == 0;
}

void Looker::look_at(std::int64_t number) {
  const auto& folder = rows_.folders()[static_cast<std::size_t>(number)];
  if (const auto away = roots_away_.find(folder.root); !folder.root.empty() && away != roots_away_.end())
    return absent(number, "$" + folder.root);
  if (folder.path.empty() || folder.path.front() != '/')
    return absent(number, folder.path.substr(0, folder.path.find('/')));
  if (const auto top = absent_.known_above(folder.path); !top.empty()) return absent(number, top);
  const int fd = ::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && is_gone(errno)) return absent(number, absent_.top_of(folder.path));
  if (fd < 0) return unknown(number, "the folder cannot be read: " + error_text(errno));
  const auto open = std::make_shared<Open>(number, folder, fd);
  open->files = rows_.files_of(folder);
  if (!list(*open)) {
    Part part;
    part.findings.push_back(
        {Kind::unreadable, folder.path, {}, "its names cannot be read to the end: " + error_text(errno), -1, 0, 0});
    add(number, std::move(part));
  }
  const auto in_pieces = [&](std::size_t count, void (Looker::*work)(Open&, std::size_t, std::size_t)) {
    for (std::size_t from = 0; from < count; from += kPiece)
      tasks_.add([this, open, from, end = std::min(from + kPiece, count), work] { (this->*work)(*open, from, end); });
  };
  in_pieces(open->others.size(), &Looker::look_at_others);
  in_pieces(open->files.size(), &Looker::look);
}

void Looker::look(Open& open, std::size_t from, std::size_t end) {
  Part part;
  std::int64_t rows = 0;
  for (std::size_t i = from; i < end; ++i) {
    rows += open.files[i].rows;
    judge(open, open.files[i], part);
  }
  add(open.number, std::move(part));
  const std::lock_guard lock(mutex_);
  done(rows);
}

void Looker::judge(const Open& open, const RowsOfFile& file, Part& part) const {
  ++part.files;
  struct statx now {};
  // What a row that nobody may trust calls its file could be a path.
  const bool is_name = !file.name.empty() && file.name.find('/') == file.name.npos;
  const int error = !is_name ? ENOENT
                    : ::statx(open.fd.get(), file.name.c_str(), AT_STATX_SYNC_AS_STAT,
                              STATX_TYPE | STATX_SIZE | STATX_MTIME, &now) == 0
                        ? 0
                        : errno;
  const auto told = [&](Kind kind, std::string what, std::int64_t& count) {
    const bool whole = rows_.whole(file.row);
    ++(whole ? count : part.damaged);
    if (!whole) return false;
    part.findings.push_back({kind, joined(open.folder.path, file.name), {}, std::move(what), file.row, 1, file.rows});
    return true;
  };
  const auto say = [&](Kind kind, std::string what, std::int64_t& count) { (void)told(kind, std::move(what), count); };
  if (error != 0 && is_gone(error)) {
    if (!told(Kind::missing, "", part.missing)) return;
    part.missing_rows += file.rows;
    if (want_missing_) part.lost.push_back({open.number, file});
    return;
  }
  part.some_there = true;
  if (error != 0) return say(Kind::unreadable, "it cannot be looked at: " + error_text(error), part.unreadable);
  if (!S_ISREG(now.stx_mode))
    return say(Kind::changed, std::string("it is ") + special_kind(now.stx_mode) + " now", part.changed);
  if (file.fingerprint != 0) part.known.push_back({file.fingerprint, file.size, open.number, file.row});
  if (!file.agree) return say(Kind::changed, "its rows were made of different states of it", part.changed);
  const double mtime = static_cast<double>(now.stx_mtime.tv_sec) + static_cast<double>(now.stx_mtime.tv_nsec) * 1e-9;
  const bool other_size = file.size > 0 && static_cast<std::uint64_t>(file.size) != now.stx_size;
  const bool other_time = !std::isnan(file.mtime) && file.mtime != mtime;
  if (!other_size && !other_time && !(options_.full && file.fingerprint != 0)) return;
  const std::string path = joined(open.folder.path, file.name);
  const auto is = file.fingerprint != 0 ? fingerprint_of(path) : Result<std::int64_t>(std::int64_t{0});
  if (!is && is.status().code() == Code::io) return say(Kind::unreadable, is.status().message(), part.unreadable);
  const std::string sizes = other_size ? size_text(file.size, now.stx_size) : "";
  if (!is) return say(Kind::changed, is.status().message() + (sizes.empty() ? "" : "; " + sizes), part.changed);
  if (*is != file.fingerprint)
    return say(Kind::changed, "other headers than were registered" + (sizes.empty() ? "" : "; " + sizes), part.changed);
  if (other_size) return say(Kind::changed, sizes, part.changed);
  if (other_time) say(Kind::touched, "", part.touched);
}

const Cameras* Looker::cameras() {
  std::call_once(cameras_once_, [this] { cameras_ = Cameras::load(options_.cameras); });
  return *cameras_ ? &**cameras_ : nullptr;
}

// By imregister's own judgement: what it would register, or say that it cannot.
void Looker::look_at_others(Open& open, std::size_t from, std::size_t end) {
  const Cameras* known = cameras();
  if (!known) return;
  Part part;
  for (std::size_t i = from; i < end; ++i) {
    const std::string path = joined(open.folder.path, open.others[i]);
    struct statx now {};
    if (::statx(open.fd.get(), open.others[i].c_str(), AT_STATX_SYNC_AS_STAT, STATX_TYPE, &now) != 0 ||
        !S_ISREG(now.stx_mode))
      continue;
    const auto would = read_file_rows(path, false, *known, {}, {}, roots_, 0).report;
    if (would.fate == RegisteredFile::Fate::passed_over) continue;
    ++part.unregistered;
    const bool bad = would.fate == RegisteredFile::Fate::failed;
    part.findings.push_back({Kind::unregistered, path, {}, bad ? would.reason : "", -1, 1, 0});
  }
  add(open.number, std::move(part));
}

std::string Looker::path_of(const Known& known) const {
  return joined(rows_.folders()[static_cast<std::size_t>(known.folder)].path, rows_.name_of(known.row));
}

// The files of a group are there, and have the same headers and size.
void Looker::name_twice(std::vector<Known>::const_iterator from, std::vector<Known>::const_iterator end) {
  std::optional<std::pair<std::string, struct statx>> first;
  for (auto at = from; at != end; ++at) {
    const std::string path = path_of(*at);
    struct statx now {};
    if (!rows_.whole(at->row) ||
        ::statx(AT_FDCWD, path.c_str(), AT_STATX_SYNC_AS_STAT, STATX_INO | STATX_NLINK, &now) != 0)
      continue;
    if (!first) {
      first.emplace(path, now);
      continue;
    }
    const auto& one = first->second;
    const bool same =
        one.stx_ino == now.stx_ino && one.stx_dev_major == now.stx_dev_major && one.stx_dev_minor == now.stx_dev_minor;
    ++report_.twice;
    results_[static_cast<std::size_t>(at->folder)].findings.push_back(
        {Kind::twice, path, first->first, same ? "is the same file as" : "has the headers and the size of", at->row, 1,
         0});
  }
}

void Looker::find_twice() {
  std::vector<Known> all;
  for (auto& part : results_) {
    all.insert(all.end(), part.known.begin(), part.known.end());
    part.known = {};
  }
  std::sort(all.begin(), all.end());
  for (auto from = all.cbegin(); from != all.cend();) {
    const auto end = std::find_if(from, all.cend(), [&](const Known& other) {
      return other.fingerprint != from->fingerprint || other.size != from->size;
    });
    if (end - from > 1) name_twice(from, end);
    from = end;
  }
}

Result<Looked> Looker::run() {
  look_at_roots();
  const auto folders = std::ssize(rows_.folders());
  report_.folders = folders;
  for (const auto& folder : rows_.folders()) report_.rows += folder.rows;
  for (std::int64_t i = folders; i-- > 0;) tasks_.add([this, i] { look_at(i); });
  tasks_.run(threads_of(options_.jobs));
  if (cameras_ && !*cameras_) return cameras_->status();
  find_twice();
  for (std::int64_t i = 0; i < folders; ++i) {
    Part& part = results_[static_cast<std::size_t>(i)];
    report_.files += part.files;
    report_.missing += part.missing;
    report_.missing_rows += part.missing_rows;
    report_.changed += part.changed;
    report_.touched += part.touched;
    report_.unregistered += part.unregistered;
    report_.unreadable += part.unreadable;
    report_.damaged += part.damaged;
    out_.holds_files[static_cast<std::size_t>(i)] = part.some_there;
    std::sort(part.findings.begin(), part.findings.end(),
              [](const auto& a, const auto& b) { return std::tie(a.kind, a.path) < std::tie(b.kind, b.path); });
    std::sort(part.lost.begin(), part.lost.end(),
              [](const auto& a, const auto& b) { return a.rows.name < b.rows.name; });
    report_.findings.insert(report_.findings.end(), std::make_move_iterator(part.findings.begin()),
                            std::make_move_iterator(part.findings.end()));
    out_.missing.insert(out_.missing.end(), std::make_move_iterator(part.lost.begin()),
                        std::make_move_iterator(part.lost.end()));
    part = {};
  }
  std::vector<FileFinding> away;
  for (auto& [top, finding] : away_) {
    const bool of_root = top.starts_with('$');
    const auto why = of_root ? roots_away_.find(top.substr(1)) : roots_away_.end();
    finding.what = why != roots_away_.end() ? why->second
                   : of_root                ? "root " + top.substr(1) + " is not defined (imrelocate -root defines it)"
                   : top.starts_with('/')   ? "is not there"
                                            : "is no absolute path";
    if (why != roots_away_.end()) finding.path = roots_.expand(top);
    away.push_back(std::move(finding));
  }
  report_.findings.insert(report_.findings.begin(), std::make_move_iterator(away.begin()),
                          std::make_move_iterator(away.end()));
  return std::move(out_);
}

}  // namespace

std::string joined(const std::string& folder, const std::string& name) {
  return folder == "/" ? "/" + name : folder + "/" + name;
}

Result<std::int64_t> fingerprint_of(const std::string& path) {
  IMREG_ASSIGN(const FitsHeaders headers, read_fits_headers(path));
  if (!headers.damage.empty()) return Status(Code::corrupt, headers.damage).in_file(path);
  return header_fingerprint(headers);
}

Result<Looked> look_at_files(const FolderRows& rows, const PathRoots& roots, const FindFilesOptions& options,
                             bool want_missing, FilesReport& report) {
  return Looker(rows, roots, options, want_missing, report).run();
}

}  // namespace imreg::archive

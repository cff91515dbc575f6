// A folder costs one open and the reading of its names; one below a folder that is known to be missing costs nothing.
#include "archive/look_at_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "archive/absent_folders.h"
#include "archive/registered_twice.h"
#include "archive/tasks.h"
#include "os/file.h"
#include "os/processors.h"

namespace imreg::archive {

namespace {

using Kind = FileFinding::Kind;

constexpr std::size_t kPiece = 512;  // files of one task

template <class T>
void move_behind(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

class Looker {
 public:
  Looker(const FolderRows& rows, const PathRoots& roots, const FindFilesOptions& options, bool want_missing,
         FilesReport& report)
      : rows_(rows),
        roots_(roots),
        options_(options),
        want_missing_(want_missing),
        report_(report),
        judge_(rows, roots, options, want_missing),
        roots_away_(roots_away(roots)),
        results_(rows.folders().size()) {}

  Result<Looked> run();

 private:
  // One that is being looked at.
  struct Open : OpenFolder {
    explicit Open(const OpenFolder& of) : OpenFolder(of) {}
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open() { ::close(fd); }
    std::vector<RowsOfFile> files;
    std::vector<std::string> others;  // names that have no rows
  };

  const FolderOfRows& folder(std::int64_t number) const { return rows_.folders()[static_cast<std::size_t>(number)]; }
  Judged& result(std::int64_t number) { return results_[static_cast<std::size_t>(number)]; }
  void look_at(std::int64_t number);
  void absent(std::int64_t number, const std::string& top);
  void unknown(std::int64_t number, const std::string& why);
  bool list(Open& open) const;
  void in_pieces(const std::shared_ptr<Open>& open, std::size_t count,
                 const std::function<std::int64_t(std::size_t, Judged&)>& judge);
  void add(std::int64_t number, Judged judged, std::int64_t rows);
  std::vector<FileFinding> folders_away();

  const FolderRows& rows_;
  const PathRoots& roots_;
  const FindFilesOptions& options_;
  bool want_missing_;
  FilesReport& report_;
  FileJudge judge_;
  Tasks tasks_;
  AbsentFolders absent_;
  const std::map<std::string, std::string> roots_away_;  // name: why
  std::mutex mutex_;
  std::vector<Judged> results_;              // of each folder, without the counts
  std::map<std::string, FileFinding> away_;  // by the highest folder that is missing, or $ROOT
  std::int64_t rows_done_ = 0;
};

void Looker::add(std::int64_t number, Judged judged, std::int64_t rows) {
  const std::lock_guard lock(mutex_);
  Judged& to = result(number);
  report_ += judged.counts;
  to.some_there |= judged.some_there;
  move_behind(to.findings, judged.findings);
  move_behind(to.missing, judged.missing);
  move_behind(to.seen, judged.seen);
  rows_done_ += rows;
  if (options_.progress && rows > 0) options_.progress(rows_done_, report_.rows);
}

// All files of a folder are missing. They are counted, and all folders below one that is missing are one finding.
void Looker::absent(std::int64_t number, const std::string& top) {
  const auto& folder = this->folder(number);
  Judged judged;
  auto files = rows_.files_of(folder);
  const std::int64_t count = std::ssize(files), first = files.empty() ? -1 : files.front().row;
  judged.counts.files = judged.counts.missing = count;
  judged.counts.missing_rows = folder.rows;
  if (want_missing_) {
    for (auto& file : files) judged.missing.push_back({number, std::move(file)});
  }
  add(number, std::move(judged), folder.rows);
  const std::lock_guard lock(mutex_);
  auto [at, is_new] = away_.try_emplace(top);
  FileFinding& finding = at->second;
  if (is_new) finding = {Kind::no_folder, top, {}, {}, first, 0, 0};
  finding.files += count;
  finding.rows += folder.rows;
  finding.record = std::min(finding.record, first);
}

// Nothing can be said of its files.
void Looker::unknown(std::int64_t number, const std::string& why) {
  const auto& folder = this->folder(number);
  Judged judged;
  judged.counts.files = judged.counts.unreadable = std::ssize(rows_.files_of(folder));
  judged.some_there = true;
  judged.findings.push_back({Kind::unreadable, folder.path, {}, why, -1, judged.counts.files, folder.rows});
  add(number, std::move(judged), folder.rows);
}

// The names in the folder that no row has. False: errno tells.
bool Looker::list(Open& open) const {
  std::unordered_set<std::string_view> registered;
  registered.reserve(open.files.size());
  for (const auto& file : open.files) registered.insert(file.name);
  const int again = ::dup(open.fd);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(again < 0 ? nullptr : ::fdopendir(again), &::closedir);
  if (!dir) {
    if (again >= 0) ::close(again);
    return false;
  }
  for (errno = 0; const dirent* entry = ::readdir(dir.get()); errno = 0) {
    if (entry->d_name[0] == '.' || registered.contains(entry->d_name)) continue;
    if (entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
      open.others.emplace_back(entry->d_name);
  }
  if (errno != 0) return false;
  std::sort(open.others.begin(), open.others.end());
  return true;
}

// `judge` is asked for each of `count` files, and says how many rows it has.
void Looker::in_pieces(const std::shared_ptr<Open>& open, std::size_t count,
                       const std::function<std::int64_t(std::size_t, Judged&)>& judge) {
  for (std::size_t from = 0; from < count; from += kPiece) {
    tasks_.add([this, open, judge, from, end = std::min(from + kPiece, count)] {
      Judged judged;
      std::int64_t rows = 0;
      for (std::size_t i = from; i < end; ++i) rows += judge(i, judged);
      add(open->number, std::move(judged), rows);
    });
  }
}

void Looker::look_at(std::int64_t number) {
  const auto& folder = this->folder(number);
  if (!folder.root.empty() && roots_away_.contains(folder.root)) return absent(number, "$" + folder.root);
  if (folder.path.empty() || folder.path.front() != '/')
    return absent(number, folder.path.substr(0, folder.path.find('/')));
  if (const auto top = absent_.known_above(folder.path); !top.empty()) return absent(number, top);
  const int fd = ::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && is_gone(errno)) return absent(number, absent_.top_of(folder.path));
  if (fd < 0) return unknown(number, "the folder cannot be read: " + error_text(errno));
  const auto open = std::make_shared<Open>(OpenFolder{number, folder, fd});
  open->files = rows_.files_of(folder);
  if (!list(*open)) {
    const std::string why = error_text(errno);
    Judged judged;
    judged.findings.push_back(
        {Kind::unreadable, folder.path, {}, "its names cannot be read to the end: " + why, -1, 0, 0});
    add(number, std::move(judged), 0);
  }
  Open* const in = open.get();  // a task has the other one
  in_pieces(open, open->others.size(), [this, in](std::size_t i, Judged& judged) {
    judge_.unregistered(*in, in->others[i], judged);
    return std::int64_t{0};
  });
  in_pieces(open, open->files.size(), [this, in](std::size_t i, Judged& judged) {
    judge_.registered(*in, in->files[i], judged);
    return in->files[i].rows;
  });
}

std::vector<FileFinding> Looker::folders_away() {
  std::vector<FileFinding> out;
  for (auto& [top, finding] : away_) {
    const bool of_root = top.starts_with('$');
    const auto why = of_root ? roots_away_.find(top.substr(1)) : roots_away_.end();
    finding.what = why != roots_away_.end() ? why->second
                   : of_root                ? "root " + top.substr(1) + " is not defined (imrelocate -root defines it)"
                   : top.starts_with('/')   ? "is not there"
                                            : "is no absolute path";
    if (why != roots_away_.end()) finding.path = roots_.expand(top);
    out.push_back(std::move(finding));
  }
  return out;
}

Result<Looked> Looker::run() {
  const auto folders = std::ssize(rows_.folders());
  report_.folders = folders;
  for (const auto& folder : rows_.folders()) report_.rows += folder.rows;
  for (std::int64_t i = folders; i-- > 0;) tasks_.add([this, i] { look_at(i); });
  tasks_.run(threads_of(options_.jobs));
  IMREG_TRY(judge_.cameras_read());
  std::vector<FileSeen> seen;
  for (auto& judged : results_) {
    move_behind(seen, judged.seen);
    judged.seen = {};
  }
  find_registered_twice(std::move(seen), rows_, [this](std::int64_t number, FileFinding finding) {
    ++report_.twice;
    result(number).findings.push_back(std::move(finding));
  });
  Looked out;
  report_.findings = folders_away();
  for (auto& judged : results_) {
    out.holds_files.push_back(judged.some_there);
    std::sort(judged.findings.begin(), judged.findings.end(),
              [](const auto& a, const auto& b) { return std::tie(a.kind, a.path) < std::tie(b.kind, b.path); });
    std::sort(judged.missing.begin(), judged.missing.end(),
              [](const auto& a, const auto& b) { return a.rows.name < b.rows.name; });
    move_behind(report_.findings, judged.findings);
    move_behind(out.missing, judged.missing);
    judged = {};
  }
  return out;
}

}  // namespace

Result<Looked> look_at_files(const FolderRows& rows, const PathRoots& roots, const FindFilesOptions& options,
                             bool want_missing, FilesReport& report) {
  return Looker(rows, roots, options, want_missing, report).run();
}

}  // namespace imreg::archive

// Names cost nothing, a size one call, headers some reads: each is asked for only of what the one before it leaves.
#include "archive/find_moved.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "archive/tasks.h"
#include "archive/walk_folders.h"
#include "os/processors.h"
#include "os/walk.h"

namespace imreg::archive {

namespace {

struct Candidate {
  std::string folder, name;
  std::uint64_t device, inode;
  bool link;
  std::vector<std::size_t> of;  // missing files that it could be
};

class Finder {
 public:
  Finder(const std::vector<MissingFile>& missing, const FolderRows& rows, const FindFilesOptions& options,
         FilesReport& report)
      : missing_(missing),
        rows_(rows),
        options_(options),
        jobs_(threads_of(options.jobs)),
        report_(report),
        traces_(missing.size()) {}

  std::vector<Traces> run(const std::vector<std::string>& folders);

 private:
  bool fits(std::size_t i, std::int64_t size) const {
    const std::int64_t known = missing_[i].rows.size;
    return known <= 0 || known == size;
  }
  void take(const Passed& file, std::vector<std::size_t> of, bool by_name);
  void walk(const std::vector<std::string>& folders, const std::function<void(const Passed&)>& visit);
  void settle();
  void leave_out_registered();
  void drop_links();

  const std::vector<MissingFile>& missing_;
  const FolderRows& rows_;
  const FindFilesOptions& options_;
  int jobs_;
  FilesReport& report_;
  std::vector<Traces> traces_;
  std::mutex mutex_;
  std::vector<Candidate> candidates_;
  std::unordered_set<std::string> taken_;  // paths that are known to be one of the missing ones
};

// One of `of`, if the size fits.
void Finder::take(const Passed& file, std::vector<std::size_t> of, bool by_name) {
  struct stat info {
  }, itself{};
  if (::fstatat(file.fd, file.name, &info, 0) != 0 || !S_ISREG(info.st_mode)) return;
  if (::fstatat(file.fd, file.name, &itself, AT_SYMLINK_NOFOLLOW) != 0) return;
  std::erase_if(
      of, [&](std::size_t i) { return !by_name ? missing_[i].rows.size != info.st_size : !fits(i, info.st_size); });
  if (of.empty()) return;
  const std::lock_guard lock(mutex_);
  candidates_.push_back(
      {file.folder, file.name, info.st_dev, info.st_ino, static_cast<bool>(S_ISLNK(itself.st_mode)), std::move(of)});
}

void Finder::walk(const std::vector<std::string>& folders, const std::function<void(const Passed&)>& visit) {
  auto walked = walk_folders(folders, jobs_, visit, [this](std::int64_t files) {
    if (options_.progress) options_.progress(files, 0);
  });
  if (report_.walked == 0) {
    for (const auto& fault : walked.faults)
      report_.findings.push_back({FileFinding::Kind::unreadable, fault.file(), {}, fault.message(), -1, 0, 0});
  }
  report_.walked = std::max(report_.walked, walked.files);
}

// A place that has rows is no place to go to; but it is worth telling that the file has been registered there.
void Finder::leave_out_registered() {
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.folder, a.name) < std::tie(b.folder, b.name);
  });
  std::vector<RowsOfFile> files;
  std::int64_t folder = -1;
  std::string last;
  bool first = true;
  std::erase_if(candidates_, [&](const Candidate& candidate) {
    if (first || candidate.folder != last) {
      folder = rows_.find(candidate.folder);
      files =
          folder < 0 ? std::vector<RowsOfFile>() : rows_.files_of(rows_.folders()[static_cast<std::size_t>(folder)]);
    }
    if (first || candidate.folder != last) last = candidate.folder;  // a copy: candidates move
    first = false;
    const auto at = std::lower_bound(files.begin(), files.end(), candidate.name,
                                     [](const RowsOfFile& file, const std::string& name) { return file.name < name; });
    if (at == files.end() || at->name != candidate.name) return false;
    for (const std::size_t i : candidate.of) {
      if (at->fingerprint != 0 && at->fingerprint == missing_[i].rows.fingerprint && at->size == missing_[i].rows.size)
        traces_[i].registered = below(candidate.folder, candidate.name);
    }
    return true;
  });
}

// A link to a file that was come by itself is no second place.
void Finder::drop_links() {
  std::map<std::pair<std::uint64_t, std::uint64_t>, bool> real;
  for (const auto& candidate : candidates_) real[{candidate.device, candidate.inode}] |= !candidate.link;
  std::erase_if(candidates_, [&](const Candidate& c) { return c.link && real.at({c.device, c.inode}); });
}

void Finder::settle() {
  leave_out_registered();
  drop_links();
  std::atomic<std::size_t> next{0};
  Tasks tasks;
  const auto verify = [&] {
    for (std::size_t at; (at = next++) < candidates_.size();) {
      const Candidate& candidate = candidates_[at];
      const std::string path = below(candidate.folder, candidate.name);
      const bool wants = std::any_of(candidate.of.begin(), candidate.of.end(),
                                     [&](std::size_t i) { return missing_[i].rows.fingerprint != 0; });
      const std::int64_t is = wants ? fingerprint_of(path).value_or(0) : 0;
      const std::lock_guard lock(mutex_);
      for (const std::size_t i : candidate.of) {
        const std::int64_t wanted = missing_[i].rows.fingerprint;
        if (wanted != 0 && wanted != is) continue;
        traces_[i].places.push_back(path);
        traces_[i].by_name = wanted == 0;
        taken_.insert(path);
      }
    }
  };
  for (int i = 0; i < jobs_; ++i) tasks.add(verify);
  tasks.run(jobs_);
  for (auto& trace : traces_) std::sort(trace.places.begin(), trace.places.end());
  candidates_.clear();
}

std::vector<Traces> Finder::run(const std::vector<std::string>& folders) {
  std::unordered_map<std::string_view, std::vector<std::size_t>> names;
  for (std::size_t i = 0; i < missing_.size(); ++i) names[missing_[i].rows.name].push_back(i);
  walk(folders, [&](const Passed& file) {
    const auto at = names.find(file.name);
    if (at != names.end()) take(file, at->second, true);
  });
  settle();

  std::unordered_map<std::int64_t, std::vector<std::size_t>> sizes;
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    const auto& file = missing_[i].rows;
    if (traces_[i].places.empty() && file.fingerprint != 0 && file.size > 0) sizes[file.size].push_back(i);
  }
  if (sizes.empty()) return std::move(traces_);
  walk(folders, [&](const Passed& file) {
    struct stat info {};
    if (::fstatat(file.fd, file.name, &info, 0) != 0) return;
    const auto at = sizes.find(info.st_size);
    if (at != sizes.end() && !taken_.contains(below(file.folder, file.name))) take(file, at->second, false);
  });
  settle();
  return std::move(traces_);
}

}  // namespace

Result<std::vector<Traces>> find_moved(const std::vector<MissingFile>& missing, const FolderRows& rows,
                                       const FindFilesOptions& options, FilesReport& report) {
  std::vector<std::string> folders;
  for (const auto& name : options.search) {
    IMREG_TRY(names_in(name.empty() ? "." : name).status());
    folders.push_back(absolute_path(name));
  }
  if (missing.empty()) return std::vector<Traces>();
  return Finder(missing, rows, options, report).run(folders);
}

}  // namespace imreg::archive

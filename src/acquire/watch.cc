// imwatch's work: what the kernel tells of folders, and what a look at them finds, goes through CompleteFiles to sort_files().
#include "imreg/watch.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "acquire/complete_files.h"
#include "base/text.h"
#include "imreg/date.h"
#include "os/folder_watch.h"
#include "os/walk.h"
#include "registry/new_database.h"

namespace imreg {

namespace {

constexpr double kFirstPause = 1, kLongestPause = 30;  // seconds between two tries when the database takes nothing
constexpr double kLookForFolders = 5;  // seconds between two looks whether the folders are those that they were
constexpr std::size_t kBatch = 64;     // files that are worth the care of a batch

class Watcher {
 public:
  Watcher(const WatchOptions& options, const WatchEvents& events)
      : options_(options), events_(events), files_(options) {
    for (const auto& folder : options.folders) folders_.push_back(absolute_path(folder));
  }

  Status run(const std::function<bool()>& stop, int wake) {
    IMREG_TRY(files_.load());
    IMREG_ASSIGN(watch_, FolderWatch::make());
    for (const auto& folder : folders_) {
      if (!is_folder(folder)) return Status(Code::not_found, "there is no such folder").in_file(folder);
      IMREG_TRY(watch(folder));
    }
    look_at(folders_);
    for (bool told = false; !stop();) {
      register_what_is_complete();
      if (!told && trying_.empty()) {
        told = true;
        if (events_.ready) events_.ready();
      }
      if (options_.once) return end_of_once();
      IMREG_ASSIGN(const FolderEvents happened, watch_.wait(time_to_wait(), wake));
      take(happened);
    }
    return {};
  }

 private:
  // Asked for its identity first: one that takes the name in between is seen to be another one later.
  Status watch(const std::string& folder) {
    inodes_[folder] = inode_of(folder);
    IMREG_TRY(watch_.add(folder));
    if (watch_.full() && poll_ <= 0) {
      poll_ = kLookForFolders;
      events_.note(folder +
                   ": has more folders than the kernel may watch (raise fs.inotify.max_user_watches): looking every " +
                   std::to_string(static_cast<int>(poll_)) + " s");
    }
    return {};
  }

  Status end_of_once() {
    for (const auto& left : files_.incomplete()) events_.note(left);
    return trouble_.ok() ? damaged_queue_ : trouble_;
  }

  // What is in folders, and the database does not have as it is. A database that cannot be read now is asked again.
  void look_at(const std::vector<std::string>& folders) {
    for (const auto& folder : folders) {
      Walk walk = walk_folder(folder);
      for (const auto& fault : walk.faults) {
        const bool gone = fault.code() == Code::not_found && !is_link(fault.file());  // meanwhile
        if (!gone && told_faults_.insert(fault.text()).second)
          events_.file({fault.file(), RegisteredFile::Fate::failed, fault.message(), {}, {}, {}, 0, {}});
      }
      const auto fresh = files_to_register(options_.sort.registration.database, walk.files);
      if (!fresh) {
        again_.insert(folder);
        trouble_ = fresh.status();
        tell(fresh.status());
        continue;
      }
      again_.erase(folder);
      for (const auto& path : *fresh) add(path, true);
    }
  }

  // A file that could not be registered is not read again and again while it stays as it is. One that was found lay there since it
  // was written; one that was told of comes now, whatever its time.
  void add(const std::string& path, bool found) {
    const auto now = file_times(path);
    const auto failed = failed_.find(path);
    if (!now || (failed != failed_.end() && failed->second == std::pair(now->size, now->mtime))) return;
    seen_.emplace(path, current_time());
    files_.add(path, found ? std::min(now->mtime, current_time()) : current_time());
  }

  void take(const FolderEvents& happened) {
    const auto fresh = files_to_register(options_.sort.registration.database, happened.files);
    for (const auto& path : fresh ? *fresh : happened.files) add(path, false);
    look_at(happened.folders);
    for (const auto& folder : happened.gone) {
      if (std::find(folders_.begin(), folders_.end(), folder) == folders_.end()) continue;
      events_.note(folder + ": is no more there; waiting for it");
    }
    const double now = current_time();
    const bool all = happened.lost || (poll_ > 0 && now >= looked_ + poll_);
    if (happened.lost) events_.note("more happened than the kernel could tell; looking at everything");
    for (const auto& folder : folders_) {
      // Its name leads elsewhere now (a folder above it was moved, a link changed, something is mounted): nothing told of that.
      if (watch_.has(folder) && inode_of(folder) != inodes_[folder]) {
        watch_.forget(folder);
        events_.note(folder + ": is another folder, or none, than before");
      }
      if (all && watch_.has(folder)) (void)watch(folder);  // new folders in it may not have been told
      const bool back = !watch_.has(folder) && is_folder(folder) && watch(folder).ok() && watch_.has(folder);
      if (back) events_.note(folder + ": is there again");
      if (back || all || again_.contains(folder)) look_at({folder});
    }
    if (all) looked_ = now;
  }

  void register_what_is_complete() {
    std::vector<std::string> notes;
    for (auto& path : files_.take(current_time(), notes)) {
      if (std::find(trying_.begin(), trying_.end(), path) == trying_.end()) trying_.push_back(std::move(path));
    }
    for (const auto& note : notes) events_.note(note);
    if (trying_.empty() || current_time() < try_at_) return;
    SortOptions sort = options_.sort;
    sort.opened = &queues_;
    sort.registration.paths = trying_;
    sort.registration.batch = trying_.size() >= kBatch;
    if (trying_.size() < kBatch) sort.registration.jobs = 1;
    const double first = first_seen();
    // As they are before they are read: what is written meanwhile is another state, which nobody has tried.
    tried_.clear();
    for (const auto& path : trying_) {
      if (const auto now = file_times(path)) tried_[path] = {now->size, now->mtime};
    }
    std::set<std::string> done;
    const SortReport report = sort_files(sort, [&](const RegisteredFile& file) {
      done.insert(file.path);
      finished(file);
    });
    std::erase_if(trying_, [&](const std::string& path) { return done.contains(path); });
    for (const auto& damaged : report.damaged) {
      if (!told_queues_.insert(damaged.text()).second) continue;
      if (options_.once && damaged_queue_.ok())
        damaged_queue_ = damaged;  // told at the end
      else
        events_.note(damaged.text());
    }
    trouble_ = report.registration.request.ok() ? report.registration.database : report.registration.request;
    if (trouble_.ok()) {
      pause_ = kFirstPause;
      told_ = {};
    } else {
      tell(trouble_);
      try_at_ = current_time() + pause_;
      pause_ = std::min(2 * pause_, kLongestPause);
    }
    if (!done.empty()) events_.step(report, static_cast<std::int64_t>(done.size()), current_time() - first);
  }

  void finished(const RegisteredFile& file) {
    seen_.erase(file.path);
    failed_.erase(file.path);
    if (file.fate != RegisteredFile::Fate::registered) {
      if (const auto was = tried_.find(file.path); was != tried_.end()) failed_[file.path] = was->second;
    }
    events_.file(file);
  }

  double first_seen() const {
    double first = current_time();
    for (const auto& path : trying_) {
      const auto seen = seen_.find(path);
      if (seen != seen_.end()) first = std::min(first, seen->second);
    }
    return first;
  }

  double time_to_wait() const {
    const double now = current_time();
    double until = trying_.empty() ? files_.next_time() : try_at_;
    if (poll_ > 0) until = std::min(until, looked_ + poll_);
    return std::max(0.0, std::min(until, now + kLookForFolders) - now);
  }

  // The same trouble once.
  void tell(const Status& status) {
    if (status.text() == told_) return;
    told_ = status.text();
    events_.note(told_ + "; trying again");
  }

  const WatchOptions& options_;
  const WatchEvents& events_;
  CompleteFiles files_;
  FolderWatch watch_;
  double poll_ = options_.poll;
  std::vector<std::string> folders_;
  std::map<std::string, Inode> inodes_;  // of folders_, when they were watched
  std::set<std::string> told_faults_, told_queues_;
  std::map<std::string, Queue> queues_;
  Status damaged_queue_;                // with `once`: images were registered without their lines
  std::set<std::string> again_;         // folders to be looked at again
  std::vector<std::string> trying_;     // complete, and not yet registered
  std::map<std::string, double> seen_;  // since when
  // Size and time of what could not be registered, and of what is being tried.
  std::map<std::string, std::pair<std::int64_t, double>> failed_, tried_;
  double try_at_ = 0, pause_ = kFirstPause, looked_ = current_time();
  Status trouble_;
  std::string told_;
};

}  // namespace

Status watch_folders(const WatchOptions& options, const WatchEvents& events, const std::function<bool()>& stop,
                     int wake) {
  return Watcher(options, events).run(stop, wake);
}

}  // namespace imreg

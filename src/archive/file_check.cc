// Reads folders with several threads and compares their names.
#include "archive/file_check.h"

#include <algorithm>
#include <span>

#include "archive/tasks.h"
#include "os/walk.h"

namespace imreg {

namespace {
constexpr std::size_t kAtOnce = 1 << 17;  // files in memory
constexpr int kThreads = 16;              // disks and servers answer several questions at the same time
}  // namespace

void FileCheck::add(std::string folder, std::string name) {
  if (folder == last_.first && name == last_.second) return;
  last_ = {std::move(folder), std::move(name)};
  ++files_;
  if (sample_ == 0 || waiting_.size() < sample_) {
    waiting_.push_back(last_);
    if (sample_ == 0 && waiting_.size() == kAtOnce) look();
  } else if (const auto at = random_.below(static_cast<std::uint32_t>(files_)); at < sample_) {
    waiting_[at] = last_;
  }
}

void FileCheck::finish() { look(); }

void FileCheck::look() {
  std::sort(waiting_.begin(), waiting_.end());
  waiting_.erase(std::unique(waiting_.begin(), waiting_.end()), waiting_.end());
  looked_for_ += static_cast<std::int64_t>(waiting_.size());
  std::vector<std::span<const Place>> folders;
  for (std::size_t from = 0, to = 0; from < waiting_.size(); from = to) {
    while (to < waiting_.size() && waiting_[to].first == waiting_[from].first) ++to;
    folders.push_back(std::span(waiting_).subspan(from, to - from));
  }
  std::vector<std::vector<std::string>> missing(folders.size());
  std::vector<Status> unreadable(folders.size());
  archive::Tasks tasks;
  for (std::size_t i = folders.size(); i-- > 0;) {
    tasks.add([&, i] {
      const auto there = names_in(folders[i].front().first);  // in order
      if (!there && there.status().code() != Code::not_found) {
        unreadable[i] = there.status();
        return;
      }
      for (const auto& [folder, name] : folders[i]) {
        if (!there || !std::binary_search(there->begin(), there->end(), name))
          missing[i].push_back(below(folder, name));
      }
    });
  }
  tasks.run(std::min(kThreads, static_cast<int>(folders.size())));
  for (const auto& some : missing) {
    missing_ += static_cast<std::int64_t>(some.size());
    for (const auto& path : some) {
      if (first_missing_.size() < kMostNamed) first_missing_.push_back(path);
    }
  }
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (unreadable[i].ok()) continue;
    unknown_ += std::ssize(folders[i]);
    if (first_unreadable_.size() < kMostNamed) first_unreadable_.push_back(unreadable[i]);
  }
  waiting_.clear();
}

}  // namespace imreg

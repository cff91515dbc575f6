// Threads that read, and one that takes what they read in order.
#include "registry/read_ahead.h"

#include <new>
#include <system_error>
#include <utility>

namespace imreg {

namespace {

constexpr std::size_t kReadAhead = 2048;  // files whose rows may wait to be written

FileRows failed(const FileToRead& item, std::string reason) {
  FileRows rows;
  rows.report.path = item.path;
  rows.report.fate = RegisteredFile::Fate::failed;
  rows.report.reason = std::move(reason);
  return rows;
}

}  // namespace

ReadAhead::ReadAhead(const std::vector<FileToRead>& items, int jobs, std::function<FileRows(const FileToRead&)> read)
    : items_(items), read_(std::move(read)), slots_(kReadAhead) {
  try {
    for (int i = 0; i < jobs; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;  // fewer than wished do the work too
  }
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

std::optional<FileRows> ReadAhead::next() {
  if (taken_ == items_.size()) return std::nullopt;
  std::unique_lock lock(mutex_);
  auto& slot = slots_[taken_ % kReadAhead];
  changed_.wait(lock, [&] { return slot.has_value(); });
  auto rows = std::exchange(slot, std::nullopt);
  if (rows->report.path.empty()) rows = failed(items_[taken_], "not enough memory to read it");
  ++taken_;
  changed_.notify_all();
  return rows;
}

// What would end the whole process when it left a thread ends one file. Without memory even a reason is too much: next()
// gives it, where an exception does no harm.
FileRows ReadAhead::read(const FileToRead& item) const {
  try {
    try {
      return read_(item);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      return failed(item, std::string("cannot be read: ") + error.what());
    }
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void ReadAhead::work() {
  for (;;) {
    std::size_t at = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || started_ == items_.size() || started_ < taken_ + kReadAhead; });
      if (stop_ || started_ == items_.size()) return;
      at = started_++;
    }
    FileRows rows = read(items_[at]);
    {
      const std::lock_guard lock(mutex_);
      slots_[at % kReadAhead] = std::move(rows);
    }
    changed_.notify_all();
  }
}

}  // namespace imreg

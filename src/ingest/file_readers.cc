// Threads that take the next file.
#include "ingest/file_readers.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace imreg::ingest {

FileReaders::FileReaders(std::vector<ArchiveFile>& files, const ReadOptions& options, int jobs,
                         std::function<void()> done)
    : files_(files), options_(options), done_(std::move(done)), readers_(static_cast<std::size_t>(std::max(1, jobs))) {}

FileReaders::~FileReaders() {
  next_ = end_;
  join();
}

void FileReaders::work(headers::HeaderReader& reader) {
  for (std::size_t i = next_++; i < end_; i = next_++) {
    read_file(files_[i], options_, reader);
    done_();
  }
}

void FileReaders::begin(std::size_t from, std::size_t end) {
  end_ = end;
  next_ = from;
  try {
    for (std::size_t i = 1; i < readers_.size(); ++i) threads_.emplace_back([this, i] { work(readers_[i]); });
  } catch (const std::exception&) {  // fewer than wished do the work too
  }
}

void FileReaders::finish() {
  work(readers_[0]);
  join();
}

void FileReaders::join() {
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace imreg::ingest

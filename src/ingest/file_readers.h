// Files read on threads, while those before them are written.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "ingest/read_file.h"

namespace imreg::ingest {

class FileReaders {
 public:
  /// Jobs from 1 on, the caller's thread among them. `done`: called by these threads, once for each file.
  FileReaders(std::vector<ArchiveFile>& files, const ReadOptions& options, int jobs, std::function<void()> done);
  /// Ends without reading the rest.
  ~FileReaders();
  FileReaders(const FileReaders&) = delete;
  FileReaders& operator=(const FileReaders&) = delete;

  /// Lets the other threads begin with these files; those before must have been finished.
  void begin(std::size_t from, std::size_t end);
  /// Reads with them until all of these are read.
  void finish();

 private:
  void work(headers::HeaderReader& reader);
  void join();

  std::vector<ArchiveFile>& files_;
  const ReadOptions options_;
  const std::function<void()> done_;
  std::vector<headers::HeaderReader> readers_;  ///< the caller's first
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> next_{0};
  std::size_t end_ = 0;
};

}  // namespace imreg::ingest

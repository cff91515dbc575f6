// Files that are read by several threads and handed out in order, so far ahead as there is room for.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "registry/file_rows.h"

namespace imreg {

struct FileToRead {
  std::string path;
  bool named;  ///< by the user, and not found in a folder
};

/// The rows of all files. `items` outlives it; `read` is called from its threads.
class ReadAhead {
 public:
  ReadAhead(const std::vector<FileToRead>& items, int jobs, std::function<FileRows(const FileToRead&)> read);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// The next in order; nothing behind the last one.
  std::optional<FileRows> next();

 private:
  FileRows read(const FileToRead& item) const;
  void work();

  const std::vector<FileToRead>& items_;
  std::function<FileRows(const FileToRead&)> read_;
  std::vector<std::optional<FileRows>> slots_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t started_ = 0;
  std::size_t taken_ = 0;
  bool stop_ = false;
};

}  // namespace imreg

// imwatch: folders are watched, and files sorted (registered and queued) when they are complete. man 1 imwatch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "imreg/sort.h"

namespace imreg {

struct WatchOptions {
  SortOptions sort;                  ///< its paths are not read
  std::vector<std::string> folders;  ///< and all below them
  int ccds = 0;                      ///< files of a SPLIT exposure; 0: the most that one had so far, or the table says
  double patience = 30;              ///< seconds to wait for the other CCDs, and for the rest of a file that is cut off
  double poll = 0;    ///< look at everything every so many seconds (network file systems tell nothing); 0: never
  bool once = false;  ///< catch up, and end
};

/// Who is told of what happens; from the thread that watches.
struct WatchEvents {
  std::function<void(const RegisteredFile& file)> file;
  /// Files that were complete together are durable: how many, and how long that took from the moment they were seen.
  std::function<void(const SortReport& report, std::int64_t files, double seconds)> step;
  std::function<void(const std::string& text)> note;
  /// Everything that was there when it began is registered.
  std::function<void()> ready = {};
};

/// Registers what is in the folders and not in the database, and then each file when it is complete: closed behind writing, or
/// moved in; the CCDs of a SPLIT exposure together. What the database cannot take now is tried again. `stop` is asked whenever
/// `wake` (a descriptor that can be read then; -1: none) or something else ends its waiting. Errors: io, not_found (a
/// folder), invalid (the options).
Status watch_folders(const WatchOptions& options, const WatchEvents& events, const std::function<bool()>& stop,
                     int wake);

}  // namespace imreg

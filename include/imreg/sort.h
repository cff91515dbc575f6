// imsort: registering files, and a line for each new image in the queues that want it. man 1 imsort.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "imreg/queue.h"
#include "imreg/registry.h"

namespace imreg {

struct SortOptions {
  RegisterOptions registration;
  std::vector<QueuePlan> queues;
  std::string program = "imsort";  ///< named in the queues' locks and slots
  /// Queues that stay open from one call to the next, by name: these know which lines they have looked at. None: its own.
  std::map<std::string, Queue>* opened = nullptr;
};

struct SortReport {
  RegisterReport registration;
  std::map<std::string, std::int64_t> queued;  ///< lines, by queue
  std::vector<Status> damaged;  ///< queues that got no lines because their files are damaged; the images are registered
};

/// register_files(), and for each row that is new, or whose file changed, a line in every queue that wants it: exactly then,
/// however the program ends. Rows that are as they were give no lines. Only a queue whose files are damaged gets none and holds
/// nobody up; one that cannot be written (a full disk) does: nothing is registered.
SortReport sort_files(const SortOptions& options, const std::function<void(const RegisteredFile&)>& on_file,
                      const std::function<void(std::int64_t, std::int64_t)>& on_progress = {});

}  // namespace imreg

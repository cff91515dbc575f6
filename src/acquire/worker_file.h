// X.db.queue/imelixir.HOST.PID: a worker that is at work, for `imelixir status`, `stop` and `abort`. Its slot says whether it lives.
#pragma once

#include <string>
#include <vector>

#include "imreg/elixir.h"

namespace imreg::acquire {

class WorkerFile {
 public:
  /// Files of workers that have gone are removed. Error: io.
  static Result<WorkerFile> make(const std::string& database, const Slot& slot, int jobs);
  WorkerFile(WorkerFile&&) noexcept = default;
  WorkerFile& operator=(WorkerFile&&) = delete;
  ~WorkerFile();

 private:
  WorkerFile() = default;
  std::string path_;
};

struct WorkerEntry {
  ElixirProcess process;
  std::int64_t slot = 0;
  std::string path;
  bool alive = false;
};
Result<std::vector<WorkerEntry>> worker_entries(const std::string& database);

}  // namespace imreg::acquire

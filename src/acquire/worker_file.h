// X.db.queue/imelixir.HOST.PID: a worker that is at work, for `imelixir status`, `stop` and `abort`. Its slot says whether it lives.
#pragma once

#include <string>
#include <vector>

#include "imreg/elixir.h"

namespace imreg::acquire {

/// A line whose step runs, and since when.
struct LineAtWork {
  std::string queue;
  std::int64_t line = 0;
  double since = 0;
  bool operator==(const LineAtWork&) const = default;
};

class WorkerFile {
 public:
  /// Files of workers that have gone are removed. Error: io.
  static Result<WorkerFile> make(const std::string& database, const Slot& slot, int jobs);
  /// For people who look: what goes wrong with it does not matter.
  void write(const std::vector<LineAtWork>& lines) const;
  WorkerFile(WorkerFile&&) noexcept = default;
  WorkerFile& operator=(WorkerFile&&) = delete;
  ~WorkerFile();

 private:
  WorkerFile() = default;
  std::string path_, new_path_, first_line_;
};

struct WorkerEntry {
  ElixirProcess process;
  std::vector<LineAtWork> at_work;
  std::int64_t slot = 0;
  std::string path;
  bool alive = false;
};
Result<std::vector<WorkerEntry>> worker_entries(const std::string& database);

/// Sets QueueLine::at_work of lines that are taken, and when their steps began. Those of which no worker says anything are.
class WorkerNews {
 public:
  static Result<WorkerNews> load(const std::string& database);
  void mark(const std::string& queue, QueueLine& line) const;

 private:
  std::vector<WorkerEntry> entries_;
};

}  // namespace imreg::acquire

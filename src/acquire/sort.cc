// Rows and lines of queues belong together: lines are announced before the rows are durable and released behind it. If the
// program dies between the two, whoever opens the queue next finds the rows, or does not, and knows.
#include "imreg/sort.h"

#include <optional>
#include <utility>

#include "acquire/queue_file.h"
#include "registry/path_roots.h"

namespace imreg {

namespace {

class Announcer {
 public:
  Announcer(const SortOptions& options, SortReport& report) : options_(options), report_(report) {
    for (const auto& plan : options_.queues) {
      if (!plan.rows.empty()) targets_.push_back({&plan});
    }
  }

  Status announce(const std::vector<Record>& rows) {
    if (!slot_) {
      IMREG_ASSIGN(slot_, Slot::take(options_.registration.database, options_.program));
    }
    IMREG_ASSIGN(const PathRoots roots, PathRoots::load(options_.registration.database));
    for (auto& target : targets_) {
      IMREG_ASSIGN(const auto wants, rows_for(*target.plan, roots));
      std::vector<QueueLine> lines;
      for (const auto& row : rows) {
        if (wants(row.view())) lines.push_back(queue_line_of(row.view(), roots));
      }
      if (lines.empty()) continue;
      const Status announced = announce(target, lines);
      const std::string& database = options_.registration.database;
      if (announced.ok()) continue;
      // When this fails nothing is registered, and what was announced so far is dropped by whoever finds our slot free. But one
      // queue that waits to be mended, perhaps for days, does not keep the images of a night out of the database.
      if (!acquire::is_damage_of(acquire::file_of_queue(database, target.plan->name), announced)) return announced;
      if (!std::exchange(target.is_told, true))
        report_.damaged.push_back(
            Status(announced.code(), announced.message() +
                                         "; images are registered without their lines in this queue; " +
                                         acquire::remedy_of_queue(database, target.plan->name))
                .in_file(announced.file()));
    }
    return {};
  }

  // The rows are durable: what goes wrong here is put right by the next one that opens the queue.
  Status release() {
    Status first;
    for (auto& target : targets_) {
      if (target.ids.empty()) continue;
      const Status released = target.queue->release(*slot_, target.ids);
      if (released.ok())
        report_.queued[target.plan->name] += static_cast<std::int64_t>(target.ids.size());
      else if (first.ok())
        first = released;
      target.ids.clear();
    }
    return first;
  }

 private:
  struct Target {
    const QueuePlan* plan;
    Queue* queue = nullptr;
    std::vector<std::int64_t> ids = {};  // announced
    bool is_told = false;                // that it is damaged
  };

  Status announce(Target& target, const std::vector<QueueLine>& lines) {
    if (!target.queue) {
      Queue::Options options;
      options.program = options_.program;
      options.wait_seconds = options_.registration.wait_seconds;
      options.on_network = options_.registration.on_network;
      auto& opened = options_.opened ? *options_.opened : opened_;
      auto at = opened.find(target.plan->name);
      if (at == opened.end()) {
        IMREG_ASSIGN(Queue queue, Queue::open(options_.registration.database, target.plan->name, options));
        at = opened.emplace(target.plan->name, std::move(queue)).first;
      }
      target.queue = &at->second;
    }
    IMREG_ASSIGN(target.ids, target.queue->announce(*slot_, lines));
    return {};
  }

  const SortOptions& options_;
  SortReport& report_;
  std::optional<Slot> slot_;
  std::map<std::string, Queue> opened_;
  std::vector<Target> targets_;
};

}  // namespace

SortReport sort_files(const SortOptions& options, const std::function<void(const RegisteredFile&)>& on_file,
                      const std::function<void(std::int64_t, std::int64_t)>& on_progress) {
  SortReport report;
  Announcer announcer(options, report);
  RegisterOptions registration = options.registration;
  registration.announce = [&](const std::vector<Record>& rows) { return announcer.announce(rows); };
  registration.announced = [&] { return announcer.release(); };
  report.registration = register_files(registration, on_file, on_progress);
  return report;
}

}  // namespace imreg

// The lines of the configuration about queues.
#include "cli/queue_plans.h"

#include <string>
#include <utility>

namespace imreg::cli {

Result<std::vector<QueuePlan>> queue_plans(Settings& settings) {
  IMREG_ASSIGN(const Config* config, settings.config());
  std::vector<std::pair<std::string, std::string>> lines;
  for (const char* start : {"QUEUE_", "STEP_", "TIMEOUT_", "TRIES_", "WAIT_", "NEXT_", "FAILED_", "JOBS_"}) {
    for (const auto& key : config->keys_from(start)) {
      IMREG_ASSIGN(auto value, config->get(key));
      lines.emplace_back(key, std::move(value));
    }
  }
  return plan_queues(lines);
}

}  // namespace imreg::cli

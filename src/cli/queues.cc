// Reads what is said of queues.
#include "cli/queues.h"

#include "os/walk.h"
#include "registry/path_roots.h"

namespace imreg::cli {

Result<std::vector<QueuePlan>> configured_queues(Settings& settings) {
  IMREG_ASSIGN(const Config* const config, settings.config());
  std::vector<std::pair<std::string, std::string>> lines;
  for (const char* const start : {"QUEUE_", "STEP_", "TIMEOUT_", "TRIES_", "WAIT_", "NEXT_", "FAILED_", "JOBS_"}) {
    for (const auto& key : config->keys_from(start)) {
      IMREG_ASSIGN(auto value, config->get(key));
      lines.emplace_back(key, std::move(value));
    }
  }
  IMREG_ASSIGN(auto plans, plan_queues(lines));
  for (const auto& plan : plans) IMREG_TRY(rows_for(plan, PathRoots()).status());  // now, not at the first exposure
  return plans;
}

Result<std::string> database_with_queues(Settings& settings) {
  IMREG_ASSIGN(std::string database, settings.database());
  if (!is_missing(database) || !is_missing(queue_folder(database))) return database;
  return Status(Code::not_found,
                "there is no such database, and no queue; name another one with -db, or make it with imsort")
      .in_file(database);
}

Result<bool> wants_json(const Parsed& args) {
  const std::string word = args.word("format");
  if (!args.has("format") || word == "text" || word == "json") return word == "json";
  return Status(Code::invalid, "-format " + word + ": there are text and json");
}

Result<Queue::Options> queue_options(const Parsed& args) {
  Queue::Options options;
  options.program = args.program;
  IMREG_ASSIGN(options.wait_seconds, args.number("wait", options.wait_seconds, 0, 1e6));
  options.on_network = environment("IMREG_NETWORK") == "yes";
  return options;
}

}  // namespace imreg::cli

// Which queues there are, by the configuration.
#pragma once

#include <vector>

#include "cli/config.h"
#include "imreg/queue.h"

namespace imreg::cli {

/// Errors: those of Settings::config() and plan_queues().
Result<std::vector<QueuePlan>> queue_plans(Settings& settings);

}  // namespace imreg::cli

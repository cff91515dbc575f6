// What imqueue and imelixir share: the queues of the configuration, and the command of a person.
#pragma once

#include <vector>

#include "cli/config.h"
#include "cli/options.h"
#include "imreg/queue.h"

namespace imreg::cli {

/// The queues that the configuration names. Errors: those of Settings::config() and plan_queues().
Result<std::vector<QueuePlan>> configured_queues(Settings& settings);
/// The database; error not_found where neither it nor its queues are: a name that is mistyped has no queues.
Result<std::string> database_with_queues(Settings& settings);
/// -format json, or text; error invalid: another word.
Result<bool> wants_json(const Parsed& args);
/// How programs of this room write to queues: -wait, $IMREG_NETWORK. Error: invalid.
Result<Queue::Options> queue_options(const Parsed& args);

/// imqueue: its verb and the exit code.
int queue_command(const Program& program, const Parsed& args);

}  // namespace imreg::cli

// TEMPERATURE_LOG, TEMPERATURE_PROBES, TEMPERATURE_LIMIT of the configuration.
#pragma once

#include <string>

#include "cli/config.h"
#include "imreg/temps.h"

namespace imreg::cli {

/// Errors: those of Settings::config(); invalid, naming the key.
Result<TemperatureOptions> temperature_options(Settings& settings, const std::string& database);

}  // namespace imreg::cli

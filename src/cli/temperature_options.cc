// The lines of the configuration about temperatures.
#include "cli/temperature_options.h"

#include "base/text.h"

namespace imreg::cli {

Result<TemperatureOptions> temperature_options(Settings& settings, const std::string& database) {
  TemperatureOptions options;
  options.database = database;
  IMREG_ASSIGN(const Config* config, settings.config());
  if (config->has("TEMPERATURE_LOG")) {
    IMREG_ASSIGN(options.log, config->get("TEMPERATURE_LOG"));
  }
  if (config->has("TEMPERATURE_PROBES")) {
    IMREG_ASSIGN(const std::string text, config->get("TEMPERATURE_PROBES"));
    auto probes = parse_probes(text);
    if (!probes) return Status(Code::invalid, "TEMPERATURE_PROBES: " + probes.status().message());
    options.probes = *std::move(probes);
  }
  if (config->has("TEMPERATURE_LIMIT")) {
    IMREG_ASSIGN(const std::string text, config->get("TEMPERATURE_LIMIT"));
    constexpr double kLongest = 7 * 86400;
    if (!parse_number(text, options.limit) || !(options.limit >= 0 && options.limit <= kLongest))
      return Status(Code::invalid, "TEMPERATURE_LIMIT: \"" + visible(text) + "\" is not 0 to 604800 seconds");
  }
  return options;
}

}  // namespace imreg::cli

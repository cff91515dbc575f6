// The options of imingest, from the command line and the configuration, and its report.
#pragma once

#include <string>

#include "cli/config.h"
#include "cli/options.h"
#include "imreg/ingest.h"

namespace imreg::cli {

/// Errors: invalid, those of Settings::config().
Status read_ingest_options(const Parsed& args, Settings& settings, IngestOptions& options);

/// One file in a line; in JSON all that is known of it.
std::string file_line(const IngestedFile& file, bool json);
/// `rehearse`: nothing was written.
std::string report_text(const IngestReport& report, bool rehearse);
std::string report_json(const IngestReport& report);

}  // namespace imreg::cli

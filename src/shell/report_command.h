// imstatus report NIGHT: the page of a night, once or again and again.
#pragma once

#include "cli/options.h"
#include "shell/options.h"
#include "trend/request.h"
#include "trend/workspace.h"

namespace imreg::cli {

/// `request.words`: a date and perhaps a length of time (1d). Errors: invalid, not_found (no exposure); those of the database
/// and of the file.
Status report_night(const Program& program, trend::Workspace& workspace, trend::Request request,
                    const StatusOutput& output, bool follow);

}  // namespace imreg::cli

// A night on one page: HTML with its pictures inside, which needs nothing from anywhere.
#pragma once

#include <string>
#include <vector>

#include "trend/request.h"
#include "trend/workspace.h"

namespace imreg::trend {

struct ReportOptions {
  std::string title;
  std::vector<std::string> failures{};  ///< what else has failed, a line each: of queues
  int refresh_seconds = 0;              ///< > 0: the page loads itself again
};

/// `request.rows` says which rows. Errors: not_found (nothing is selected); those of the database.
Result<std::string> report(Workspace& workspace, const Request& request, const ReportOptions& options);

}  // namespace imreg::trend

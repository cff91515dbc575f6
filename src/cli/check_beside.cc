// Each room looks at its own.
#include "cli/check_beside.h"

#include "imreg/ingest.h"
#include "imreg/queue.h"
#include "imreg/temps.h"

namespace imreg::cli {

std::function<std::string(std::string_view folder)> CheckBeside::expand() const {
  if (!roots_) return {};
  return [this](std::string_view folder) { return roots_->expand(folder); };
}

void CheckBeside::check(const CheckOptions& options, CheckReport& report) const {
  for (const Status& beside : {roots_.status(), check_temperatures(database_)})
    report.add(Finding::Kind::damage, beside);
  if (const Status check = roots_ ? PathRoots::check_file(database_) : Status(); !check.ok())
    report.add(check.code() == Code::io ? Finding::Kind::damage : Finding::Kind::warning, check);
  check_queues(database_, options, report);
  check_ingest(database_, options, report);
}

}  // namespace imreg::cli

// Reports of backups and restores as text and as JSON.
#include <string>

#include "base/json.h"
#include "base/text.h"
#include "imreg/backup.h"

namespace imreg {

namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

std::string error_json(const Status& status) {
  return ",\"error\":" + (status.ok() ? std::string("null") : json_text(status.text())) + "}\n";
}

}  // namespace

std::string report_text(const BackupReport& report, bool dry_run) {
  std::string out = report.path + ": " + counted(report.rows, "row") + ": " + number(report.added) + " new, " +
                    number(report.changed) + " changed, " + number(report.rows - report.added - report.changed) +
                    " unchanged";
  if (report.tables > 1) out += ", in " + counted(report.tables, "table");
  if (report.mended > 0)
    out += "; " + number(report.mended) + " of the changed were damaged in the copy and are mended";
  if (report.files_copied > 0) out += "; " + counted(report.files_copied, "other file") + " copied";
  if (report.files_removed > 0) out += "; " + counted(report.files_removed, "other file") + " removed";
  return out + (dry_run ? "; nothing is written (-n)\n" : "\n");
}

std::string report_json(const BackupReport& report) {
  return "{\"backup\":" + json_text(report.path) + ",\"full\":" + (report.full ? "true" : "false") +
         ",\"rows\":" + number(report.rows) + ",\"new\":" + number(report.added) +
         ",\"changed\":" + number(report.changed) + ",\"mended\":" + number(report.mended) +
         ",\"damaged\":" + number(report.damaged_rows) + ",\"tables\":" + number(report.tables) +
         ",\"files_copied\":" + number(report.files_copied) + ",\"files_removed\":" + number(report.files_removed) +
         ",\"looks\":" + number(report.looks) + ",\"locked_seconds\":" + json_number(report.locked_seconds) +
         error_json(report.failure);
}

std::string report_text(const RestoreReport& report) {
  std::string out = report.path + ": " + counted(report.rows, "row") + " restored";
  if (report.tables > 1) out += ", in " + counted(report.tables, "table");
  if (report.damaged_rows > 0) out += ", " + counted(report.damaged_rows, "damaged row") + " left out";
  if (report.files_copied > 0) out += "; " + counted(report.files_copied, "other file") + " copied";
  return out + "\n";
}

std::string report_json(const RestoreReport& report) {
  return "{\"database\":" + json_text(report.path) + ",\"rows\":" + number(report.rows) +
         ",\"damaged\":" + number(report.damaged_rows) + ",\"tables\":" + number(report.tables) +
         ",\"files_copied\":" + number(report.files_copied) + error_json(report.failure);
}

}  // namespace imreg

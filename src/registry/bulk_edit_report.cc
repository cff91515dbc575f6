// Reports of changes of many rows: as text and as JSON.
#include <cstdio>

#include "base/json.h"
#include "base/text.h"
#include "imreg/bulk_edit.h"

namespace imreg {

namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

std::string statuses_json(const std::vector<Status>& list) {
  std::string out = "[";
  for (const auto& one : list) out += (out.size() > 1 ? "," : "") + json_text(one.text());
  return out + "]";
}

}  // namespace

std::string edit_troubles(const BulkEditReport& edit) {
  std::string out;
  const auto list = [&out](std::int64_t count, const std::vector<Status>& first, const std::string& what) {
    if (count == 0) return;
    out += counted(count, "row") + " " + what + "\n";
    for (const auto& one : first) out += "  " + visible(one.text()) + "\n";
    if (const auto more = count - std::ssize(first); more > 0) out += "  and " + number(more) + " more\n";
  };
  list(edit.collisions, edit.first_collisions, "would get the place of another one:");
  list(edit.refused, edit.first_refused, "cannot be changed so:");
  list(edit.kept, edit.first_kept, "changed since, and stay as they are:");
  return out;
}

std::string edit_outcome(const BulkEditReport& edit, bool in_order, const EditWords& words) {
  if (edit.rows == 0 && in_order) return std::string("no row ") + (edit.done ? "is " : "to be ") + words.done + "\n";
  const std::string would = counted(edit.rows, "row") + " " + words.would + "; nothing is " + words.done;
  if (!in_order) return would + ", and will not be while that stands against it\n";
  if (!edit.done) return would + ", " + words.how + "\n";
  return counted(edit.rows, "row") + " " + words.done + " (change " + number(edit.change.id) +
         "); imrelocate -go -undo 1 takes it back\n";
}

std::string edit_json(const BulkEditReport& edit, const BulkEditOptions& options) {
  return "\"database\":" + json_text(options.database) + ",\"go\":" + (options.go ? "true" : "false") +
         ",\"done\":" + (edit.done ? "true" : "false") + ",\"rows\":" + number(edit.rows) +
         ",\"refused\":" + number(edit.refused) + ",\"first_refused\":" + statuses_json(edit.first_refused) +
         ",\"collisions\":" + number(edit.collisions) +
         ",\"first_collisions\":" + statuses_json(edit.first_collisions) + ",\"kept\":" + number(edit.kept) +
         ",\"damaged\":" + number(edit.damaged.count) + ",\"change\":" + (edit.done ? number(edit.change.id) : "null") +
         ",\"seconds\":" + json_number(edit.seconds) + ",\"plan_seconds\":" + json_number(edit.plan_seconds);
}

std::string edit_rate(const BulkEditReport& report) {
  char line[160];
  const double rows = static_cast<double>(report.rows);
  std::snprintf(line, sizeof line, "%.0f rows in %.3f s (%.2f million rows/s), planned in %.3f s", rows, report.seconds,
                report.seconds > 0 ? rows / report.seconds / 1e6 : 0, report.plan_seconds);
  return line;
}

}  // namespace imreg

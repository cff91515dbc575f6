// Reports as text and as JSON.
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "imreg/backup.h"
#include "imreg/upkeep.h"

namespace imreg {

namespace {

constexpr const char* kKinds[] = {"damage", "warning", "note"};

std::string number(std::int64_t value) { return std::to_string(value); }

std::string findings_json(const std::vector<Finding>& findings) {
  std::string out = "[";
  for (const auto& finding : findings) {
    out += (out.size() > 1 ? ",{" : "{") + std::string("\"kind\":\"") + kKinds[static_cast<int>(finding.kind)] +
           "\",\"file\":" + json_text(finding.file) +
           ",\"record\":" + (finding.record < 0 ? "null" : number(finding.record + 1)) +
           ",\"byte\":" + (finding.byte < 0 ? "null" : number(finding.byte)) + ",\"what\":" + json_text(finding.what) +
           "}";
  }
  return out + "]";
}

}  // namespace

void CheckReport::add(Finding::Kind kind, const Status& status) {
  if (status.ok()) return;
  const auto behind =
      std::find_if(findings.begin(), findings.end(), [&](const Finding& one) { return one.kind >= kind; });
  findings.insert(behind, {kind, status.file(), -1, -1, status.message()});
  if (findings.size() > kMostNamed) findings.pop_back();
  ++(kind == Finding::Kind::damage ? damages : warnings);
}

void CheckReport::add(CheckReport beside) {
  std::move(beside.findings.begin(), beside.findings.end(), std::back_inserter(findings));
  std::stable_sort(findings.begin(), findings.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
  if (findings.size() > kMostNamed) findings.resize(kMostNamed);
  damages += beside.damages;
  warnings += beside.warnings;
  bytes += beside.bytes;
}

std::string text_of(const Finding& finding) {
  std::string out = finding.file + ": " + (finding.kind == Finding::Kind::warning ? "warning: " : "") + finding.what;
  if (finding.record >= 0) out += " (record " + number(finding.record + 1) + ")";
  if (finding.byte >= 0) out += " (byte " + number(finding.byte) + ")";
  return out;
}

std::vector<std::string> lines_of(const std::vector<Finding>& findings, std::int64_t all, bool quiet) {
  std::vector<std::string> out;
  std::int64_t named = 0;
  for (const auto& finding : findings) {
    named += finding.kind != Finding::Kind::note;
    if (!quiet || finding.kind == Finding::Kind::damage) out.push_back(text_of(finding));
  }
  if (all > named) out.push_back(number(named) + " are named; " + number(all - named) + " more were found");
  return out;
}

std::string report_text(const CheckReport& report) {
  std::string out = report.path + ": " + counted(report.rows, "row");
  if (report.deleted > 0) out += ", " + number(report.deleted) + " deleted";
  if (report.indexed > 0) out += ", " + number(report.indexed) + " indexed";
  out += ": ";
  if (report.damages == 0 && report.warnings == 0)
    out += "all is well";
  else
    out += (report.damages == 0 ? "nothing is damaged" : counted(report.damages, "damage")) +
           (report.warnings == 0 ? "" : ", " + counted(report.warnings, "warning"));
  return out + "\n";
}

std::string report_json(const CheckReport& report) {
  return "{\"database\":" + json_text(report.path) + ",\"whole\":" + (report.whole() ? "true" : "false") +
         ",\"damages\":" + number(report.damages) + ",\"warnings\":" + number(report.warnings) +
         ",\"rows\":" + number(report.rows) + ",\"deleted\":" + number(report.deleted) +
         ",\"indexed\":" + number(report.indexed) + ",\"bytes\":" + number(report.bytes) +
         ",\"seconds\":" + json_number(report.seconds) + ",\"findings\":" + findings_json(report.findings) + "}\n";
}

std::string report_text(const RepairReport& report) {
  std::string out = report.new_path + ": " + counted(report.rows_saved, "row") + " saved";
  if (report.changes_applied > 0) out += ", " + number(report.changes_applied) + " of them as the journal has them";
  out += "; " + (report.rows_lost == 0 ? "none" : number(report.rows_lost)) + " lost";
  return out + (report.changes_lost > 0 ? "; " + counted(report.changes_lost, "change") + " lost\n" : "\n");
}

std::string report_json(const RepairReport& report) {
  return "{\"database\":" + json_text(report.path) + ",\"new\":" + json_text(report.new_path) +
         ",\"saved\":" + number(report.rows_saved) + ",\"lost\":" + number(report.rows_lost) +
         ",\"changes_applied\":" + number(report.changes_applied) + ",\"changes_lost\":" + number(report.changes_lost) +
         ",\"findings\":" + findings_json(report.lost) + "}\n";
}

std::string report_text(const Description& d) {
  std::string out;
  const auto line = [&out](const char* name, const std::string& value) {
    char left[16];
    std::snprintf(left, sizeof left, "%-10s", name);
    out += left + visible(value) + "\n";
  };
  line("database", d.path);
  line("rows", number(d.rows) + (d.deleted > 0 ? ", " + number(d.deleted) + " marked as deleted" : ""));
  line("size", counted(d.bytes, "byte") +
                   (d.spare_bytes >= 2880 ? ", " + number(d.spare_bytes) + " of them free behind the rows" : ""));
  line("format", d.format + (d.version > 0 ? " version " + number(d.version) : "") + (d.native ? "" : ", read-only"));
  if (!d.creator.empty()) line("made", "by " + d.creator + (d.date.empty() ? "" : ", " + d.date));
  if (!d.native) return out;
  line("uuid", d.uuid);
  line("changes", number(d.change_number));
  line("lock", d.lock);
  line("journal", counted(d.journal_transactions, "change") + ", " + number(d.journal_pending) + " pending, " +
                      counted(d.journal_bytes, "byte") + ", generation " + number(d.journal_generation));
  line("index", d.index == "none" ? d.index
                                  : d.index + ", " + counted(d.index_rows, "row") + " in " +
                                        counted(d.index_segments, "segment") + ", " + counted(d.index_bytes, "byte"));
  if (d.lost_rows > 0) line("lost", counted(d.lost_rows, "row") + " set aside in " + d.path + ".lost");
  return out;
}

std::string report_json(const Description& d) {
  const auto text = [](const std::string& value) { return value.empty() ? "null" : json_text(value); };
  return "{\"database\":" + json_text(d.path) + ",\"rows\":" + number(d.rows) + ",\"deleted\":" + number(d.deleted) +
         ",\"bytes\":" + number(d.bytes) + ",\"spare_bytes\":" + number(d.spare_bytes) +
         ",\"format\":" + json_text(d.format) + ",\"version\":" + number(d.version) +
         ",\"native\":" + (d.native ? "true" : "false") + ",\"creator\":" + text(d.creator) +
         ",\"date\":" + text(d.date) + ",\"uuid\":" + text(d.uuid) + ",\"change_number\":" + number(d.change_number) +
         ",\"locked\":" + (d.locked ? "true" : "false") + ",\"lock\":" + json_text(d.lock) +
         ",\"journal\":{\"bytes\":" + number(d.journal_bytes) + ",\"generation\":" + number(d.journal_generation) +
         ",\"changes\":" + number(d.journal_transactions) + ",\"pending\":" + number(d.journal_pending) +
         "},\"index\":{\"state\":" + json_text(d.index) + ",\"bytes\":" + number(d.index_bytes) +
         ",\"rows\":" + number(d.index_rows) + ",\"segments\":" + number(d.index_segments) +
         "},\"lost_rows\":" + number(d.lost_rows) + "}\n";
}

std::string report_text(const std::string& path, const CompactReport& report) {
  return path + ": " + counted(report.removed, "deleted row") + " taken out, " + counted(report.rows, "row") +
         " left; " + counted(report.bytes_before - report.bytes_after, "byte") + " given back\n";
}

std::string report_json(const std::string& path, const CompactReport& report) {
  std::string notes;
  for (const auto& note : report.notes) notes += (notes.empty() ? "" : ",") + json_text(note);
  return "{\"database\":" + json_text(path) + ",\"removed\":" + number(report.removed) +
         ",\"rows\":" + number(report.rows) + ",\"bytes\":" + number(report.bytes_before - report.bytes_after) +
         ",\"notes\":[" + notes + "]}\n";
}

std::string report_text(const std::string& path, const CureReport& report) {
  if (report.damaged_rows == 0) return "";
  return path + ": warning: " + counted(report.damaged_rows, "damaged row") +
         ", which this does not mend: imcheck -db names them, -repair saves the others";
}

std::string report_json(const std::string& path, const CureReport& report) {
  return "{\"database\":" + json_text(path) + ",\"bytes\":" + number(report.bytes) +
         ",\"damaged\":" + number(report.damaged_rows) + "}\n";
}

std::string report_json(const std::string& path, const Status& error) {
  return "{\"database\":" + json_text(path) + ",\"error\":" + json_text(error.text()) + "}\n";
}

}  // namespace imreg

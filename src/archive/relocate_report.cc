// Reports of moves, of undoing them, and the list of bulk changes: as text and as JSON.
#include <cstdio>
#include <map>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "imreg/date.h"
#include "imreg/relocate.h"

namespace imreg {

namespace {

std::string number(std::int64_t value) { return std::to_string(value); }

std::string kind_of(const BulkChange& change) {
  return change.kind == BulkChange::Kind::undo ? "undo of " + number(change.undoes) : std::string(word_of(change.kind));
}

std::string named(const RelocateReport::Rule& rule) {
  return (rule.place.empty() ? "the rule " : rule.place + ": ") + rule.text;
}

}  // namespace

std::string report_text(const RelocateReport& report) {
  std::string out;
  for (const auto& rule : report.rules) {
    out += visible((rule.place.empty() ? "" : rule.place + ": ") + rule.text);
    // A shell may see a .. otherwise: it follows links.
    if (!rule.from.empty() && rule.text.find("..") != rule.text.npos)
      out += visible(" (taken as " + rule.from + " " + rule.to + ")");
    out += ": " + counted(rule.changed, "row") + "\n";
    if (report.edit.done) continue;
    for (const auto& [before, after] : rule.examples) out += "  " + visible(before) + "\n  -> " + visible(after) + "\n";
  }
  out += edit_troubles(report.edit);
  if (report.looked) {
    out += number(report.looked_for) + " of " + counted(report.files, "file") + " looked for at the new place, " +
           number(report.missing) + " missing" +
           (report.unknown > 0 ? ", " + number(report.unknown) + " in folders that cannot be read" : "") + "\n";
    for (const auto& path : report.first_missing) out += "  " + visible(path) + "\n";
    if (const auto more = report.missing - std::ssize(report.first_missing); more > 0)
      out += "  and " + number(more) + " more\n";
    for (const auto& folder : report.first_unreadable) out += "  " + visible(folder.text()) + "\n";
  }
  return out + edit_outcome(report.edit, report.in_order());
}

std::string report_json(const RelocateReport& report, const BulkEditOptions& options) {
  const auto text = [](const std::string& value) { return value.empty() ? std::string("null") : json_text(value); };
  std::string out = "{" + edit_json(report.edit, options) + ",\"rules\":[";
  for (const auto& rule : report.rules) {
    if (out.back() != '[') out += ',';
    out += "{\"rule\":" + json_text(rule.text) + ",\"place\":" + text(rule.place) + ",\"from\":" + text(rule.from) +
           ",\"to\":" + text(rule.to) + ",\"matched\":" + number(rule.matched) +
           ",\"changed\":" + number(rule.changed) + ",\"examples\":[";
    for (const auto& [before, after] : rule.examples)
      out += std::string(out.back() == '[' ? "" : ",") + "[" + json_text(before) + "," + json_text(after) + "]";
    out += "]}";
  }
  out += "]";
  if (report.looked) {
    out += ",\"files\":" + number(report.files) + ",\"looked_for\":" + number(report.looked_for) +
           ",\"missing\":" + number(report.missing) + ",\"first_missing\":[";
    for (const auto& path : report.first_missing) out += (out.back() == '[' ? "" : ",") + json_text(path);
    out += "],\"unknown\":" + number(report.unknown) + ",\"first_unreadable\":[";
    for (const auto& folder : report.first_unreadable) out += (out.back() == '[' ? "" : ",") + json_text(folder.text());
    out += "]";
  }
  return out + "}\n";
}

std::vector<std::string> warnings_of(const RelocateReport& report) {
  std::vector<std::string> out;
  for (const auto& rule : report.rules) {
    if (rule.matched > 0 || report.rules.size() < 2 || report.edit.refused > 0) continue;
    out.push_back(named(rule) + " hits nothing");
  }
  std::map<std::pair<std::string, std::string>, const RelocateReport::Rule*> seen;  // by what would undo it
  for (const auto& rule : report.rules) {
    if (rule.from.empty()) continue;
    if (const auto other = seen.find({rule.from, rule.to}); other != seen.end())
      out.push_back(named(*other->second) + " and " + named(rule) +
                    " exchange two places; done once more they would exchange them back");
    seen.emplace(std::pair(rule.to, rule.from), &rule);
  }
  return out;
}

std::string report_text(const UndoReport& report) {
  const auto& target = report.target;
  std::string out = "change " + number(target.id) + " of " + format_iso(target.time, 0) + ", " + target.program + " " +
                    visible(target.command) + ": " + counted(target.rows, "row") + "\n";
  if (!report.roots.empty()) {
    for (const auto& root : report.roots) out += visible(root) + "\n";
    return out + counted(report.edit.rows, "row") +
           (report.edit.done ? " moved (change " + number(report.edit.change.id) + ")\n"
                             : " would move; nothing is changed; do it with -go\n");
  }
  out += edit_troubles(report.edit);
  if (report.gone > 0) out += counted(report.gone, "row") + " of it went with a compaction\n";
  if (report.edit.done)
    return out + counted(report.edit.rows, "row") + " put back (change " + number(report.edit.change.id) + ")\n";
  return out + edit_outcome(report.edit, report.edit.in_order());
}

std::string report_json(const UndoReport& report, const BulkEditOptions& options) {
  return "{" + edit_json(report.edit, options) + ",\"undoes\":" + number(report.target.id) +
         ",\"command\":" + json_text(report.target.command) + ",\"gone\":" + number(report.gone) + "}\n";
}

Result<HistoryReport> history_report(const std::string& database, HistoryFormat format) {
  IMREG_ASSIGN(const RecordFile file, RecordFile::open(database));
  IMREG_ASSIGN(const History history, History::load(file));
  std::string out = format == HistoryFormat::json ? "[" : "";
  std::int64_t n = 0;
  const auto& changes = history.changes();
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    const bool can =
        change->in_force() && change->kind != BulkChange::Kind::undo && change->kind != BulkChange::Kind::compact;
    if (can) ++n;
    if (format == HistoryFormat::json) {
      IMREG_ASSIGN(const std::string command, history.command_of(*change));
      out += (out.size() > 1 ? ",\n{" : "{") + std::string("\"change\":") + number(change->id) +
             ",\"undo\":" + (can ? number(n) : "null") + ",\"kind\":" + json_text(word_of(change->kind)) +
             ",\"time\":" + json_number(change->time) + ",\"program\":" + json_text(change->program) +
             ",\"user\":" + json_text(change->user) + ",\"host\":" + json_text(change->host) +
             ",\"rows\":" + number(change->rows) + ",\"command\":" + json_text(command) +
             ",\"done\":" + (change->done ? "true" : "false") +
             ",\"undoes\":" + (change->undoes > 0 ? number(change->undoes) : "null") +
             ",\"undone_by\":" + (change->undone_by > 0 ? number(change->undone_by) : "null") + "}";
      continue;
    }
    char line[160];
    std::snprintf(line, sizeof line, "%4s %4lld  %-20s  %10lld  %-12s  ", can ? number(n).c_str() : "-",
                  static_cast<long long>(change->id), format_iso(change->time, 0).c_str(),
                  static_cast<long long>(change->rows), kind_of(*change).c_str());
    out += line + visible(change->user + "@" + change->host + "  " + change->program + " " + change->command);
    if (!change->done) out += "  [not done: the machine stopped]";
    if (change->undone_by > 0) out += "  [undone by " + number(change->undone_by) + "]";
    out += '\n';
  }
  if (format == HistoryFormat::json) return HistoryReport{out + "]\n", history.whole()};
  if (out.empty()) return HistoryReport{"", history.whole()};
  return HistoryReport{"undo   id  when                        rows  kind          who, and what\n" + out,
                       history.whole()};
}

}  // namespace imreg

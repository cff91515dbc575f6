// What became of files, for people and for programs.
#include "base/json.h"
#include "base/text.h"
#include "imreg/move_files.h"

namespace imreg {

namespace {

std::string rows_of(const MovedName& name) {
  std::string out = " (" + counted(name.rows, "row");
  if (name.unregistered > 0) out += ", " + counted(name.unregistered, "file") + " not registered";
  return out + (name.copied ? ", copied)" : ")");
}

}  // namespace

std::string report_text(const MoveReport& report, bool verbose) {
  std::string out;
  std::int64_t folders = 0;
  for (const auto& name : report.names) {
    folders += name.folder;
    if (verbose) out += visible(name.from) + (report.removal ? "" : " -> " + visible(name.to)) + rows_of(name) + "\n";
  }
  const std::int64_t files = std::ssize(report.names) - folders;
  if (files > 0 || folders == 0) out += counted(files, "file");
  if (folders > 0) out += (files > 0 ? " and " : "") + counted(folders, "folder");
  const std::string done = report.removal ? "removed" : "moved";
  out += report.dry_run ? " would be " + done + ": " : " " + done + ": ";
  out += counted(report.rows, "row") + (report.removal ? " marked as deleted" : " changed");
  return out + (report.dry_run ? "; nothing is done (-n)\n" : "\n");
}

std::string report_json(const MoveReport& report) {
  const auto texts = [](const auto& list, const auto& text) {
    std::string out = "[";
    for (const auto& one : list) out += (out.size() > 1 ? "," : "") + json_text(text(one));
    return out + "]";
  };
  const bool done = report.failure.ok() && report.refused.empty() && !report.dry_run;
  std::string out = "{\"database\":" + json_text(report.database) + ",\"action\":\"" +
                    (report.removal ? "remove" : "move") + "\",\"done\":" + (done ? "true" : "false") + ",\"names\":[";
  for (std::size_t i = 0; i < report.names.size(); ++i) {
    const auto& name = report.names[i];
    out += std::string(i > 0 ? "," : "") + "{\"from\":" + json_text(name.from) +
           ",\"to\":" + (report.removal ? "null" : json_text(name.to)) +
           ",\"folder\":" + (name.folder ? "true" : "false") + ",\"copied\":" + (name.copied ? "true" : "false") +
           ",\"rows\":" + std::to_string(name.rows) + ",\"unregistered\":" + std::to_string(name.unregistered) + "}";
  }
  out += "],\"rows\":" + std::to_string(report.rows) + ",\"bytes_copied\":" + std::to_string(report.bytes_copied);
  out += ",\"refused\":" + texts(report.refused, [](const Status& status) { return status.text(); });
  out += ",\"notes\":" + texts(report.notes, [](const std::string& note) { return note; });
  return out + ",\"error\":" + (report.failure.ok() ? "null" : json_text(report.failure.text())) + "}\n";
}

}  // namespace imreg

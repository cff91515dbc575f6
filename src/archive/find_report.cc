// What was found out about files, as lines, as a file of rules, as JSON.
#include <initializer_list>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "imreg/find_files.h"

namespace imreg {

namespace {

using Kind = FileFinding::Kind;

constexpr std::size_t kFirst = 3;  // files of a kind and folder that are named without -v

std::string number(std::int64_t value) { return std::to_string(value); }
std::string files_and_rows(std::int64_t files, std::int64_t rows) {
  return counted(files, "file") + ", " + counted(rows, "row");
}
std::string folder_of_path(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string line_of(const FileFinding& f) {
  std::string out = visible(f.path) + ": ";
  switch (f.kind) {
    case Kind::no_folder:
      return visible(f.what == "is not there" || f.what == "is no absolute path" ? f.path + ": " + f.what : f.what) +
             ": " + files_and_rows(f.files, f.rows);
    case Kind::missing: out += "is missing"; break;
    case Kind::changed: out += "has changed: " + visible(f.what); break;
    case Kind::touched: out += "was touched: another time, the same headers and size"; break;
    case Kind::unregistered:
      out += "is not registered" + (f.what.empty() ? "" : ", and cannot be: " + visible(f.what));
      break;
    case Kind::unreadable: out += visible(f.what) + (f.files > 1 ? ": " + files_and_rows(f.files, f.rows) : ""); break;
    case Kind::twice: out += "is registered twice: it " + f.what + " " + visible(f.other); break;
    case Kind::ambiguous:
    case Kind::unexplained: out += visible(f.what) + (f.other.empty() ? "" : " " + visible(f.other)); break;
  }
  return f.record < 0 ? out : out + " (record " + number(f.record + 1) + ")";
}

// A tab stands between the two. What has one itself, or a line end, cannot stand in a line.
std::string rule_line(const std::string& from, const std::string& to) {
  const bool plain = (from + to).find_first_of("\t\n\r") == std::string::npos;
  return plain ? from + "\t" + to + "\n" : "# as two words only: " + visible(from) + " " + visible(to) + "\n";
}

std::string count_line(const FilesReport& r) {
  std::string out;
  const auto say = [&out](std::int64_t count, const std::string& what) {
    if (count > 0) out += (out.empty() ? "" : ", ") + number(count) + " " + what;
  };
  say(r.missing, "missing");
  say(r.changed, "changed");
  say(r.twice, "registered twice");
  say(r.unreadable, "that cannot be looked at");
  say(r.touched, "touched");
  say(r.unregistered, "not registered");
  if (r.damaged > 0) out += (out.empty() ? "" : "; ") + counted(r.damaged, "damaged row") + " left out (imcheck)";
  return out.empty() ? "all is well" : out;
}

}  // namespace

std::vector<std::string> lines_of(const FilesReport& report, bool all, bool notes) {
  std::vector<std::string> out;
  const auto& findings = report.findings;
  for (std::size_t from = 0, end = 0; from < findings.size(); from = end) {
    const Kind kind = findings[from].kind;
    const bool folders = kind == Kind::no_folder;
    const std::string folder = folder_of_path(findings[from].path);
    while (end < findings.size() && findings[end].kind == kind &&
           (folders || folder_of_path(findings[end].path) == folder))
      ++end;
    if (is_note(kind) && !notes && !all) continue;
    const bool some = !all && !folders && end - from > kFirst;
    for (std::size_t i = from; i < (some ? from + kFirst : end); ++i) out.push_back(line_of(findings[i]));
    if (some)
      out.push_back(visible(folder) + ": " + number(static_cast<std::int64_t>(end - from - kFirst)) +
                    " more in this folder: " + word_of(kind) + " (-v names all)");
  }
  return out;
}

std::string report_text(const FilesReport& r) {
  const std::string sign = r.searched ? "# " : "";
  std::string out = sign + visible(r.database) + ": " + files_and_rows(r.files, r.rows) + " in " +
                    counted(r.folders, "folder") + ": " + count_line(r) + "\n";
  if (!r.searched) return out;
  out +=
      "# " + counted(r.walked, "file") + " searched: " + number(r.found) + " of " + number(r.missing) + " found" +
      (r.by_name > 0 ? ", " + number(r.by_name) + " of them by name alone" : "") + "; " +
      (r.explained == 0 ? "no rules" : counted(std::ssize(r.rules), "rule") + " for " + counted(r.explained, "file")) +
      (r.ambiguous > 0 ? ", " + number(r.ambiguous) + " at several places" : "") +
      (r.nowhere > 0 ? ", " + number(r.nowhere) + " nowhere" : "") + "\n";
  for (const auto& rule : r.rules) {
    out += "# " + files_and_rows(rule.files, rule.rows) +
           (rule.along > 0 ? "; " + counted(rule.along, "file") + " found nowhere goes along" : "") + "\n";
    if (!rule.root.empty())
      out += "# the whole root: rather imrelocate -root " + rule.root + "=" + visible(rule.to) + "\n";
    out += rule_line(rule.from, rule.to);
  }
  return out;
}

std::string report_json(const FilesReport& r) {
  const auto text = [](const std::string& value) { return value.empty() ? std::string("null") : json_text(value); };
  std::string out = "{\"database\":" + json_text(r.database) + ",\"well\":" + (r.well() ? "true" : "false");
  const auto count = [&out](const char* name, std::int64_t value) {
    out += std::string(",\"") + name + "\":" + number(value);
  };
  const auto counts = [&](std::initializer_list<std::pair<const char*, std::int64_t>> all) {
    for (const auto& [name, value] : all) count(name, value);
  };
  counts({{"rows", r.rows},
          {"files", r.files},
          {"folders", r.folders},
          {"damaged", r.damaged},
          {"missing", r.missing},
          {"missing_rows", r.missing_rows},
          {"changed", r.changed},
          {"touched", r.touched},
          {"twice", r.twice},
          {"unregistered", r.unregistered},
          {"unreadable", r.unreadable}});
  if (r.searched) {
    counts({{"walked", r.walked},
            {"found", r.found},
            {"by_name", r.by_name},
            {"explained", r.explained},
            {"ambiguous", r.ambiguous},
            {"nowhere", r.nowhere}});
    out += ",\"rules\":[";
    for (const auto& rule : r.rules) {
      out += (out.back() == '[' ? "{" : ",{") + std::string("\"from\":") + json_text(rule.from) +
             ",\"to\":" + json_text(rule.to) + ",\"files\":" + number(rule.files) + ",\"rows\":" + number(rule.rows) +
             ",\"along\":" + number(rule.along) + ",\"root\":" + text(rule.root) + "}";
    }
    out += "]";
  }
  out += ",\"seconds\":" + json_number(r.seconds) + ",\"findings\":[";
  for (const auto& f : r.findings) {
    out += (out.back() == '[' ? "{" : ",{") + std::string("\"kind\":\"") + word_of(f.kind) +
           "\",\"path\":" + json_text(f.path) + ",\"other\":" + text(f.other) + ",\"what\":" + text(f.what) +
           ",\"record\":" + (f.record < 0 ? "null" : number(f.record + 1)) + ",\"files\":" + number(f.files) +
           ",\"rows\":" + number(f.rows) + "}";
  }
  return out + "]}\n";
}

}  // namespace imreg

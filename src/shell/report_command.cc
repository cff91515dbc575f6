// Chooses the rows of a night, adds what failed in the queues, and writes the page when it is whole.
#include "shell/report_command.h"

#include <unistd.h>

#include <set>

#include "cli/interrupt.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "imreg/date.h"
#include "imreg/queue.h"
#include "registry/path_roots.h"
#include "registry/search_filters.h"
#include "shell/answer_output.h"
#include "trend/report.h"

namespace imreg::cli {

namespace {

constexpr double kLookSeconds = 5;
constexpr int kReloadSeconds = 30;

std::string length_of(const trend::Request& request) { return request.words.size() > 1 ? request.words[1] : "1d"; }

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Those of some files that have an image in the database, of any night.
std::set<std::string> registered(trend::Workspace& workspace, const trend::Request& request,
                                 const std::set<std::string>& files) {
  if (files.empty()) return {};
  std::string list;
  for (const auto& file : files) {
    list += list.empty() ? "'" : ", '";
    for (const char c : file) list += std::string(c == '\'' ? 2 : 1, c);
    list += '\'';
  }
  SearchOptions rows;
  rows.database = request.rows.database;
  rows.jobs = request.rows.jobs;
  rows.where = {"filename in (" + list + ")"};
  const auto found = workspace.evaluate("filename", rows);
  return found ? std::set<std::string>((*found)->column.texts.begin(), (*found)->column.texts.end())
               : std::set<std::string>();
}

// Lines that failed, of files of these rows; and of files that are registered nowhere, when these came within the time of the page or
// stand in a folder with files of these rows: else no page would have them.
std::vector<std::string> failed_lines(trend::Workspace& workspace, const trend::Request& request) {
  std::vector<std::string> out;
  const auto found = workspace.evaluate(std::vector<std::string>{"filename", "pathname"}, request.rows);
  const auto queues = queue_names(request.rows.database);
  const auto roots = PathRoots::load(request.rows.database);
  const auto times = parse_time_range(request.words[0], length_of(request), request.rows.dates);
  if (!found || !queues || !roots) return out;
  const auto& names = (*found)[0]->column.texts;
  const std::set<std::string> files(names.begin(), names.end());
  std::set<std::string> folders;
  for (const auto& path : (*found)[1]->column.texts) folders.insert(roots->expand(path));
  const auto is_near = [&](const QueueLine& line) {
    const auto within = [&](double time) { return times && times->first <= time && time <= times->last; };
    return within(line.mtime) || within(line.queued) || folders.contains(line.path.substr(0, line.path.rfind('/')));
  };
  std::vector<std::pair<std::string, std::string>>
      others;  // a file that is not among these rows, and what is to be said
  std::set<std::string> unknown;
  for (const auto& name : *queues) {
    const auto queue = Queue::open(request.rows.database, name, {.program = "imstatus"});
    if (!queue) {
      out.push_back("queue " + name + ": " + queue.status().text());
      continue;
    }
    const auto read = queue->each([&](const QueueLine& line) {
      if (line.state != QueueLine::State::failed) return true;
      const std::string file = name_of(line.path), image = file + " CCD " + std::to_string(line.ccd);
      if (files.contains(file)) {
        out.push_back("queue " + name + ": " + image + ": " + line.result);
      } else if (is_near(line)) {
        others.emplace_back(file, "queue " + name + ": " + image + ", which is not registered: " + line.result);
        unknown.insert(file);
      }
      return true;
    });
    if (!read) out.push_back("queue " + name + ": " + read.status().text());
  }
  const auto elsewhere = registered(workspace, request, unknown);
  for (auto& [file, text] : others) {
    if (!elsewhere.contains(file)) out.push_back(std::move(text));
  }
  return out;
}

Status write_page(trend::Workspace& workspace, const trend::Request& request, const StatusOutput& output,
                  const std::string& title, const std::vector<std::string>& failures, bool follow) {
  auto page = trend::report(workspace, request,
                            {.title = title, .failures = failures, .refresh_seconds = follow ? kReloadSeconds : 0});
  if (!page) return page.status();
  std::unique_ptr<Output> out;
  if (output.path.empty()) {
    out = std::make_unique<Output>();
  } else {
    IMREG_ASSIGN(out, Output::to_file(output.path));
  }
  out->write(*page);
  return out->finish();
}

}  // namespace

Status report_night(const Program& program, trend::Workspace& workspace, trend::Request request,
                    const StatusOutput& output, bool follow) {
  if (request.words.empty() || request.words.size() > 2)
    return {Code::invalid, "report takes a date and perhaps a length of time: report 2001/01/27 1d"};
  if (!output.format.empty() && output.format != "html")
    return {Code::invalid, "a report is a page of HTML: leave out -format " + output.format};
  if (const std::string ending = ending_of(output.path); !ending.empty() && ending != "html" && ending != "htm")
    return {Code::invalid, "a report is a page of HTML: -o " + output.path + " should end in .html"};
  if (output.path.empty() && (::isatty(1) == 1 || follow))
    return {Code::invalid, "a report is a page for a browser: -o night.html"};
  request.rows.filters.push_back({"time", {request.words[0], length_of(request)}});
  const std::string title = request.look.title.empty() ? "Night of " + request.words[0] : request.look.title;
  if (!follow) return write_page(workspace, request, output, title, failed_lines(workspace, request), false);
  std::string last;  // what the database was when the page was made
  do {
    workspace.refresh();
    const auto file = workspace.file(request.rows);
    if (!file) return file.status();
    const auto failures = failed_lines(workspace, request);
    std::string now =
        (*file)->uuid() + ":" + std::to_string((*file)->change_number()) + ":" + std::to_string((*file)->count());
    for (const auto& one : failures) now += "\n" + one;
    if (now == last) continue;
    request.rows.dates.now = current_time();
    const Status written = write_page(workspace, request, output, title, failures, true);
    if (written.code() == Code::not_found && written.file().empty()) {
      if (last.empty()) warn(program.name, "no exposure yet; the page is written when there is one");
    } else {
      IMREG_TRY(written);
    }
    last = now;
  } while (wait_unless_ended(kLookSeconds));
  return {};
}

}  // namespace imreg::cli

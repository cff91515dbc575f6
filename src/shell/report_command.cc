// Chooses the rows of a night, adds what failed in the queues, and writes the page when it is whole.
#include "shell/report_command.h"

#include <unistd.h>

#include <set>

#include "cli/interrupt.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "imreg/queue.h"
#include "trend/report.h"

namespace imreg::cli {

namespace {

constexpr double kLookSeconds = 5;
constexpr int kReloadSeconds = 30;

// Lines that failed, of files of these rows.
std::vector<std::string> failed_lines(trend::Workspace& workspace, const trend::Request& request) {
  std::vector<std::string> out;
  const auto names = workspace.evaluate("filename", request.rows);
  const auto queues = queue_names(request.rows.database);
  if (!names || !queues) return out;
  const std::set<std::string> files((*names)->column.texts.begin(), (*names)->column.texts.end());
  for (const auto& name : *queues) {
    const auto queue = Queue::open(request.rows.database, name, {.program = "imstatus"});
    if (!queue) {
      out.push_back("queue " + name + ": " + queue.status().text());
      continue;
    }
    const auto read = queue->each([&](const QueueLine& line) {
      const std::string file = line.path.substr(line.path.rfind('/') + 1);
      if (line.state == QueueLine::State::failed && files.contains(file))
        out.push_back("queue " + name + ": " + file + " CCD " + std::to_string(line.ccd) + ": " + line.result);
      return true;
    });
    if (!read) out.push_back("queue " + name + ": " + read.status().text());
  }
  return out;
}

Status write_page(trend::Workspace& workspace, const trend::Request& request, const StatusOutput& output,
                  const std::string& title, bool follow) {
  auto page = trend::report(
      workspace, request,
      {.title = title, .failures = failed_lines(workspace, request), .refresh_seconds = follow ? kReloadSeconds : 0});
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
  if (output.path.empty() && (::isatty(1) == 1 || follow))
    return {Code::invalid, "a report is a page for a browser: -o night.html"};
  const std::string length = request.words.size() > 1 ? request.words[1] : "1d";
  request.rows.filters.push_back({"time", {request.words[0], length}});
  const std::string title = request.look.title.empty() ? "Night of " + request.words[0] : request.look.title;
  if (!follow) return write_page(workspace, request, output, title, false);
  std::string last;  // what the database was when the page was made
  do {
    workspace.refresh();
    const auto file = workspace.file(request.rows);
    if (!file) return file.status();
    const std::string now =
        (*file)->uuid() + ":" + std::to_string((*file)->change_number()) + ":" + std::to_string((*file)->count());
    if (now == last) continue;
    request.rows.dates.now = current_time();
    const Status written = write_page(workspace, request, output, title, true);
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

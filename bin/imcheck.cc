// imcheck: whether a database is whole; a new one out of what is whole; what it is; small cures.
#include <string>

#include "cli/check_beside.h"
#include "cli/config.h"
#include "cli/files_command.h"
#include "cli/messages.h"
#include "cli/moving.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/backup.h"
#include "imreg/ingest.h"
#include "imreg/upkeep.h"
#include "os/file.h"

namespace {
using namespace imreg;
constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"repair", "NEW.db", "save every row that is whole into a new database"},
    {"stat", "", "say what the database is, without checking it"},
    cli::kFilesOption,
    cli::kSearchOption,
    cli::kFullOption,
    cli::kAllOption,
    {"q", "", "name damage only: no summary, no warnings"},
    {"format", "FORMAT", "of the report: text (default), or json: one object"},
    cli::kSeldom,
    {"rebuild-index", "", "make the index anew"},
    {"trim", "", "empty the journal, give free room behind the rows back"},
    {"compact", "", "take the rows that are marked as deleted out"},
    {"finish", "", "end what an immv or imrm that was stopped had begun"},
    {"j", "N", "threads (one for each processor)"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {"imcheck",
                                   "checks that a database is whole: every row, the header, the journal, the index; "
                                   "saves what is whole of a damaged one",
                                   "[DIR...]",
                                   kOptions,
                                   {"imcheck -db Imreg.db", "imcheck -db Imreg.db -repair saved.db"}};

struct Request {
  const cli::Parsed& args;
  std::string database;
  bool json, quiet;
  CheckOptions options;
  UpkeepOptions upkeep;
  cli::Output output;
};

int trouble(Request& request, const Status& status) {
  if (request.json) request.output.write(report_json(request.database, status));
  return cli::complain(kProgram.name, status), cli::kTrouble;
}

auto watched(Request& request, const auto& work) {
  cli::Progress progress(0, "MB");
  request.options.progress = request.upkeep.progress = [&](auto done, auto all) { progress.at(done >> 20, all >> 20); };
  return work();
}

// What was found, on standard error; the report on standard output. `all`: findings, named or not.
void tell(Request& request, const auto& report, const std::vector<Finding>& findings, std::int64_t all) {
  if (!request.json)
    for (const auto& line : lines_of(findings, all, request.quiet)) cli::warn(kProgram.name, line);
  if (request.json || !request.quiet) request.output.write(request.json ? report_json(report) : report_text(report));
}

int check(Request& request) {
  cli::CheckBeside beside(request.database);
  request.options.expand = beside.expand();
  auto report = watched(request, [&] {
    CheckReport none;
    none.path = folder_of(request.database) + " (header tables without images)";
    return has_headers_only(request.database) ? none : check_database(request.database, request.options);
  });
  if (!report) return trouble(request, report.status());
  beside.check(request.options, *report);
  tell(request, *report, report->findings, report->damages + report->warnings);
  return !report->whole() ? cli::kTrouble : report->warnings > 0 ? cli::kInputs : cli::kOk;
}

int repair(Request& request) {
  const auto report =
      watched(request, [&] { return repair_database(request.database, request.args.word("repair"), request.options); });
  if (!report) return trouble(request, report.status());
  tell(request, *report, report->lost, report->rows_lost + report->changes_lost);
  return report->complete() ? cli::kOk : cli::kInputs;
}

int describe(Request& request) {
  const auto found = describe_database(request.database);
  if (!found) return trouble(request, found.status());
  return request.output.write(request.json ? report_json(*found) : report_text(*found)), cli::kOk;
}

int compact(Request& request) {
  const auto report = watched(request, [&, &o = request.upkeep] {
    return compact_database(request.database, {o.program, o.wait_seconds, o.on_network, nullptr, {}, o.progress});
  });
  if (!report) return trouble(request, report.status());
  for (const auto& note : report->notes) cli::warn(kProgram.name, request.database + ": " + note);
  const auto text = request.json ? report_json(request.database, *report) : report_text(request.database, *report);
  if (request.json || !request.quiet) request.output.write(text);
  return cli::kOk;
}

// A cure that says nothing when it is done, but in JSON, and of damage that stays.
int cured(Request& request, const Result<CureReport>& report) {
  if (!report) return trouble(request, report.status());
  if (report->damaged_rows > 0) cli::warn(kProgram.name, report_text(request.database, *report));
  if (request.json) request.output.write(report_json(request.database, *report));
  return cli::kOk;
}

Status prepare(Request& request) {
  cli::Settings settings(request.args);
  IMREG_ASSIGN(request.database, settings.database());
  const std::string format = request.args.word("format", "text");
  if (!request.json && format != "text") return {Code::invalid, "-format " + format + ": there are text and json"};
  IMREG_ASSIGN(request.options.jobs, request.args.integer("j", 0, 1, 1024));
  IMREG_ASSIGN(request.upkeep.wait_seconds, request.args.number("wait", 10, 0, 1e6));
  request.upkeep.on_network = cli::environment("IMREG_NETWORK") == "yes";
  if (request.args.word("repair", "-").empty()) return {Code::invalid, "-repair needs the name of a new database"};
  return cli::check_verbs(request.args);
}

int work(const cli::Parsed& args) {
  Request request{args, {}, args.word("format") == "json", args.has("q"), {}, {}, cli::Output()};
  if (const Status status = prepare(request); !status.ok()) return cli::complain(kProgram.name, status), cli::kUsage;
  const int code =
      args.has("files")     ? cli::check_files(kProgram, args, request.database, request.output)
      : args.has("repair")  ? repair(request)
      : args.has("stat")    ? describe(request)
      : args.has("compact") ? compact(request)
      : args.has("finish")  ? cli::finish_with(kProgram, request.database, request.json, args)
      : args.has("trim")    ? cured(request, trim_database(request.database, request.upkeep))
      : args.has("rebuild-index")
          ? cured(request, watched(request, [&] { return rebuild_index_of(request.database, request.upkeep); }))
          : check(request);
  request.output.flush();
  return request.output.status().ok() ? code : (cli::complain(kProgram.name, request.output.status()), cli::kTrouble);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

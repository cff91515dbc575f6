// imcheck: whether a database is whole; a new one out of what is whole; what it is; small cures.
#include <string>
#include <utility>

#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/backup.h"
#include "imreg/upkeep.h"
#include "registry/path_roots.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"repair", "NEW.db", "save every row that is whole into a new database"},
    {"rebuild-index", "", "make the index anew"},
    {"trim", "", "empty the journal, give free room behind the rows back"},
    {"compact", "", "take the rows that are marked as deleted out"},
    {"stat", "", "say what the database is, without checking it"},
    {"j", "N", "threads (one for each processor)"},
    {"q", "", "name damage only: no summary, no warnings"},
    {"format", "FORMAT", "of the report: text (default), or json: one object"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {"imcheck",
                                   "checks that a database is whole: every row, the header, the journal, the index; "
                                   "saves what is whole of a damaged one",
                                   "",
                                   kOptions,
                                   {"imcheck -db Imreg.db", "imcheck -db Imreg.db -repair saved.db"},
                                   0,
                                   0};

struct Request {
  const cli::Parsed& args;
  std::string database;
  bool json, quiet;
  CheckOptions options;
  UpkeepOptions upkeep;
  cli::Output output;
};

int trouble(const Status& status) {
  cli::complain(kProgram.name, status);
  return cli::kTrouble;
}

// Progress in megabytes while `work` is under way.
template <class Work>
auto watched(Request& request, const Work& work) {
  cli::Progress progress;
  request.options.progress = [&, shown = std::int64_t{0}](std::int64_t done, std::int64_t all) mutable {
    progress.set_total(all >> 20);
    progress.add((done >> 20) - std::exchange(shown, done >> 20));
  };
  return work();
}

// What was found, on standard error; the report on standard output. `all`: findings, named or not.
template <class Report>
void tell(Request& request, const Report& report, const std::vector<Finding>& findings, std::int64_t all) {
  std::int64_t named = 0;
  for (const auto& finding : findings) {
    named += finding.kind != Finding::Kind::note;
    if (!request.json && (!request.quiet || finding.kind == Finding::Kind::damage))
      cli::warn(kProgram.name, text_of(finding));
  }
  if (!request.json && all > named)
    cli::warn(kProgram.name, std::to_string(named) + " are named; " + std::to_string(all - named) + " more were found");
  if (request.json || !request.quiet) request.output.write(request.json ? report_json(report) : report_text(report));
}

int check(Request& request) {
  const auto report = watched(request, [&] { return check_database(request.database, request.options); });
  if (!report) return trouble(report.status());
  tell(request, *report, report->findings, report->damages + report->warnings);
  return !report->whole() ? cli::kTrouble : report->warnings > 0 ? cli::kInputs : cli::kOk;
}

int repair(Request& request) {
  const auto report =
      watched(request, [&] { return repair_database(request.database, request.args.word("repair"), request.options); });
  if (!report) return trouble(report.status());
  tell(request, *report, report->lost, report->rows_lost + report->changes_lost);
  return report->complete() ? cli::kOk : cli::kInputs;
}

int describe(Request& request) {
  const auto found = describe_database(request.database);
  if (found) request.output.write(request.json ? report_json(*found) : report_text(*found));
  return found ? cli::kOk : trouble(found.status());
}

int compact(Request& request) {
  CompactOptions options{"imcheck", request.upkeep.wait_seconds, request.upkeep.on_network, nullptr, {}, {}};
  const auto report = compact_database(request.database, options);
  if (!report) return trouble(report.status());
  for (const auto& note : report->notes) cli::warn(kProgram.name, request.database + ": " + note);
  if (!request.quiet) request.output.write(report_text(request.database, *report));
  return cli::kOk;
}

int end_of(const Status& status) { return status.ok() ? cli::kOk : trouble(status); }

Status prepare(Request& request) {
  cli::Settings settings(request.args);
  IMREG_ASSIGN(request.database, settings.database());
  const std::string format = request.args.word("format", "text");
  request.json = format == "json";
  if (!request.json && format != "text") return {Code::invalid, "-format " + format + ": there are text and json"};
  request.quiet = request.args.has("q");
  IMREG_ASSIGN(const long long jobs, request.args.integer("j", 0, 1, 1024));
  request.options.jobs = static_cast<int>(jobs);
  IMREG_ASSIGN(request.upkeep.wait_seconds, request.args.number("wait", 10, 0, 1e6));
  request.upkeep.on_network = cli::environment("IMREG_NETWORK") == "yes";
  int verbs = 0;
  for (const char* verb : {"repair", "rebuild-index", "trim", "compact", "stat"}) verbs += request.args.has(verb);
  if (verbs > 1) return {Code::invalid, "-repair, -rebuild-index, -trim, -compact and -stat: one at a time"};
  const bool unnamed = request.args.has("repair") && request.args.word("repair").empty();
  return unnamed ? Status(Code::invalid, "-repair needs the name of a new database") : Status();
}

int work(const cli::Parsed& args) {
  Request request{args, {}, false, false, {}, {}, cli::Output()};
  if (const Status status = prepare(request); !status.ok()) return cli::complain(kProgram.name, status), cli::kUsage;
  const auto roots = PathRoots::load(request.database);
  if (!roots) cli::complain(kProgram.name, roots.status());
  if (roots && !roots->empty())
    request.options.expand = [&roots](std::string_view folder) { return roots->expand(folder); };
  const int code = args.has("repair")          ? repair(request)
                   : args.has("stat")          ? describe(request)
                   : args.has("compact")       ? compact(request)
                   : args.has("trim")          ? end_of(trim_database(request.database, request.upkeep).status())
                   : args.has("rebuild-index") ? end_of(rebuild_index_of(request.database, request.upkeep))
                                               : check(request);
  request.output.flush();
  if (!request.output.status().ok()) return trouble(request.output.status());
  return roots ? code : cli::kTrouble;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

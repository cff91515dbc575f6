// imelixir: runs steps on the lines of queues, or tells those that do so to end. man 1 imelixir.
#include <syslog.h>

#include "acquire/imstats_step.h"
#include "acquire/queue_report.h"
#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/queues.h"
#include "cli/verbs.h"
#include "imreg/elixir.h"
#include "imreg/record_file.h"
#include "imreg/registry.h"

namespace imreg::cli {
namespace {

constexpr Option kOptions[] = {
    kDatabaseOption,
    {"j", "N", "so many steps at once (1)"},
    {"once", "", "end when the queues are empty"},
    {"q", "", "tell of what fails only"},
    {"camera", "NAME|FILE", "use this camera table in the built-in step"},
    {"format", "WORD", "of status: text (default) or json"},
    kWaitOption,
    kConfigOption,
    kDefineOption,
};
constexpr Program kProgram = {"imelixir",
                              "Takes lines from the queues of a database and runs a step on each.",
                              "[status|stop|abort]",
                              kOptions,
                              {"imelixir -db /data -j 4", "imelixir -db /data stop"},
                              0,
                              1};

void tell(ElixirOptions::Grade grade, const std::string& text) {
  constexpr int kPriorities[] = {LOG_INFO, LOG_WARNING, LOG_ERR};
  log(kProgram.name, kPriorities[static_cast<int>(grade)], text);
}

Result<int> work_on(const Parsed& args, const std::string& database, Settings& settings) {
  ElixirOptions options;
  options.database = database;
  IMREG_ASSIGN(options.plans, configured_queues(settings));
  IMREG_ASSIGN(options.cameras, settings.cameras(database));
  RegisterOptions tables;
  tables.cameras = options.cameras;
  tables.camera = options.camera = args.word("camera");
  IMREG_TRY(check_request(tables));
  IMREG_ASSIGN(const auto queues, queue_options(args));
  options.wait_seconds = queues.wait_seconds;
  options.on_network = queues.on_network;
  IMREG_ASSIGN(const auto jobs, args.integer("j", 1, 1, 1024));
  options.jobs = static_cast<int>(jobs);
  options.built_in = imstats_step;
  options.once = args.has("once");
  options.tell = [quiet = args.has("q")](ElixirOptions::Grade grade, const std::string& text) {
    if (!quiet || grade != ElixirOptions::Grade::info) tell(grade, text);
  };
  const auto file = RecordFile::open(database);
  if (!file && file.status().code() != Code::not_found) return file.status();
  std::string queues_served;
  for (const auto& plan : options.plans) queues_served += plan.has_step() ? " " + plan.name : "";
  options.tell(ElixirOptions::Grade::info, "serving" + queues_served + " of " + database + ", " +
                                               counted(jobs, "step") + " at once" +
                                               (file ? "" : "; the database is not there yet"));
  const ElixirReport report = run_elixir(options);
  IMREG_TRY(report.trouble);
  return report.failed > 0 ? kInputs : kOk;
}

Result<int> act(const Parsed& args) {
  Settings settings(args);
  IMREG_ASSIGN(const bool json, wants_json(args));
  // The daemon may be there before the first image is.
  const bool waits = args.positionals.empty() && !args.has("once");
  IMREG_ASSIGN(const std::string database, waits ? settings.database() : database_with_queues(settings));
  if (args.positionals.empty()) return work_on(args, database, settings);
  const std::string& verb = args.positionals[0];
  constexpr std::string_view kWork = "imelixir alone";
  constexpr VerbOption kVerbOptions[] = {{"j", kWork}, {"once", kWork}, {"camera", kWork}, {"format", "status"}};
  IMREG_TRY(check_verb_options(args, verb, kVerbOptions));
  if (verb == "status") {
    IMREG_ASSIGN(const auto processes, elixir_processes(database));
    Output output;
    output.write(json ? acquire::processes_json(processes) : acquire::processes_text(processes));
    return processes.empty() ? kNothing : kOk;
  }
  if (verb != "stop" && verb != "abort")
    return Status(Code::invalid, "there is no \"" + verb + "\"; there are status, stop and abort");
  IMREG_ASSIGN(const double seconds, args.number("wait", 10, 0, 1e6));
  const Status ended = stop_elixir(database, verb == "abort", seconds);
  if (ended.code() != Code::busy && ended.code() != Code::not_found) {
    IMREG_TRY(ended);
    return kOk;
  }
  warn(kProgram.name, ended.message());
  return ended.code() == Code::busy ? kTrouble : kNothing;
}

int work(const Parsed& args) {
  const auto code = act(args);
  return code ? *code : end_with(kProgram.name, code.status());
}

}  // namespace
}  // namespace imreg::cli

int main(int argc, char** argv) { return imreg::cli::run(imreg::cli::kProgram, argc, argv, imreg::cli::work); }

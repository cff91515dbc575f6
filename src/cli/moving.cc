// Options of immv and imrm to MoveOptions, and a MoveReport to lines and an exit code.
#include "cli/moving.h"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "base/text.h"
#include "cli/background.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/registry.h"

namespace imreg::cli {

namespace {

Status read_options(const Program& program, const Parsed& args, MoveOptions& options, bool& json) {
  Settings settings(args);
  IMREG_ASSIGN(options.database, settings.database());
  options.program = program.name;
  options.command = program.name;
  for (const auto& use : args.uses) {
    if (use.name == "r" || use.name == "f" || use.name == "part") options.command += " -" + std::string(use.name);
  }
  for (const auto& word : args.positionals) options.command += " " + word;
  options.dry_run = args.has("n");
  options.part = args.has("part");
  options.recursive = args.has("r");
  options.force = args.has("f");
  options.on_network = environment("IMREG_NETWORK") == "yes";
  IMREG_ASSIGN(options.wait_seconds, args.number("wait", options.wait_seconds, 0, 1e6));
  const std::string format = args.word("format", "text");
  if (format != "text" && format != "json") return {Code::invalid, "-format " + format + ": there are text and json"};
  json = format == "json";
  return {};
}

// As mv does: on standard error, and what is no yes is a no, the end of the input too.
bool ask(std::string_view program, const std::string& from, const std::string& to) {
  std::cerr << program << ": " << (to.empty() ? "remove " : "move ") << visible(from)
            << (to.empty() ? "" : " to " + visible(to)) << "? " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (!::isatty(STDIN_FILENO) || std::cin.eof()) std::cerr << "\n";  // nobody has typed one
  return starts_nocase(trim(answer), "y");
}

}  // namespace

int move_with(const Program& program, const Parsed& args, const MoveWork& work) {
  MoveOptions options;
  bool json = false;
  if (const Status status = read_options(program, args, options, json); !status.ok())
    return complain(program.name, status), kUsage;
  if (args.has("i"))
    options.ask = [&](const std::string& from, const std::string& to) { return ask(program.name, from, to); };
  const MoveReport report = [&] {
    Progress progress(0, "MB");
    options.progress = [&](std::int64_t done, std::int64_t all) { progress.at(done >> 20, all >> 20); };
    return work(options);
  }();
  for (const auto& note : report.notes) warn(program.name, note);
  for (const auto& status : report.refused) complain(program.name, status);
  if (!report.failure.ok()) complain(program.name, report.failure);
  const bool done = report.failure.ok() && report.refused.empty();
  Output output;
  if (json || (done && !report.names.empty()))
    output.write(json ? report_json(report) : report_text(report, args.has("v")));
  output.flush();
  if (!output.status().ok()) complain(program.name, output.status());
  if (report.index_wants_merge) {
    in_background([&options] {
      RegisterOptions merge;
      merge.database = options.database;
      merge.on_network = options.on_network;
      (void)merge_index(merge);
    });
  }
  if (!report.failure.ok() || !output.status().ok()) return kTrouble;
  return !done ? kInputs : report.names.empty() ? kNothing : kOk;
}

int finish_with(const Program& program, const std::string& database, bool json, const Parsed& args) {
  MoveOptions options;
  options.database = database;
  options.program = program.name;
  options.wait_seconds = args.number("wait", options.wait_seconds, 0, 1e6).value_or(options.wait_seconds);
  options.on_network = environment("IMREG_NETWORK") == "yes";
  const MoveReport report = finish_moving(options);
  for (const auto& note : report.notes) warn(program.name, note);
  if (!report.failure.ok()) complain(program.name, report.failure);
  Output output;
  if (json)
    output.write(report_json(report));
  else if (report.failure.ok() && report.notes.empty())
    output.write(database + ": there was nothing to finish\n");
  output.flush();
  return report.failure.ok() && output.status().ok() ? kOk : kTrouble;
}

}  // namespace imreg::cli

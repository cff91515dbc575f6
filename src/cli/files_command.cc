// From options to check_files(), and from its report to lines and an exit code.
#include "cli/files_command.h"

#include <utility>

#include "cli/config.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "imreg/find_files.h"
#include "imreg/upkeep.h"

namespace imreg::cli {

Status check_verbs(const Parsed& args) {
  const char* first = nullptr;
  for (const char* verb : {"repair", "rebuild-index", "trim", "compact", "finish", "stat", "files"}) {
    if (!args.has(verb)) continue;
    if (first) return {Code::invalid, std::string("-") + first + " and -" + verb + ": one at a time"};
    first = verb;
  }
  if (!args.positionals.empty() && !args.has("search"))
    return {Code::invalid, "\"" + args.positionals[0] + "\" is no option; folders stand behind -search"};
  for (const char* name : {"search", "full", "v"}) {
    if (args.has(name) && !args.has("files")) return {Code::invalid, std::string("-") + name + " goes with -files"};
  }
  return {};
}

int check_files(const Program& program, const Parsed& args, const std::string& database, Output& output) {
  const bool json = args.word("format") == "json", quiet = args.has("q");
  const int jobs = static_cast<int>(args.integer("j", 0, 1, 1024).value_or(0));
  const auto trouble = [&](const Status& status) {
    complain(program.name, status);
    if (json) output.write(report_json(database, status));
    return kTrouble;
  };
  Settings settings(args);
  auto cameras = settings.cameras(database);
  if (!cameras) return trouble(cameras.status());
  FindFilesOptions options{jobs, args.has("full"), args.positionals, *std::move(cameras), {}};
  for (const Use* use : args.all("search")) options.search.push_back(use->words[0]);
  const auto report = [&] {
    Progress progress;
    options.progress = [&, shown = std::int64_t{0}](std::int64_t done, std::int64_t all) mutable {
      progress.set_total(all);
      if (done < shown) progress.add(-std::exchange(shown, 0));  // the search begins
      progress.add(done - std::exchange(shown, done));
    };
    return imreg::check_files(database, options);
  }();
  if (!report) return trouble(report.status());
  if (!json) {
    for (const auto& line : lines_of(*report, args.has("v"), !quiet)) warn(program.name, line);
  }
  if (json || !quiet || report->searched) output.write(json ? report_json(*report) : report_text(*report));
  return report->well() ? kOk : kInputs;
}

}  // namespace imreg::cli

// imbackup: brings a copy of a database up to date while others write to it; makes a new database out of the copy.
#include <algorithm>
#include <string>

#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/backup.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"restore", "BACKUP NEW.db", "make the new database NEW.db out of the folder BACKUP"},
    {"full", "", "make the copy anew; the old one stays until that is whole"},
    {"damaged", "", "copy although records are damaged: these stay as the copy has them"},
    {"n", "", "rehearse: say what would be copied, write nothing"},
    cli::kWaitOption,
    {"format", "FORMAT", "of the report: text (default), or json, one object"},
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imbackup", "brings the copy of a database in the folder DEST up to date while others write",  "[DEST]",
    kOptions,   {"imbackup -db Imreg.db /backup/imreg", "imbackup -restore /backup/imreg new.db"}, 0,
    1};

constexpr std::size_t kNamedRows = 10;  // that are damaged; more are summed up

class OneLine {
 public:
  OnProgress shown() {
    return [this](std::int64_t done, std::int64_t all) { progress_.at(done, all); };
  }

 private:
  cli::Progress progress_{0, "rows"};
};

// Says what happened; the exit code.
template <class Report>
int tell(const Report& report, bool json, const std::string& text) {
  const std::size_t named = std::min(report.damaged.size(), kNamedRows);
  for (std::size_t i = 0; i < named; ++i) cli::complain(kProgram.name, report.damaged[i]);
  if (const auto more = report.damaged_rows - static_cast<std::int64_t>(named); more > 0)
    cli::warn(kProgram.name, std::to_string(more) + " more damaged records; imcheck -db names them");
  for (const auto& note : report.notes) cli::warn(kProgram.name, note);
  cli::Output output;
  if (json || report.failure.ok()) output.write(json ? report_json(report) : text);
  output.flush();
  if (!report.failure.ok()) {
    cli::complain(kProgram.name, report.failure);
    return cli::kTrouble;
  }
  if (!output.status().ok()) {
    cli::complain(kProgram.name, output.status());
    return cli::kTrouble;
  }
  return report.damaged_rows > 0 ? cli::kInputs : cli::kOk;
}

Status check(const cli::Parsed& args) {
  const std::string format = args.word("format", "text");
  if (format != "text" && format != "json") return {Code::invalid, "-format " + format + ": there are text and json"};
  for (const auto& word : args.positionals) {
    if (word.empty()) return {Code::invalid, "an empty name of a folder; is a variable of the shell not set?"};
  }
  if (!args.has("restore")) {
    return args.positionals.empty() ? Status(Code::invalid, "name the folder of the copy: imbackup -db Imreg.db DEST")
                                    : Status();
  }
  for (const char* const other : {"db", "full", "n"}) {
    if (args.has(other)) return {Code::invalid, std::string("-restore and -") + other + " do not go together"};
  }
  if (args.word("restore", "", 0).empty() || args.word("restore", "", 1).empty())
    return {Code::invalid, "-restore BACKUP NEW.db: a name is empty; is a variable of the shell not set?"};
  if (!args.positionals.empty()) return {Code::invalid, "-restore takes two names, BACKUP and NEW.db, and no third"};
  return {};
}

int work(const cli::Parsed& args) {
  Status status = check(args);
  BackupOptions options;
  if (const auto seconds = args.number("wait", 10, 0, 1e6); seconds.ok())
    options.wait_seconds = *seconds;
  else if (status.ok())
    status = seconds.status();
  if (status.ok() && !args.has("restore")) {
    cli::Settings settings(args);
    if (const auto database = settings.database(); database.ok())
      options.database = *database;
    else
      status = database.status();
  }
  if (!status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  const bool json = args.word("format", "text") == "json";
  options.on_network = cli::environment("IMREG_NETWORK") == "yes";
  options.damaged = args.has("damaged");
  if (args.has("restore")) {
    RestoreReport report;
    {
      OneLine line;
      report = restore_database({.backup = args.word("restore", "", 0),
                                 .database = args.word("restore", "", 1),
                                 .damaged = options.damaged,
                                 .wait_seconds = options.wait_seconds,
                                 .on_network = options.on_network,
                                 .progress = line.shown()});
    }
    return tell(report, json, report_text(report));
  }
  options.destination = args.positionals[0];
  while (options.destination.size() > 1 && options.destination.back() == '/') options.destination.pop_back();
  options.full = args.has("full");
  options.dry_run = args.has("n");
  BackupReport report;
  {
    OneLine line;
    options.progress = line.shown();
    report = back_up(options);
  }
  return tell(report, json, report_text(report, options.dry_run));
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

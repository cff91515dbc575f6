// imrelocate: files have moved, and the database follows: pathnames of many rows by rules, as one step that can be undone.
#include <iostream>
#include <iterator>
#include <string>

#include "base/text.h"
#include "cli/config.h"
#include "cli/edit_output.h"
#include "cli/filter_options.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/root_options.h"
#include "imreg/relocate.h"
#include "os/file.h"

namespace {

using namespace imreg;

constexpr cli::Option kOwn[] = {
    cli::kDatabaseOption,
    {"go", "", "do it; without -go it is a rehearsal"},
    {"rules", "FILE", "rules, one a line, tried in order; - is standard input", cli::kRepeat},
    {"exists", "all|N", "look for all files at the new place, or for N of them"},
    {"history", "", "list what bulk changes did"},
    {"undo", "N", "take the N-th of them back, 1 is the newest"},
};
constexpr cli::Option kRest[] = {
    {"", "output", ""},
    {"format", "NAME", "text (default) or json"},
    {"v", "", "time and rate, too"},
    cli::kSeldom,
    cli::kWaitOption,
    cli::kZoneOption,
    cli::kNoIndexOption,
    cli::kJobsOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Option kSeldom[] = {cli::kSeldom};
constexpr auto kOptions =
    cli::joined(kOwn, cli::kRootOptions, cli::kFilterOptions, kSeldom, cli::kSeldomFilterOptions, kRest);
constexpr cli::Program kProgram = {"imrelocate",
                                   "files moved from OLD to NEW: changes their paths in the database",
                                   "[OLD NEW | 's|RE|NEW|']...",
                                   kOptions,
                                   {"imrelocate -db Imreg.db /data/piko /data/niele",
                                    "imrelocate -db Imreg.db -go 's|^/data/(piko|niele)|/data/sessions|'"},
                                   0,
                                   -1};

// What is asked for apart from rules.
enum class Task { relocate, history, undo };

Result<Task> task_of(const cli::Parsed& args) {
  const bool rules = !args.positionals.empty() || args.has("rules");
  const struct {
    bool both;
    const char* what;
  } kPairs[] = {
      {args.has("history") && args.has("undo"), "-history and -undo"},
      {args.has("history") && args.has("go"), "-history and -go"},
      {args.has("history") && rules, "-history and rules"},
      {args.has("undo") && rules, "-undo and rules"},
      {args.has("undo") && args.has("exists"), "-undo and -exists"},
      {args.has("n") && args.has("go"), "-n (say what would change) and -go"},
  };
  for (const auto& pair : kPairs) {
    if (pair.both) return Status(Code::invalid, std::string(pair.what) + " do not go together: leave one out");
  }
  const std::string format = args.word("format", "text");
  if (format != "text" && format != "json")
    return Status(Code::invalid, "-format " + format + ": there are text and json");
  return args.has("history") ? Task::history : args.has("undo") ? Task::undo : Task::relocate;
}

Status read_options(const cli::Parsed& args, RelocateOptions& options) {
  cli::Settings settings(args);
  IMREG_TRY(cli::read_filters(args, settings, options.search));
  IMREG_TRY(cli::read_edit_options(args, options.search.database, options.edit));
  options.edit.go = args.has("go");
  options.words = args.positionals;
  options.command = cli::command_of(args, {"go", "format"});
  if (args.has("exists")) {
    constexpr long long kMost = 1'000'000'000;
    IMREG_ASSIGN(options.look_for, args.word("exists") == "all" ? 0 : args.integer("exists", 0, 1, kMost));
  }
  for (const auto* use : args.all("rules")) {
    const std::string& name = use->words[0];
    if (name == "-") {
      options.rule_files.emplace_back("standard input", std::string{std::istreambuf_iterator<char>(std::cin), {}});
    } else {
      IMREG_ASSIGN(std::string text, read_file(name));
      options.rule_files.emplace_back(name, std::move(text));
    }
  }
  return {};
}

template <class Report>
int tell(const cli::Parsed& args, const Result<Report>& report, const BulkEditOptions& options) {
  if (!report) return cli::end_with(kProgram.name, report.status());
  const bool json = args.word("format") == "json";
  return cli::tell_edit(kProgram.name, args, report->edit, options,
                        json ? report_json(*report, options) : report_text(*report));
}

int work(const cli::Parsed& args) {
  RelocateOptions options;
  const auto task = task_of(args);
  if (const Status status = task ? read_options(args, options) : task.status(); !status.ok())
    return cli::end_with(kProgram.name, status);
  if (const auto code = cli::work_on_roots(kProgram, args, options.edit)) return *code;
  if (*task == Task::history) {
    const bool json = args.word("format") == "json";
    const auto text = history_report(options.edit.database, json ? HistoryFormat::json : HistoryFormat::text);
    if (!text) return cli::end_with(kProgram.name, text.status());
    cli::Output output;
    output.write(text->text);
    output.flush();
    if (!text->whole.ok()) return cli::end_with(kProgram.name, text->whole);
    return !output.status().ok() ? cli::end_with(kProgram.name, output.status())
           : text->text.empty()  ? cli::kNothing
                                 : cli::kOk;
  }
  cli::Progress progress(0, "rows");
  options.edit.progress = [&](std::int64_t done, std::int64_t all) { progress.at(done, all); };
  if (*task == Task::undo) {
    const auto n = args.integer("undo", 1, 1, 1'000'000'000);
    const auto report = n ? undo_change(options.edit, *n) : Result<UndoReport>(n.status());
    const int code = tell(args, report, options.edit);
    return code == cli::kNothing && !report->roots.empty() ? cli::kOk : code;
  }
  const auto report = relocate_paths(options);
  for (const auto& warning : report ? warnings_of(*report) : std::vector<std::string>())
    cli::warn(kProgram.name, warning);
  return tell(args, report, options.edit);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

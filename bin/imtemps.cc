// imtemps: what temperature probes showed, from their logs to a database and to the rows of its images.
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "cli/edit_output.h"
#include "cli/filter_options.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/temperature_options.h"
#include "cli/verbs.h"
#include "imreg/temps.h"
#include "os/file.h"
#include "registry/search_filters.h"
#include "registry/temperature_fill.h"

namespace {

using namespace imreg;

constexpr cli::Option kOwn[] = {
    cli::kDatabaseOption,
    {"o", "FILE", "extract: write to FILE instead of standard output"},
    {"go", "", "fill: do it; without -go it is a rehearsal"},
    {"format", "NAME", "text (default) or json"},
};
constexpr cli::Option kRest[] = {
    {"", "more", ""},   {"v", "", "fill: time and rate, too"},
    cli::kSeldom,       cli::kWaitOption,
    cli::kZoneOption,   cli::kNoIndexOption,
    cli::kJobsOption,   cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Option kSeldom[] = {cli::kSeldom};
constexpr auto kOptions = cli::joined(kOwn, cli::kFilterOptions, kSeldom, cli::kSeldomFilterOptions, kRest);
constexpr cli::Program kProgram = {
    "imtemps",
    "takes logs of temperature probes, gives extracts, completes rows without temperatures",
    "import|extract|fill|list [LOG... | FROM TO|RANGE]",
    kOptions,
    {"imtemps -db night.db import tonight.log", "imtemps -db night.db -go fill -time 2001/01/27 1d"},
    1,
    -1};
constexpr std::size_t kLongest = std::size_t{1} << 31;  // bytes of a log

struct Work {
  const cli::Parsed& args;
  cli::Settings settings;
  std::string database;
  bool json = false;
  std::vector<std::string> words;  // behind the verb
  cli::Output output;
};

Result<int> import(Work& work) {
  TemperatureStore store;
  store.database = work.database;
  store.on_network = cli::environment("IMREG_NETWORK") == "yes";
  IMREG_ASSIGN(store.wait_seconds, work.args.number("wait", store.wait_seconds, 0, 1e6));
  if (work.words.empty()) return Status(Code::invalid, "import LOG...: which? - is standard input");
  IMREG_ASSIGN(const auto options, cli::temperature_options(work.settings, work.database));
  TemperatureText all;
  TemperatureImport sum;
  bool unreadable = false;
  for (const auto& name : work.words) {
    auto text = name == "-" ? std::string{std::istreambuf_iterator<char>(std::cin), {}} : read_file(name, kLongest);
    if (!text) {
      unreadable = true;
      cli::complain(kProgram.name, text.status());
      continue;
    }
    if (name != "-" && !text->empty() && text->back() != '\n') {  // somebody is writing it
      text->resize(text->rfind('\n') + 1);
      cli::warn(kProgram.name, name + ": its last line has no end yet and is left; import again when it has");
    }
    auto read = read_temperatures(*text, name == "-" ? "standard input" : name, options.probes);
    for (const auto& fault : read.faults) cli::complain(kProgram.name, fault);
    if (const auto more = read.bad_lines - std::ssize(read.faults); more > 0)
      cli::warn(kProgram.name, name + ": " + counted(more, "more line") + " of no meaning");
    IMREG_ASSIGN(const auto report, import_temperatures(store, std::move(read.entries)));
    for (const auto& note : report.notes) cli::warn(kProgram.name, work.database + ".temps: " + note);
    all.add_counts(read);
    sum.add(report);
  }
  work.output.write(work.json ? report_json(sum, all) : report_text(sum, all));
  return unreadable || all.bad_lines > 0 ? cli::kInputs : cli::kOk;
}

Result<int> extract(Work& work) {
  if (work.words.size() != 2)
    return Status(Code::invalid, "extract FROM TO: two dates are needed, or a date and a range");
  DateSettings dates;
  IMREG_TRY(cli::read_dates(work.args, work.settings, true, dates));
  IMREG_ASSIGN(const TimeRange times, parse_time_range(work.words[0], work.words[1], dates));
  IMREG_ASSIGN(const auto output, cli::Output::to_file(work.args.word("o", "-")));
  const auto count = extract_temperatures(work.database, times.first, times.last, output->sink());
  IMREG_TRY(output->finish(count.ok()));
  IMREG_TRY(count.status());
  return *count > 0 ? cli::kOk : cli::kNothing;
}

Result<int> list(Work& work) {
  IMREG_ASSIGN(const auto options, cli::temperature_options(work.settings, work.database));
  IMREG_ASSIGN(const auto probes, list_temperatures(work.database));
  for (const auto& probe : probes)
    work.output.write(work.json ? report_json(probe, options) : report_text(probe, options));
  return probes.empty() ? cli::kNothing : cli::kOk;
}

Result<int> fill(Work& work) {
  SearchOptions search;
  BulkEditOptions options;
  IMREG_TRY(cli::read_filters(work.args, work.settings, search));
  IMREG_TRY(cli::read_edit_options(work.args, work.database, options));
  options.go = work.args.has("go");
  IMREG_ASSIGN(const auto temperatures, cli::temperature_options(work.settings, work.database));
  if (!work.words.empty()) return Status(Code::invalid, "fill takes filters, as -time DATE RANGE, and no other words");
  IMREG_ASSIGN(const auto report, fill_temperatures(search, temperatures, options, cli::command_of(work.args, {"go"})));
  return cli::tell_edit(kProgram.name, work.args, report.edit, options,
                        work.json ? report_json(report, options) : report_text(report));
}

int work(const cli::Parsed& args) {
  Work work{args, cli::Settings(args), {}, args.word("format") == "json", args.positionals, cli::Output()};
  const std::string verb = work.words.front();
  work.words.erase(work.words.begin());
  constexpr std::pair<std::string_view, Result<int> (*)(Work&)> kVerbs[] = {
      {"import", import}, {"extract", extract}, {"fill", fill}, {"list", list}};
  const auto at = std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const auto& v) { return v.first == verb; });
  const auto database = work.settings.database();
  constexpr cli::VerbOption kVerbOptions[] = {{"o", "extract"}, {"go", "fill"}};
  Status status = database.ok() ? cli::check_verb_options(args, verb, kVerbOptions) : database.status();
  if (at == std::end(kVerbs))
    status = {Code::invalid, "\"" + visible(verb) + "\": there are import, extract, fill, list"};
  if (args.has("format") && !work.json && args.word("format") != "text")
    status = {Code::invalid, "-format " + args.word("format") + ": there are text and json"};
  if (!status.ok()) return cli::end_with(kProgram.name, status);
  work.database = *database;
  const auto code = at->second(work);
  work.output.flush();
  if (!code) return cli::end_with(kProgram.name, code.status());
  return work.output.status().ok() ? *code : cli::end_with(kProgram.name, work.output.status());
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

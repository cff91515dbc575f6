// imsearch: finds images in the registration database and prints them.

#include <set>
#include <string>

#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/row_output.h"
#include "imreg/registry.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"ccd", "ID", "number or chip name of the CCD: 3,ccd07,10-12", cli::kRepeat},
    {"ccdn", "N", "number of the CCD", cli::kRepeat},
    {"type", "WORD", "object, dark, bias, flat, mask, fringe, scatter ...", cli::kRepeat},
    {"mode", "WORD", "MEF, SPLIT, SINGLE, CUBE, SLICE", cli::kRepeat},
    {"filter", "NAME", "filter, by any of its names; X is any", cli::kRepeat},
    {"name", "TEXT", "file name: its beginning, or a pattern with * ?", cli::kRepeat},
    {"object", "NAME", "target, blanks and case aside; or a pattern", cli::kRepeat},
    {"etime", "S", "exposure time, within 1 % and 5 s; or a range 60-600", cli::kRepeat},
    {"proc", "t|f", "bias measured or not", cli::kRepeat},
    {"dist", "t|f", "distributed or not", cli::kRepeat},
    {"time", "DATE RANGE", "exposures within RANGE (1d, -2h) from DATE on", cli::kRepeat},
    {"trange", "DATE DATE|RANGE", "exposures between two dates, or in RANGE from DATE", cli::kRepeat},
    cli::kFormatOption,
    {"fields", "A,B,C", "print these fields, as a table without -format"},
    {"treg", "", "the row has the registration time instead of obstime"},
    cli::kTriggerOption,
    cli::kTableOption,
    cli::kBintableOption,
    cli::kOutOption,
    cli::kNoPagerOption,
    cli::kZoneOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imsearch",
    "finds registered images; without filters, all of them. All filters must hold; '!' before a value negates it",
    "",
    kOptions,
    {"imsearch -db night.db -type object -trange 2001/01/27 1d",
     "imsearch -filter r -ccd '!3' -format csv -fields filename,ccd,obstime"},
    0,
    0};

Status read_dates(const cli::Parsed& args, cli::Settings& settings, DateSettings& dates) {
  dates.now = current_time();
  IMREG_ASSIGN(dates.tz_hours, args.number("tz", 0, -14, 14));
  // A search must not read files that it does not need: REFDATE concerns dates only.
  if (!args.has("time") && !args.has("trange")) return {};
  IMREG_ASSIGN(const cli::Config* config, settings.config());
  if (!config->has("REFDATE")) return {};
  IMREG_ASSIGN(const std::string text, config->get("REFDATE"));
  const auto reference = parse_date(text, dates);
  if (!reference) return {Code::invalid, "REFDATE: " + reference.status().message()};
  dates.reference = *reference;
  return {};
}

// A shell variable that is not set: it must neither match everything nor nothing.
Status check_words(const cli::Parsed& args) {
  for (const auto& use : args.uses) {
    for (const auto& word : use.words) {
      if (word.empty() || word == "!")
        return {Code::invalid, "-" + std::string(use.name) + " has an empty word; is a variable of the shell not set?"};
    }
  }
  return {};
}

Status read_options(const cli::Parsed& args, cli::Settings& settings, SearchOptions& options) {
  IMREG_TRY(check_words(args));
  IMREG_ASSIGN(options.database, settings.database());
  IMREG_ASSIGN(options.cameras.folders, cli::Settings::camera_folders(options.database));
  IMREG_TRY(read_dates(args, settings, options.dates));
  for (const auto& use : args.uses) {
    if (is_search_filter(use.name)) options.filters.push_back({std::string(use.name), use.words});
  }
  if (args.has("fields")) {
    const std::string names = args.word("fields");  // split() gives views into it
    for (const auto name : split(names, ',')) options.emit.fields.emplace_back(trim(name));
  }
  options.emit.registration_time = args.has("treg");
  options.emit.tz_hours = options.dates.tz_hours;
  return {};
}

// A trap: what asks for two types at once finds nothing, and looks as if there were nothing.
void explain_nothing(const cli::Parsed& args) {
  for (const char* name : {"type", "ccd", "mode"}) {
    std::set<std::string> words;
    for (const auto* use : args.all(name)) {
      if (!use->words[0].starts_with('!')) words.insert(use->words[0]);
    }
    if (words.size() < 2) continue;
    cli::warn(kProgram.name, std::string("nothing matched: -") + name +
                                 " stands several times, and an image must match all of them; -" + name + " " +
                                 *words.begin() + "," + *words.rbegin() + " takes either");
  }
}

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  SearchOptions options;
  if (const Status status = read_options(args, settings, options); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  const auto out = cli::open_row_output(args);
  if (!out) {
    cli::complain(kProgram.name, out.status());
    return out.status().code() == Code::invalid ? cli::kUsage : cli::kTrouble;
  }
  options.format = out->format;
  if (out->output->terminal()) options.emit.width = cli::terminal_columns();
  const auto report = search(options, out->output->sink());
  const Status written = out->output->finish(report.ok());
  if (!report) {
    cli::complain(kProgram.name, report.status());
    const bool usage = report.status().file().empty() &&
                       (report.status().code() == Code::invalid || report.status().code() == Code::not_found);
    return usage ? cli::kUsage : cli::kTrouble;
  }
  for (const auto& status : report->damaged) cli::complain(kProgram.name, status);
  if (!written.ok()) {
    cli::complain(kProgram.name, written);
    return cli::kTrouble;
  }
  if (!report->damaged.empty()) return cli::kTrouble;
  if (report->matched > 0) return cli::kOk;
  explain_nothing(args);
  return cli::kNothing;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

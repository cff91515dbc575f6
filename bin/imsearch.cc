// imsearch: finds images in the registration database and prints them.

#include <string>

#include "cli/config.h"
#include "cli/interrupt.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/row_output.h"
#include "imreg/registry.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"", "filters", "all must hold; a list r,i is alternatives, ! before it negates"},
    {"type", "WORD", "object,dark,flat ...", cli::kRepeat},
    {"filter", "NAME", "r,i", cli::kRepeat},
    {"name", "TEXT", "file: begins so, or * ?", cli::kRepeat},
    {"object", "NAME", "target: M31,'NGC*'", cli::kRepeat},
    {"time", "DATE RANGE", "exposures within RANGE (1d, -2h) from DATE on", cli::kRepeat},
    {"where", "EXPR", "a condition: 'exptime > 60 and type in (flat,dark)'", cli::kRepeat},
    {"cone", "RA DEC RADIUS", "within RADIUS (0.5d, 30', 5\") of a position", cli::kRepeat},
    {"near-to", "FILE|ROW", "the frames of -type that suit an image best"},
    cli::kSeldom,
    {"ccd", "ID", "the CCD by number or name: 3,7-9", cli::kRepeat},
    {"ccdn", "N", "the CCD by number only", cli::kRepeat},
    {"mode", "WORD", "how the file holds its CCDs: MEF, SPLIT, SINGLE ...", cli::kRepeat},
    {"etime", "S", "the exposure time: 60, or 60-600", cli::kRepeat},
    {"trange", "DATE DATE|RANGE", "between two dates, or RANGE; several: any", cli::kRepeat},
    {"box", "RA RA DEC DEC", "between two meridians and two parallels", cli::kRepeat},
    {"polygon", "CORNERS", "inside 'RA,DEC RA,DEC RA,DEC ...'", cli::kRepeat},
    {"proc", "t|f", "the bias is measured, or not", cli::kRepeat},
    {"dist", "t|f", "the image is distributed, or not", cli::kRepeat},
    {"days", "N", "-near-to: at most so many days away"},
    {"tolerance", "S|P%", "-near-to: by which exposure times may differ"},
    {"", "order", "and amount over the whole result"},
    {"sort", "KEYS", "-obstime,filename"},
    {"limit", "N", "at most so many"},
    {"last", "N", "the newest"},
    {"count", "", "print only how many"},
    {"group", "FIELDS", "a row per value"},
    {"unique", "", "one per file and CCD"},
    cli::kSeldom,
    {"offset", "N", "leave out the first N"},
    {"", "output", "row, trigger, table, csv, tsv, json, votable, npy, fits or fits-table"},
    cli::kFormatOption,
    cli::kOutOption,
    {"fields", "A,B,C", "these columns; with -group: count,mean(fwhm)"},
    cli::kSeldom,
    {"follow", "", "print rows as they come"},
    {"changed", "", "-follow: also rows that change"},
    {"treg", "", "the row has the registration time"},
    cli::kTriggerOption,
    cli::kTableOption,
    cli::kBintableOption,
    cli::kNoPagerOption,
    cli::kZoneOption,
    {"explain", "", "tell what is done, instead of the rows"},
    {"j", "N", "threads (default: processors)"},
    {"noindex", "", "look at every row"},
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {"imsearch",
                                   "finds registered images; without filters, all",
                                   "",
                                   kOptions,
                                   {"imsearch -db night.db -type object -time 2001/01/27 1d",
                                    "imsearch -where 'exptime > 60 and fwhm < 5' -sort -obstime -format csv"},
                                   0,
                                   0};

Status read_dates(const cli::Parsed& args, cli::Settings& settings, DateSettings& dates) {
  dates.now = current_time();
  IMREG_ASSIGN(dates.tz_hours, args.number("tz", 0, -14, 14));
  // A search must not read files that it does not need: REFDATE concerns dates only.
  if (!args.has("time") && !args.has("trange") && !args.has("where")) return {};
  IMREG_ASSIGN(const cli::Config* config, settings.config());
  return config->has("REFDATE") ? cli::read_reference_date(*config, dates) : Status();
}

Status read_options(const cli::Parsed& args, SearchOptions& options) {
  cli::Settings settings(args);
  IMREG_TRY(cli::check_words(args));
  IMREG_ASSIGN(options.database, settings.database());
  IMREG_ASSIGN(options.cameras.folders, cli::Settings::camera_folders(options.database));
  IMREG_TRY(read_dates(args, settings, options.dates));
  for (const auto& use : args.uses) {
    if (is_search_filter(use.name)) options.filters.push_back({std::string(use.name), use.words});
    if (use.name == "where") options.where.push_back(use.words[0]);
  }
  constexpr long long kMost = 1'000'000'000'000;  // rows
  IMREG_ASSIGN(options.offset, args.integer("offset", 0, 0, kMost));
  for (const auto& [name, number] : {std::pair("limit", &options.limit), std::pair("last", &options.last)}) {
    if (!args.has(name)) continue;
    IMREG_ASSIGN(*number, args.integer(name, 0, 0, kMost));
  }
  IMREG_ASSIGN(options.days, args.number("days", options.days, 0, 1e6));
  IMREG_ASSIGN(const long long jobs, args.integer("j", 0, 1, 256));
  options.jobs = static_cast<int>(jobs);
  options.sort = args.word("sort");
  if (args.has("group")) options.group = args.word("group");
  options.near_to = args.word("near-to");
  options.tolerance = args.word("tolerance");
  options.unique = args.has("unique");
  options.count = args.has("count");
  options.explain = args.has("explain");
  options.changed = args.has("changed");
  options.use_index = !args.has("noindex");
  if (args.has("fields")) options.emit.fields = cli::list_of_words(args.word("fields"));
  options.emit.registration_time = args.has("treg");
  options.emit.tz_hours = options.dates.tz_hours;
  if (args.has("changed") && !args.has("follow")) return {Code::invalid, "-changed is for -follow only"};
  return {};
}

int work(const cli::Parsed& args) {
  SearchOptions options;
  if (const Status status = read_options(args, options); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  const auto out = cli::open_row_output(args);
  if (!out) {
    cli::complain(kProgram.name, out.status());
    return out.status().code() == Code::invalid ? cli::kUsage : cli::kTrouble;
  }
  options.format = out->format;
  if (!out->note.empty()) cli::warn(kProgram.name, out->note);
  if (out->output->terminal()) options.emit.width = cli::terminal_columns();
  options.emit.ascii = !cli::utf8_locale();
  const bool follow = args.has("follow");
  const auto wait = [&] { return out->output->flush() && cli::wait_unless_ended(0.2); };
  const auto report = follow ? follow_rows(options, out->output->sink(), wait) : search(options, out->output->sink());
  const Status written = out->output->finish(report.ok());
  if (!report) return cli::end_with(kProgram.name, report.status());
  cli::complain(kProgram.name, report->damaged);
  for (const auto& note : report->notes) cli::warn(kProgram.name, note);
  if (!written.ok()) return cli::end_with(kProgram.name, written);
  if (!report->damaged.empty()) return cli::kTrouble;
  return report->matched > 0 || follow ? cli::kOk : cli::kNothing;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

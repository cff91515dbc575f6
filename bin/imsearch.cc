// imsearch: finds images in the registration database and prints them.

#include <string>

#include "cli/config.h"
#include "cli/edit_output.h"
#include "cli/filter_options.h"
#include "cli/interrupt.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/row_output.h"
#include "imreg/ingest.h"
#include "imreg/join.h"
#include "imreg/registry.h"
#include "os/file.h"

namespace {

using namespace imreg;

constexpr cli::Option kDatabase[] = {cli::kDatabaseOption};
constexpr cli::Option kNear[] = {
    {"near-to", "FILE|ROW", "the frames of -type that suit an image best"},
    cli::kSeldom,
};
constexpr cli::Option kRest[] = {
    {"from", "TABLE", "header rows of this table of the folder -db (imingest), instead of images"},
    {"with", "TABLE", "also fields TABLE.KEYWORD of the same file or observation", cli::kRepeat},
    {"by", "KEY", "-with: always by file, or by rootname"},
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
    cli::kJobsOption,
    cli::kNoIndexOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr auto kOptions =
    cli::joined(kDatabase, cli::kFilterOptions, kNear, cli::kSeldomFilterOptions, kRest, cli::kModifyOptions);
constexpr cli::Program kProgram = {"imsearch",
                                   "finds registered images; without filters, all",
                                   "",
                                   kOptions,
                                   {"imsearch -db night.db -type object -time 2001/01/27 1d",
                                    "imsearch -where 'exptime > 60 and fwhm < 5' -sort -obstime -format csv"},
                                   0,
                                   0};

Status read_options(const cli::Parsed& args, SearchOptions& options, JoinOptions& join) {
  cli::Settings settings(args);
  IMREG_TRY(cli::read_filters(args, settings, options));
  IMREG_TRY(cli::check_modify(args));
  join.folder = folder_of(options.database);
  for (const auto* use : args.all("with")) join.tables.push_back(use->words[0]);
  join.by = args.word("by");
  if (args.has("from")) {
    join.from = args.word("from");
    IMREG_ASSIGN(options.database, header_table_path(join.folder, join.from));
  }
  constexpr long long kMost = 1'000'000'000'000;  // rows
  IMREG_ASSIGN(options.offset, args.integer("offset", 0, 0, kMost));
  for (const auto& [name, number] : {std::pair("limit", &options.limit), std::pair("last", &options.last)}) {
    if (!args.has(name)) continue;
    IMREG_ASSIGN(*number, args.integer(name, 0, 0, kMost));
  }
  IMREG_ASSIGN(options.days, args.number("days", options.days, 0, 1e6));
  options.sort = args.word("sort");
  if (args.has("group")) options.group = args.word("group");
  options.near_to = args.word("near-to");
  options.tolerance = args.word("tolerance");
  options.unique = args.has("unique");
  options.count = args.has("count");
  options.explain = args.has("explain");
  options.changed = args.has("changed");
  if (args.has("fields")) options.emit.fields = cli::list_of_words(args.word("fields"));
  options.emit.registration_time = args.has("treg");
  options.emit.tz_hours = options.dates.tz_hours;
  if (args.has("changed") && !args.has("follow")) return {Code::invalid, "-changed is for -follow only"};
  if (args.has("by") && !args.has("with")) return {Code::invalid, "-by is for -with only"};
  if (args.has("with") && args.has("follow")) return {Code::invalid, "-with does not go with -follow"};
  return {};
}

int work(const cli::Parsed& args) {
  SearchOptions options;
  JoinOptions join;
  if (const Status status = read_options(args, options, join); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  if (args.has("modify") || args.has("delete")) return cli::modify_rows_of(kProgram.name, args, options);
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
  const auto report =
      follow ? follow_rows(options, out->output->sink(), wait) : search_joined(options, join, out->output->sink());
  const Status written = out->output->finish(report.ok());
  if (!report) return cli::end_with(kProgram.name, with_table_hint(report.status(), join));
  cli::complain(kProgram.name, report->damaged);
  for (const auto& note : report->notes) cli::warn(kProgram.name, note);
  if (!written.ok()) return cli::end_with(kProgram.name, written);
  if (!report->damaged.empty()) return cli::kTrouble;
  return report->matched > 0 || follow ? cli::kOk : cli::kNothing;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

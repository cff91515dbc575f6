// imkeys: what there is in the header tables of a folder: tables, keywords, values.
#include "cli/config.h"
#include "cli/filter_options.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/row_output.h"
#include "imreg/keys.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"db", "DIR", "the folder that imingest wrote (default .)"},
    {"from", "TABLE", "only this table, or those that match a pattern", cli::kRepeat},
    {"where", "EXPR", "only rows for which this holds: 'EXPTIME > 100'", cli::kRepeat},
    {"format", "NAME", "table (default), csv, tsv, json, votable, npy, fits or fits-table"},
    cli::kOutOption,
    {"fields", "A,B,C", "these columns: keyword,rows,common"},
    cli::kNoPagerOption,
    cli::kZoneOption,
    cli::kJobsOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imkeys",
    "tells which tables and keywords there are, and which values they have",
    "[TABLE|KEYWORD]",
    kOptions,
    {"imkeys -db /data/headers wfc_flt_1", "imkeys -db /data/headers 'DATE*' -format csv"},
    0,
    1};

Status read_options(const cli::Parsed& args, KeyOptions& options) {
  IMREG_TRY(cli::check_words(args));
  cli::Settings settings(args);
  if (args.has("c")) IMREG_TRY(settings.config().status());
  IMREG_TRY(cli::read_dates(args, settings, args.has("where"), options.dates));
  options.folder = args.word("db", ".");
  if (!args.positionals.empty()) options.word = args.positionals[0];
  for (const auto* use : args.all("from")) options.tables.push_back(use->words[0]);
  for (const auto* use : args.all("where")) options.where.push_back(use->words[0]);
  IMREG_ASSIGN(const long long jobs, args.integer("j", 0, 1, 256));
  options.jobs = static_cast<int>(jobs);
  if (args.has("fields")) options.emit.fields = cli::list_of_words(args.word("fields"));
  options.emit.tz_hours = options.dates.tz_hours;
  return {};
}

int work(const cli::Parsed& args) {
  KeyOptions options;
  if (const Status status = read_options(args, options); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  const auto out = cli::open_row_output(args);
  if (!out) return cli::end_with(kProgram.name, out.status());
  options.format = out->format == "row" && !args.has("format") ? "table" : out->format;
  if (out->output->terminal()) options.emit.width = cli::terminal_columns();
  options.emit.ascii = !cli::utf8_locale();
  bool faulty = false;
  options.on_fault = [&](const Status& fault) {
    cli::complain(kProgram.name, fault);
    faulty = true;
  };
  options.on_note = [](const std::string& note) { cli::warn(kProgram.name, note); };
  const auto lines = list_keys(options, out->output->sink());
  const Status written = out->output->finish(lines.ok());
  if (lines.status().code() == Code::not_found) {
    cli::complain(kProgram.name, lines.status());
    return faulty ? cli::kTrouble : cli::kNothing;  // what was not read may have it
  }
  if (!lines) return cli::end_with(kProgram.name, lines.status());
  if (!written.ok()) return cli::end_with(kProgram.name, written);
  return faulty ? cli::kTrouble : *lines > 0 ? cli::kOk : cli::kNothing;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

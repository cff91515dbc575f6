// imregtable: merges registration databases into one.
#include <string>

#include "base/json.h"
#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/registry.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"n", "", "rehearse: read and check everything, write nothing"},
    {"v", "", "name every row that is left out"},
    {"format", "FORMAT", "of the report: text (default), or json"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imregtable",
    "merges other registration databases, Elixir's too, into one, without duplicates",
    "OTHER.db...",
    kOptions,
    {"imregtable -db all.db night1.db night2.db", "imregtable -n -db Imreg.db elixir.db"},
    1,
    -1};

constexpr std::size_t kNamedRows = 10;  // that are left out; more are summed up

struct Count {
  const char* name;
  std::int64_t MergedSource::*number;
};
constexpr Count kCounts[] = {{"rows", &MergedSource::rows},         {"added", &MergedSource::added},
                             {"updated", &MergedSource::updated},   {"unchanged", &MergedSource::unchanged},
                             {"repeated", &MergedSource::repeated}, {"deleted", &MergedSource::deleted},
                             {"left_out", &MergedSource::left_out}};

std::string report_text(const MergedSource& source, bool dry_run) {
  std::string out = source.path + ": " + counted(source.rows, "row") + ": ";
  for (const auto& [name, number] : kCounts) {
    const bool always =
        number == &MergedSource::added || number == &MergedSource::updated || number == &MergedSource::unchanged;
    if (number == &MergedSource::rows || (!always && source.*number == 0)) continue;
    out += (out.ends_with(": ") ? "" : ", ") + std::to_string(source.*number) + " " +
           (number == &MergedSource::left_out ? "left out" : name);
  }
  return out + (dry_run ? "; nothing is written (-n)\n" : "\n");
}

std::string report_json(const MergedSource& source) {
  std::string out = "{\"database\":" + json_text(source.path);
  for (const auto& [name, number] : kCounts) out += std::string(",\"") + name + "\":" + std::to_string(source.*number);
  return out + ",\"error\":" + (source.failure.ok() ? "null" : json_text(source.failure.message())) + "}\n";
}

Status read_options(const cli::Parsed& args, MergeOptions& options, bool& json) {
  cli::Settings settings(args);
  IMREG_ASSIGN(options.database, settings.database());
  options.dry_run = args.has("n");
  options.on_network = cli::environment("IMREG_NETWORK") == "yes";
  IMREG_ASSIGN(options.wait_seconds, args.number("wait", options.wait_seconds, 0, 1e6));
  for (const auto& word : args.positionals) {
    if (word.empty()) return {Code::invalid, "an empty name of a database; is a variable of the shell not set?"};
    options.sources.push_back(cli::database_file(word));
  }
  const std::string format = args.word("format", "text");
  if (format != "text" && format != "json") return {Code::invalid, "-format " + format + ": there are text and json"};
  json = format == "json";
  return {};
}

int work(const cli::Parsed& args) {
  MergeOptions options;
  bool json = false;
  if (const Status status = read_options(args, options, json); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  bool incomplete = false;
  MergeReport report;
  {
    cli::Progress progress;
    cli::Tally left_out(kNamedRows);
    std::int64_t shown = 0;
    report = merge_databases(
        options,
        [&](const Status& status) {
          if (args.has("v"))
            cli::complain(kProgram.name, status);
          else
            left_out.add(status.file(), status.text());
        },
        [&](std::int64_t done, std::int64_t all) {
          progress.set_total(all);
          progress.add(done - shown);
          shown = done;
        });
    left_out.tell(kProgram.name, "left out", "rows");
  }
  for (const auto& note : report.notes) cli::warn(kProgram.name, options.database + ": " + note);
  cli::Output output;
  for (const auto& source : report.sources) {
    incomplete |= !source.failure.ok() || source.left_out > 0;
    if (!source.failure.ok()) cli::complain(kProgram.name, source.failure);
    if (!report.database.ok()) continue;  // what was counted is not what was written
    if (json || source.failure.ok()) output.write(json ? report_json(source) : report_text(source, options.dry_run));
  }
  output.flush();
  for (const Status& status : {report.database, output.status()}) {
    if (status.ok()) continue;
    cli::complain(kProgram.name, status);
    return cli::kTrouble;
  }
  return incomplete ? cli::kInputs : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

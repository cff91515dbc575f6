// imstatreg: puts statistics that imstats measured (or Elixir's programs did) into the rows of the registration database.
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include "base/text.h"
#include "cli/background.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "imreg/registry.h"
#include "imreg/statistics.h"
#include "os/file.h"
#include "os/walk.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"pending", "", "list what waits for its image to be registered"},
    {"forget", "NAME", "with -pending: take out what waits for this file, and list that"},
    {"format", "FORMAT", "of the report: text (default), or json: one object"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {"imstatreg",
                                   "puts what imstats measured into the rows of the images",
                                   "[STATSFILE...]",
                                   kOptions,
                                   {"imstats -format json night/*.fits | imstatreg -db night.db",
                                    "imstatreg -db night.db 1o.fits 1o/1o00.stats 1o/1o00.sdat"},
                                   0,
                                   -1};

constexpr std::size_t kLongest = std::size_t{1} << 30;  // bytes of a file of statistics
constexpr std::size_t kNamedFaults = 20;

// A .stats file of Elixir has its stars in another file, which may not be there when nobody named it.
void add_file(const std::string& path, const std::string& sdat_path, bool is_named, StatisticsText& all) {
  auto text = read_file(path, kLongest);
  if (!text) {
    all.faults.push_back(text.status());
    return;
  }
  std::optional<std::string> sdat;
  if (is_elixir_statistics(*text, path) && (is_named || !is_missing(sdat_path))) {
    auto stars = read_file(sdat_path, kLongest);
    if (stars)
      sdat = *std::move(stars);
    else
      all.faults.push_back(stars.status());
  }
  StatisticsText read = read_statistics(*text, path, sdat);
  if (read.entries.empty() && read.faults.empty())
    read.faults.push_back(Status(Code::invalid, "holds no statistics").in_file(path));
  std::move(read.entries.begin(), read.entries.end(), std::back_inserter(all.entries));
  std::move(read.faults.begin(), read.faults.end(), std::back_inserter(all.faults));
}

StatisticsText read_all(const std::vector<std::string>& names) {
  StatisticsText all;
  if (names.size() == 3 && is_image_name(names[0])) {  // as Elixir called it: image, stats, sdat
    add_file(names[1], names[2], true, all);
    for (auto& entry : all.entries) entry.path = absolute_path(names[0]);
    return all;
  }
  if (names.empty() || (names.size() == 1 && names[0] == "-"))
    return read_statistics(std::string{std::istreambuf_iterator<char>(std::cin), {}}, "standard input");
  for (const auto& name : names) {
    const bool ends = name.ends_with(kElixirEnding);
    add_file(name, ends ? name.substr(0, name.size() - kElixirEnding.size()) + ".sdat" : "", false, all);
  }
  return all;
}

int list_pending(const StatisticsOptions& options, const std::string& forget) {
  std::vector<std::string> notes;
  const auto waiting = forget.empty() ? pending_statistics(options.database) : forget_pending(options, forget, notes);
  for (const auto& note : notes) cli::warn(kProgram.name, options.database + ": " + note);
  if (!waiting) return cli::end_with(kProgram.name, waiting.status());
  cli::Output output;
  for (const auto& entry : *waiting) output.write(statistics_json(entry) + "\n");
  output.flush();
  if (waiting->empty() && !forget.empty()) cli::warn(kProgram.name, "nothing waits for " + forget);
  return waiting->empty() ? cli::kNothing : cli::kOk;
}

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  StatisticsOptions options;
  const auto database = settings.database();
  if (!database) return cli::end_with(kProgram.name, database.status());
  options.database = *database;
  const bool json = args.word("format") == "json";
  if (!json && args.word("format", "text") != "text")
    return cli::end_with(kProgram.name,
                         {Code::invalid, "-format " + args.word("format") + ": there are text and json"});
  const auto wait = args.number("wait", options.wait_seconds, 0, 1e6);
  if (!wait) return cli::end_with(kProgram.name, wait.status());
  options.wait_seconds = *wait;
  options.on_network = cli::environment("IMREG_NETWORK") == "yes";
  if (args.has("pending")) return list_pending(options, args.word("forget"));
  if (args.has("forget")) return cli::end_with(kProgram.name, {Code::invalid, "-forget goes with -pending"});

  StatisticsText all = read_all(args.positionals);
  const auto report = register_statistics(options, all.entries);
  if (!report) return cli::end_with(kProgram.name, report.status());
  all.faults.insert(all.faults.end(), report->faults.begin(), report->faults.end());
  for (std::size_t i = 0; i < all.faults.size() && i < kNamedFaults; ++i) cli::complain(kProgram.name, all.faults[i]);
  if (all.faults.size() > kNamedFaults)
    cli::warn(kProgram.name, std::to_string(all.faults.size() - kNamedFaults) + " more that are not used");
  for (const auto& note : report->notes) cli::warn(kProgram.name, options.database + ": " + note);
  cli::Output output;
  output.write(json ? report_json(*report, all.faults.size()) : report_text(*report, all.faults.size()));
  output.flush();
  if (report->index_wants_merge) {
    RegisterOptions merging;
    merging.database = options.database;
    cli::in_background([&merging] { (void)merge_index(merging); });
  }
  if (all.faults.size() > 0) return cli::kInputs;
  return all.entries.empty() ? cli::kNothing : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

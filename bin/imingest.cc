// imingest: every card of every HDU of an archive into the header tables of a folder.
#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/registering.h"
#include "imreg/ingest.h"
#include "os/processors.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"db", "DIR", "the folder of header tables; made when it is missing (default .)"},
    {"n", "", "rehearse: say what is new, changed or gone, write nothing"},
    {"again", "", "read files that failed once more, though they have not changed"},
    {"j", "N", "read with so many threads (all processors)"},
    {"v", "", "a line for each file"},
    {"format", "FORMAT", "of the report: text (default), or json, one object"},
    {"cameras", "FOLDER", "also the camera tables (*.cam, *.list) of this folder", cli::kRepeat},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imingest",
    "reads every card of every HDU below folders into header tables; what it has read before it leaves alone",
    "TREE...",
    kOptions,
    {"imingest -db /data/headers /data/2003A", "imingest -db /data/headers -n /data"},
    1,
    -1};

const char* word_of(IngestedFile::Fate fate) {
  constexpr const char* kWords[] = {"new", "changed", "gone", "passed over", "failed"};
  return kWords[static_cast<std::size_t>(fate)];
}

std::string text_of(const IngestReport& report, bool rehearse) {
  std::string out = counted(report.found, "file") + ": " + std::to_string(report.unchanged) + " known, ";
  out += std::to_string(report.fresh) + " new, " + std::to_string(report.changed) + " changed, " +
         std::to_string(report.gone) + " gone";
  if (rehearse) return out + "; nothing was written\n";
  out += ", " + std::to_string(report.passed) + " passed over, " + std::to_string(report.failed) + " failed; " +
         counted(report.rows, "header") + " read\n";
  return out;
}

std::string json_of(const IngestReport& report) {
  std::string out = "{";
  const auto add = [&](const char* name, std::int64_t value) {
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::to_string(value);
  };
  add("found", report.found), add("unchanged", report.unchanged), add("new", report.fresh);
  add("changed", report.changed), add("gone", report.gone), add("passed", report.passed);
  add("failed", report.failed), add("headers", report.rows);
  return out + "}\n";
}

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  IngestOptions options;
  options.folder = args.word("db", ".");
  options.trees = args.positionals;
  options.rehearse = args.has("n");
  options.again = args.has("again");
  options.on_network = cli::environment("IMREG_NETWORK") == "yes";
  const auto jobs = args.integer("j", 0, 0, 1024);
  const auto wait = args.number("wait", options.wait_seconds, 0, 1e6);
  const std::string format = args.word("format", "text");
  for (const Status& status : {jobs.status(), wait.status()}) {
    if (!status.ok()) return cli::end_with(kProgram.name, status);
  }
  if (format != "text" && format != "json")
    return cli::end_with(kProgram.name, {Code::invalid, "-format " + format + ": there are text and json"});
  auto cameras = settings.cameras_of_options(true);
  if (!cameras) return cli::end_with(kProgram.name, cameras.status());
  options.cameras = *std::move(cameras);
  options.jobs = threads_of(static_cast<int>(*jobs));
  options.wait_seconds = *wait;
  cli::Output output;
  Result<IngestReport> report = Status(Code::io, "");
  {
    cli::Progress progress(0, "files");
    options.progress = [&](std::int64_t done, std::int64_t all) { progress.at(done, all); };
    report = ingest_trees(options, [&](const IngestedFile& file) {
      if (file.fate == IngestedFile::Fate::failed || (!file.reason.empty() && file.hdus > 0))
        cli::warn(kProgram.name, file.path + ": " + file.reason);
      if (args.has("v")) output.write(visible(file.path) + ": " + word_of(file.fate) + "\n");
    });
  }
  if (!report) return cli::end_with(kProgram.name, report.status());
  for (const auto& fault : report->faults) cli::complain(kProgram.name, fault);
  output.write(format == "json" ? json_of(*report) : text_of(*report, options.rehearse));
  output.flush();
  return report->failed > 0 || !report->faults.empty() ? cli::kInputs : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

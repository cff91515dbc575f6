// imingest: every card of every HDU of an archive into the header tables of a folder.
#include "base/text.h"
#include "cli/background.h"
#include "cli/config.h"
#include "cli/ingesting.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/ingest.h"
#include "imreg/look.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"db", "DIR", "the folder of header tables (default .)"},
    {"n", "", "rehearse: say what is new, changed or gone, write nothing"},
    {"again", "", "read all files once more, though they have not changed"},
    {"public", "", "only what is public by its release date"},
    {"layout", "PATTERN", "only files that stand so: acsql, flat, date, {yyyy}/*.fits"},
    {"proposals", "FILE", "types of programmes, lines PROPOSAL TYPE"},
    {"log", "FOLDER", "a log in acsql's lines (or as JSON: INGEST_LOG_FORMAT json)"},
    {"jpeg", "FOLDER", "also a picture of each image (of the ACS: raw, flt, flc)"},
    {"thumbs", "FOLDER", "also a thumbnail of each image (of the ACS: flt)"},
    {"j", "N", "read with so many threads (all processors)"},
    {"v", "", "a line for each file"},
    cli::kSeldom,
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

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  IngestOptions options;
  const std::string format = args.word("format", "text");
  const Status wrong = cli::read_ingest_options(args, settings, options);
  if (!wrong.ok()) return cli::end_with(kProgram.name, wrong);
  if (format != "text" && format != "json")
    return cli::end_with(kProgram.name, {Code::invalid, "-format " + format + ": there are text and json"});
  const bool json = format == "json";
  cli::Output output;
  Result<IngestReport> report = Status(Code::io, "");
  {
    cli::Progress progress(0, "files");
    options.pictures = picture_keeper();
    options.no_picture = [](const std::string& path, const std::string& reason) {
      cli::warn(kProgram.name, path + ": no picture: " + reason);
    };
    options.progress = [&](std::int64_t done, std::int64_t all) { progress.at(done, all); };
    report = ingest_trees(options, [&](const IngestedFile& file) {
      using Fate = IngestedFile::Fate;
      const bool is_read = file.fate == Fate::fresh || file.fate == Fate::changed;
      if (file.fate == Fate::failed || (is_read && !file.reason.empty()))
        cli::warn(kProgram.name, file.path + ": " + file.reason);
      if (args.has("v")) output.write(cli::file_line(file, json));
    });
  }
  if (!report) return cli::end_with(kProgram.name, report.status());
  for (const auto& fault : report->faults) cli::complain(kProgram.name, fault);
  if (report->held > 0)
    cli::warn(kProgram.name, counted(report->held, "known file") + (report->held == 1 ? " is" : " are") +
                                 " not there, and not taken for gone while " +
                                 "what is named above cannot be looked at");
  for (const auto& notes : {report->notes, report->images.notes}) {
    for (const auto& note : notes) cli::warn(kProgram.name, note);
  }
  output.write(json ? cli::report_json(*report) : cli::report_text(*report, options.rehearse));
  output.flush();
  if (!output.status().ok()) return cli::end_with(kProgram.name, output.status());
  if (report->images.index_wants_merge)
    cli::in_background([&options] { (void)merge_index(ingest_registration(options)); });
  if (const Status& stopped = report->pictures.stopped; !stopped.ok()) {
    cli::complain(kProgram.name,
                  Status(stopped.code(), "no picture can be written: " + stopped.message() +
                                             "; the headers are in the tables, and the next run makes the pictures")
                      .in_file(stopped.file()));
    return cli::kTrouble;
  }
  const bool failed = report->failed + report->images.failed + report->pictures.failed > 0 || !report->faults.empty();
  return failed ? cli::kInputs : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

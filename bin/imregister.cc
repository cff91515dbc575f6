// imregister: reads the headers of images and keeps one row per CCD in the registration database.
#include <cstdio>
#include <iostream>
#include <map>
#include <string>

#include "base/text.h"
#include "cli/background.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/registry.h"
#include "os/walk.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"split", "", "a file with one HDU is one CCD of a mosaic"},
    {"noreg", "", "read and check everything, write nothing"},
    {"needtype", "", "refuse images whose type is not known"},
    {"camera", "NAME|FILE", "use this camera table; a FILE has a / or ends in .cam"},
    {"root", "NAME=PREFIX", "keep paths below PREFIX as $NAME/...", cli::kRepeat},
    {"j", "N", "read headers with N threads (default: processors)"},
    {"v", "", "a line for every file"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imregister",
    "registers FITS images and folders of them, one row per CCD; - reads a list of paths",
    "PATH...|-",
    kOptions,
    {"imregister -db night.db /data/2001-01-27", "find /data -name '*.fits' | imregister -db night.db -"},
    0,
    -1};

constexpr std::size_t kNamedWarnings = 10;  // of one kind, and files that are passed over; more are summed up

// "-" is a list of paths on standard input: one a line, or with a NUL behind each (find -print0).
void add_paths(const std::string& word, RegisterOptions& options) {
  if (word != "-") {
    options.paths.push_back(word);
    return;
  }
  options.batch = true;
  const std::string list{std::istreambuf_iterator<char>(std::cin), {}};
  for (const auto line : split(list, list.find('\0') == std::string::npos ? '\n' : '\0')) {
    if (!line.empty()) options.paths.emplace_back(line);
  }
}

Status read_options(const cli::Parsed& args, cli::Settings& settings, RegisterOptions& options) {
  IMREG_ASSIGN(options.database, settings.database());
  IMREG_ASSIGN(options.cameras, settings.cameras(options.database));
  options.split = args.has("split");
  options.dry_run = args.has("noreg");
  options.need_type = args.has("needtype");
  options.camera = args.word("camera");
  options.on_network = cli::environment("IMREG_NETWORK") == "yes";
  IMREG_ASSIGN(options.wait_seconds, args.number("wait", options.wait_seconds, 0, 1e6));
  IMREG_ASSIGN(const long long jobs, args.integer("j", 0, 1, 256));
  options.jobs = static_cast<int>(jobs);
  for (const auto* use : args.all("root")) {
    const auto equals = use->words[0].find('=');
    if (equals == std::string::npos) return {Code::invalid, "-root: \"" + use->words[0] + "\" is not NAME=PREFIX"};
    options.roots.emplace_back(use->words[0].substr(0, equals), use->words[0].substr(equals + 1));
  }
  for (const auto& word : args.positionals) add_paths(word, options);
  if (std::ferror(stdin)) return {Code::invalid, "the list of paths on standard input cannot be read"};
  if (options.paths.empty() && options.roots.empty() && !options.batch)
    return {Code::invalid, "no files; name files or folders, or - for a list on standard input"};
  return {};
}

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  RegisterOptions options;
  if (const Status status = read_options(args, settings, options); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  options.batch =
      options.batch || options.paths.size() > 1 || (options.paths.size() == 1 && is_folder(options.paths[0]));

  cli::Progress progress;
  cli::Tally foreign;  // files of folders that have nothing to do with images
  cli::Tally passed_over(kNamedWarnings);
  std::map<std::string, cli::Tally> doubts;
  const bool verbose = args.has("v") || options.dry_run;
  const auto on_file = [&](const RegisteredFile& file) {
    for (const auto& doubt : file.doubts) {
      const std::string line = file.path + ": warning: " + doubt.text;
      if (verbose)
        cli::warn(kProgram.name, line);
      else if (file.fate == RegisteredFile::Fate::registered)
        doubts.try_emplace(doubt.kind, kNamedWarnings).first->second.add(doubt.cause, line);
    }
    for (const auto& warning : file.warnings) {
      if (verbose) cli::warn(kProgram.name, file.path + ": warning: " + warning);
    }
    if (!file.foreign.empty() && !verbose)
      foreign.add(file.foreign, file.path + ": " + file.reason);
    else if (file.fate == RegisteredFile::Fate::passed_over && !verbose)
      passed_over.add(file.reason.substr(0, file.reason.rfind(';')), file.path + ": " + file.reason);
    else if (file.fate != RegisteredFile::Fate::registered)
      cli::warn(kProgram.name, file.path + ": " + file.reason);
    else if (verbose)
      cli::warn(kProgram.name, file.path + ": " + counted(file.rows, "row") + " (" + file.camera + ")");
  };
  cli::Output output;
  const RegisterReport report = register_files(options, on_file, [&progress](std::int64_t, std::int64_t all) {
    progress.set_total(all);
    progress.add();
  });
  passed_over.tell(kProgram.name, "passed over", "files without an image");
  foreign.tell(kProgram.name, "passed over", "files that are not FITS");
  for (const auto& [kind, tally] : doubts) tally.tell(kProgram.name, "warning:", "times: " + kind);
  for (const auto& note : report.notes) cli::warn(kProgram.name, options.database + ": " + note);
  if (report.files > 1 || report.gone > 0 || (verbose && report.files > 0)) {
    const std::string rows = options.dry_run
                                 ? counted(report.rows, "row") + " would be registered, nothing is written (-noreg)"
                                 : counted(report.added, "row") + " added, " + std::to_string(report.updated) +
                                       " updated, " + std::to_string(report.unchanged) + " unchanged" +
                                       (report.gone > 0 ? ", " + std::to_string(report.gone) + " gone" : "");
    output.write(cli::Progress::erase() + counted(report.files, "file") + ": " + rows + "; " +
                 counted(report.passed_over, "file") + " passed over, " + std::to_string(report.failed) + " failed\n");
    output.flush();
  }
  if (!report.request.ok()) {
    cli::complain(kProgram.name, report.request);
    return cli::kUsage;
  }
  for (const Status& status : {report.database, output.status()}) {
    if (status.ok()) continue;
    cli::complain(kProgram.name, status);
    return cli::kTrouble;
  }
  if (report.index_wants_merge) cli::in_background([&options] { (void)merge_index(options); });
  return report.failed > 0 ? cli::kInputs : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

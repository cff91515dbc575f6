// The command line of imregister and imsort.
#include "cli/registering.h"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

#include "base/text.h"
#include "cli/background.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/temperature_options.h"
#include "os/walk.h"

namespace imreg::cli {

namespace {

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

Status read_options(const Parsed& args, Settings& settings, RegisterOptions& options) {
  IMREG_ASSIGN(options.database, settings.database());
  IMREG_ASSIGN(options.cameras, settings.cameras(options.database));
  IMREG_ASSIGN(auto temperatures, temperature_options(settings, options.database));
  options.temperatures = std::make_shared<Temperatures>(std::move(temperatures));
  options.split = args.has("split");
  options.dry_run = args.has("noreg");
  options.need_type = args.has("needtype");
  options.camera = args.word("camera");
  options.on_network = environment("IMREG_NETWORK") == "yes";
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

}  // namespace

int register_with(const Program& program, const Parsed& args, Settings& settings, const RegisterWork& work,
                  const std::function<std::string()>& more) {
  RegisterOptions options;
  if (const Status status = read_options(args, settings, options); !status.ok()) {
    complain(program.name, status);
    return kUsage;
  }
  options.batch =
      options.batch || options.paths.size() > 1 || (options.paths.size() == 1 && is_folder(options.paths[0]));

  Progress progress;
  Tally foreign;  // files of folders that have nothing to do with images
  Tally passed_over(kNamedWarnings);
  std::map<std::string, Tally> doubts;
  const bool verbose = args.has("v") || options.dry_run;
  const auto on_file = [&](const RegisteredFile& file) {
    for (const auto& doubt : file.doubts) {
      const std::string line = file.path + ": warning: " + doubt.text;
      if (verbose)
        warn(program.name, line);
      else if (file.fate == RegisteredFile::Fate::registered)
        doubts.try_emplace(doubt.kind, kNamedWarnings).first->second.add(doubt.cause, line);
    }
    for (const auto& warning : file.warnings) {
      if (verbose) warn(program.name, file.path + ": warning: " + warning);
    }
    if (!file.foreign.empty() && !verbose)
      foreign.add(file.foreign, file.path + ": " + file.reason);
    else if (file.fate == RegisteredFile::Fate::passed_over && !verbose)
      passed_over.add(file.reason.substr(0, file.reason.rfind(';')), file.path + ": " + file.reason);
    else if (file.fate != RegisteredFile::Fate::registered)
      warn(program.name, file.path + ": " + file.reason);
    else if (verbose)
      warn(program.name, file.path + ": " + counted(file.rows, "row") + " (" + file.camera + ")");
  };
  Output output;
  const RegisterReport report = work(options, on_file, [&progress](std::int64_t, std::int64_t all) {
    progress.set_total(all);
    progress.add();
  });
  passed_over.tell(program.name, "passed over", "files without an image");
  foreign.tell(program.name, "passed over", "files that are not FITS");
  for (const auto& [kind, tally] : doubts) tally.tell(program.name, "warning:", "times: " + kind);
  for (const auto& note : report.notes) warn(program.name, options.database + ": " + note);
  if (report.files > 1 || report.gone > 0 || (verbose && report.files > 0)) {
    const std::string rows = options.dry_run
                                 ? counted(report.rows, "row") + " would be registered, nothing is written (-noreg)"
                                 : counted(report.added, "row") + " added, " + std::to_string(report.updated) +
                                       " updated, " + std::to_string(report.unchanged) + " unchanged" +
                                       (report.gone > 0 ? ", " + std::to_string(report.gone) + " gone" : "");
    output.write(Progress::erase() + counted(report.files, "file") + ": " + rows + "; " +
                 counted(report.passed_over, "file") + " passed over, " + std::to_string(report.failed) + " failed" +
                 (more ? more() : "") + "\n");
    output.flush();
  }
  if (!report.request.ok()) {
    complain(program.name, report.request);
    return kUsage;
  }
  for (const Status& status : {report.database, output.status()}) {
    if (status.ok()) continue;
    complain(program.name, status);
    return kTrouble;
  }
  if (report.index_wants_merge) in_background([&options] { (void)merge_index(options); });
  return report.failed > 0 ? kInputs : kOk;
}

}  // namespace imreg::cli

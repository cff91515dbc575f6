// imcamera: checks camera tables, measures what they make of files, drafts new ones.

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/camera_tools.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"cameras", "FOLDER", "also the tables (*.cam, *.list) of this folder", cli::kRepeat},
    {"camera", "NAME|FILE", "coverage: read all files by this table"},
    {"format", "FORMAT", "text (default); check: json; coverage: csv, html, json; list: csv, json"},
    {"split", "", "check: a file with one HDU is one CCD of a mosaic"},
    {"v", "", "coverage: also name each unknown or suspicious value"},
};
constexpr cli::Program kProgram = {
    "imcamera",
    "what camera tables make of headers. check TABLE FILE...: each value and its recipe (TABLE - is the one that is "
    "chosen). coverage TREE...: how many values are right, by camera. learn FILE...: a first draft of a table. "
    "lint [TABLE...]: mistakes of tables. list: all tables",
    "check|coverage|learn|lint|list [WORD...]",
    kOptions,
    {"imcamera check mine.cam first.fits", "imcamera coverage -format html /data > coverage.html"},
    1,
    -1};

struct Request {
  std::vector<std::string> words;  // behind the verb
  std::vector<std::string> folders;
  std::string format;
  cli::Output output;
  bool write(std::string_view text) { return output.write(text); }
};

// Standard output must have got everything.
int finish(Request& request, int code) {
  request.output.flush();
  if (request.output.status().ok()) return code;
  cli::complain(kProgram.name, request.output.status());
  return cli::kTrouble;
}

int complain_all(const std::vector<Status>& faults, int code) {
  for (const Status& fault : faults) cli::complain(kProgram.name, fault);
  return code;
}

int check(const cli::Parsed& args, Request& request) {
  const CheckOptions options{request.folders, request.words[0], args.has("split"), request.format == "json"};
  const CheckReport report = check_table(options, {request.words.begin() + 1, request.words.end()},
                                         [&](std::string_view text) { return request.write(text); });
  if (!report.mistakes.empty()) return complain_all(report.mistakes, cli::kUsage);
  return finish(request, complain_all(report.failed, report.failed.empty() ? cli::kOk : cli::kInputs));
}

int terminal_width() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 80 ? size.ws_col : 80;
}

int coverage(const cli::Parsed& args, Request& request) {
  const CoverageOptions options{request.folders, args.word("camera"), request.format, args.has("v"), terminal_width()};
  CoverageReport report;
  {
    cli::Progress progress;
    report = cover(
        options, request.words,
        [&](std::string_view text) { return request.write(cli::Progress::erase() + std::string(text)); },
        [](const Status& fault) { cli::complain(kProgram.name, fault); },
        [&](std::int64_t, std::int64_t all) {
          progress.set_total(all);
          progress.add();
        });
  }
  if (!report.request.ok()) return complain_all({report.request}, cli::kUsage);
  const int code = finish(request, report.failed > 0 ? cli::kInputs : report.images == 0 ? cli::kNothing : cli::kOk);
  cli::warn(kProgram.name, counted(report.files, "file") + " with " + counted(report.images, "image") + "; " +
                               std::to_string(report.empty) + " of them without any; " +
                               std::to_string(report.foreign) + " passed over (no FITS), " +
                               std::to_string(report.failed) + " failed");
  return code;
}

int learn(const cli::Parsed&, Request& request) {
  const auto cameras = Cameras::load(request.folders);
  if (!cameras) return complain_all({cameras.status()}, cli::kUsage);
  const Result<std::string> draft = learn_table(request.words, *cameras);
  if (!draft) return complain_all({draft.status()}, cli::kInputs);
  request.write(*draft);
  return finish(request, cli::kOk);
}

int lint(const cli::Parsed&, Request& request) {
  const Cameras::Lint found = Cameras::lint(request.folders, request.words);
  complain_all(found.mistakes, 0);
  complain_all(found.warnings, 0);
  const auto mistakes = static_cast<long long>(found.mistakes.size());
  request.write(
      counted(found.tables, "table") + ", " + (mistakes == 0 ? "no mistake" : counted(mistakes, "mistake")) +
      (found.warnings.empty() ? "" : ", " + counted(static_cast<long long>(found.warnings.size()), "warning")) + '\n');
  return finish(request, mistakes == 0 ? cli::kOk : cli::kInputs);
}

int list(const cli::Parsed&, Request& request) {
  const auto cameras = Cameras::load(request.folders);
  if (!cameras) return complain_all({cameras.status()}, cli::kUsage);
  request.write(list_tables(*cameras, request.format));
  return finish(request, cli::kOk);
}

struct Verb {
  const char* name;
  const char* words;  // for messages
  std::size_t least, most;
  std::vector<std::string> formats;
  int (*work)(const cli::Parsed&, Request&);
};

int work(const cli::Parsed& args) {
  const Verb verbs[] = {{"check", "TABLE FILE...", 2, SIZE_MAX, {"text", "json"}, check},
                        {"coverage", "TREE...", 1, SIZE_MAX, coverage_formats(), coverage},
                        {"learn", "FILE...", 1, SIZE_MAX, {"text"}, learn},
                        {"lint", "[TABLE...]", 0, SIZE_MAX, {"text"}, lint},
                        {"list", "no words", 0, 0, {"text", "csv", "json"}, list}};
  const auto usage = [](const std::string& what) { return complain_all({Status(Code::invalid, what)}, cli::kUsage); };
  const std::string word = args.positionals[0];
  std::string all;
  std::vector<std::string> names;
  for (const Verb& verb : verbs) names.emplace_back(verb.name);
  const auto verb = std::find_if(std::begin(verbs), std::end(verbs), [&](const Verb& v) { return v.name == word; });
  if (verb == std::end(verbs)) {
    const std::string near = nearest_names(word, names);
    return usage("there is no verb " + word +
                 (near.empty() ? "; there are check, coverage, learn, lint and list" : "; did you mean " + near + "?"));
  }
  Request request{
      {args.positionals.begin() + 1, args.positionals.end()}, {}, args.word("format", "text"), cli::Output()};
  if (request.words.size() < verb->least || request.words.size() > verb->most)
    return usage(word + " takes " + verb->words + (request.words.empty() ? "" : ", not only " + request.words[0]));
  if (std::find(verb->formats.begin(), verb->formats.end(), request.format) == verb->formats.end()) {
    for (const auto& format : verb->formats) all += (all.empty() ? "" : ", ") + format;
    return usage("-format " + request.format + ": " + word + " has " + all);
  }
  const std::string folders = cli::environment("IMREG_CAMERAS");
  for (const std::string_view folder : split(folders, ':')) {
    if (!folder.empty()) request.folders.emplace_back(folder);
  }
  for (const auto* use : args.all("cameras")) request.folders.push_back(use->words[0]);
  return verb->work(args, request);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

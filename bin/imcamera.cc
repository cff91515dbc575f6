// imcamera: checks camera tables, measures what they make of files, drafts new ones.

#include <algorithm>
#include <memory>

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
    cli::kConfigOption,
    cli::kDefineOption,
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
  const cli::Parsed& args;
  std::vector<std::string> words;  // behind the verb
  CameraSources cameras;
  std::string format;
  cli::Output& output;
};

int complain_all(const std::vector<Status>& faults, int code) {
  for (const Status& fault : faults) cli::complain(kProgram.name, fault);
  return code;
}

int check(const Request& request) {
  const CheckReport report =
      check_table({request.cameras, request.words[0], request.args.has("split"), request.format == "json"},
                  {request.words.begin() + 1, request.words.end()},
                  [&](std::string_view text) { return request.output.write(text); });
  if (!report.mistakes.empty()) return complain_all(report.mistakes, cli::kUsage);
  request.output.flush();
  return complain_all(report.failed, report.failed.empty() ? cli::kOk : cli::kInputs);
}

int coverage(const Request& request) {
  auto progress = std::make_unique<cli::Progress>();
  const CoverageReport report = cover(
      {request.cameras, request.args.word("camera"), request.format, request.args.has("v"),
       std::max(80, cli::terminal_columns())},
      request.words, [&](std::string_view text) { return progress.reset(), request.output.write(text); },
      [](const Status& fault) { cli::complain(kProgram.name, fault); },
      [&](std::int64_t all) { progress->set_total(all), progress->add(); });
  if (!report.request.ok()) return complain_all({report.request}, cli::kUsage);
  return report.failed > 0 ? cli::kInputs : report.images == 0 ? cli::kNothing : cli::kOk;
}

int lint(const Request& request) {
  const Cameras::Lint found = Cameras::lint(request.cameras.folders, request.words);
  complain_all(found.mistakes, complain_all(found.warnings, 0));
  const auto count = [](const std::vector<Status>& of, const std::string& noun) {
    return of.empty() ? "no " + noun : counted(static_cast<long long>(of.size()), noun);
  };
  request.output.write(counted(found.tables, "table") + ", " + count(found.mistakes, "mistake") +
                       (found.warnings.empty() ? "\n" : ", " + count(found.warnings, "warning") + "\n"));
  return found.mistakes.empty() ? cli::kOk : cli::kInputs;
}

int learn_or_list(const Request& request) {
  const auto cameras = Cameras::load(request.cameras);
  if (!cameras) return complain_all({cameras.status()}, cli::kUsage);
  const Result<std::string> text = request.words.empty() ? Result<std::string>(list_tables(*cameras, request.format))
                                                         : learn_table(request.words, *cameras);
  if (!text) return complain_all({text.status()}, cli::kInputs);
  request.output.write(*text);
  return cli::kOk;
}

struct Verb {
  std::string name, words;
  std::size_t least, most;
  std::vector<std::string> formats, options;
  int (*work)(const Request&);
};

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

Result<const Verb*> find_verb(const std::vector<Verb>& verbs, const cli::Parsed& args, const std::string& format) {
  const auto bad = [](const std::string& text) { return Status(Code::invalid, text); };
  std::vector<std::string> names;
  for (const Verb& verb : verbs) {
    names.push_back(verb.name);
    if (verb.name != args.positionals[0]) continue;
    const std::size_t count = args.positionals.size() - 1;
    if (count < verb.least || count > verb.most) return bad(verb.name + " takes " + verb.words);
    for (const auto& use : args.uses) {
      if (use.name != "cameras" && use.name != "format" && !has(verb.options, use.name))
        return bad("option -" + std::string(use.name) + " is not for " + verb.name);
    }
    std::string all;
    for (const auto& known : verb.formats) all += (all.empty() ? "" : ", ") + known;
    return has(verb.formats, format) ? Result<const Verb*>(&verb)
                                     : bad("-format " + format + ": " + verb.name + " has " + all);
  }
  const std::string near = nearest_names(args.positionals[0], names);
  return bad("there is no verb " + args.positionals[0] +
             (near.empty() ? "; -help tells them" : "; did you mean " + near + "?"));
}

int work(const cli::Parsed& args) {
  constexpr const char* kTable = "TABLE FILE...; TABLE is a name, a .cam file, or - for the one that is chosen";
  const std::vector<Verb> verbs = {
      {"check", kTable, 2, SIZE_MAX, {"text", "json"}, {"split", "c", "D"}, check},
      {"coverage", "TREE...: folders and files", 1, SIZE_MAX, coverage_formats(), {"camera", "v", "c", "D"}, coverage},
      {"learn", "FILE...: files or folders of one camera", 1, SIZE_MAX, {"text"}, {"c", "D"}, learn_or_list},
      {"lint", "[TABLE...]", 0, SIZE_MAX, {"text"}, {}, lint},
      {"list", "no further word", 0, 0, {"text", "csv", "json"}, {}, learn_or_list}};
  const std::string format = args.word("format", "text");
  const Result<const Verb*> verb = find_verb(verbs, args, format);
  if (!verb) return complain_all({verb.status()}, cli::kUsage);
  const Result<CameraSources> cameras = cli::Settings(args).cameras_of_options(has((*verb)->options, "c"));
  if (!cameras) return complain_all({cameras.status()}, cli::kUsage);
  cli::Output output;
  const std::vector<std::string> words(args.positionals.begin() + 1, args.positionals.end());
  const int code = (*verb)->work({args, words, *cameras, format, output});
  output.flush();
  return output.status().ok() ? code : complain_all({output.status()}, cli::kTrouble);
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

// imstats: bias, sky and sigma, stars and their FWHM, of every CCD of FITS images.
#include <initializer_list>
#include <string>
#include <utility>

#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "imreg/measure.h"
#include "imreg/registry.h"
#include "registry/file_rows.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"format", "NAME", "text (default), or json: one object a CCD"},
    {"o", "FILE", "write there instead: outroot.stats"},
    {"fwhm", "RULE", "profile (default): fitted to all stars; or elixir"},
    {"stars", "WHERE", "auto (default): not in calibrations; all, or none"},
    {"split", "", "a file with one HDU is one CCD of a mosaic"},
    {"camera", "NAME|FILE", "use this camera table; a FILE has a / or ends in .cam"},
    {"j", "N", "measure N CCDs at the same time (default: processors)"},
    {"v", "", "tell what is odd in the headers too"},
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {"imstats",
                                   "measures bias, sky and the FWHM of stars, a line for each CCD",
                                   "FILE...",
                                   kOptions,
                                   {"imstats 1616681p.fits", "imstats -format json -o w/w00.stats w/w00.fits"},
                                   1,
                                   -1};

struct Request {
  MeasureOptions options;
  CameraSources cameras;
  bool json = false;
};

// The word of an option, which must be one of these; the first when it was not given.
Result<std::string> one_of(const cli::Parsed& args, const char* option, std::initializer_list<const char*> words) {
  const std::string word = args.word(option, *words.begin());
  std::string all;
  for (const char* other : words) {
    if (word == other) return word;
    all += (all.empty() ? "" : ", ") + std::string(other);
  }
  return Status(Code::invalid, std::string("-") + option + " " + word + ": there are " + all);
}

Status read_options(const cli::Parsed& args, Request& request) {
  cli::Settings settings(args);
  IMREG_ASSIGN(request.cameras, settings.cameras(""));
  IMREG_ASSIGN(const std::string format, one_of(args, "format", {"text", "json"}));
  IMREG_ASSIGN(const std::string rule, one_of(args, "fwhm", {"profile", "elixir"}));
  IMREG_ASSIGN(const std::string stars, one_of(args, "stars", {"auto", "all", "none"}));
  request.json = format == "json";
  request.options.rule = rule == "elixir" ? FwhmRule::elixir : FwhmRule::profile;
  request.options.stars = stars != "none";
  request.options.all_stars = stars == "all";
  request.options.split = args.has("split");
  IMREG_ASSIGN(request.options.jobs, args.integer("j", 0, 1, 1024));
  return {};
}

int work(const cli::Parsed& args) {
  Request request;
  if (const Status status = read_options(args, request); !status.ok()) return cli::end_with(kProgram.name, status);
  RegisterOptions tables;
  tables.cameras = request.cameras;
  tables.camera = args.word("camera");
  auto cameras = load_cameras(tables);
  if (!cameras) return cli::end_with(kProgram.name, cameras.status());
  request.options.camera = cameras->second;
  auto output = cli::Output::to_file(args.word("o", "-"));
  if (!output) return cli::end_with(kProgram.name, output.status());
  cli::Output& out = **output;
  cli::Progress progress(static_cast<std::int64_t>(args.positionals.size()));
  int code = cli::kOk;
  bool any = false;
  measure_files(args.positionals, cameras->first, request.options, [&](const FileStatistics& file) {
    progress.add();
    if (!file.status.ok()) {
      cli::complain(kProgram.name, file.status);
      code = cli::kInputs;
    }
    for (const CcdStatistics& ccd : file.ccds) {
      if (ccd.sky_state == Measured::failed) {
        code = cli::kInputs;
        const bool named = ccd.reason.starts_with("HDU ");
        const std::string text = (named ? "" : "HDU " + std::to_string(ccd.extension) + ": ") + ccd.reason;
        if (file.status.ok()) cli::complain(kProgram.name, Status(Code::corrupt, text).in_file(file.file));
      }
      if (args.has("v")) {
        for (const auto& note : ccd.notes)
          cli::warn(kProgram.name, file.file + ": HDU " + std::to_string(ccd.extension) + ": " + note);
      }
      if (!std::exchange(any, true) && !request.json) out.write(statistics_title());
      if (!out.write(request.json ? statistics_json(ccd) : statistics_text(ccd))) return false;
    }
    return true;
  });
  if (const Status status = out.finish(any); !status.ok()) return cli::end_with(kProgram.name, status);
  return code;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

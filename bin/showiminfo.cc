// showiminfo: prints what imregister would keep of a file, and where each value comes from.

#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "imreg/registry.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"split", "", "a file with one HDU is one CCD of a mosaic"},
    {"camera", "NAME|FILE", "use this camera table; a FILE has a / or ends in .cam"},
    {"format", "FORMAT", "text (default), or json: one object a line, with keyword, hdu and recipe of each value"},
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "showiminfo",
    "shows what would be registered of a file, each value with its keyword and HDU",
    "FILE...",
    kOptions,
    {"showiminfo 1234567o.fits", "showiminfo -camera mycamera.cam -format json new.fits"},
    1,
    -1};

Status read_options(const cli::Parsed& args, RegisterOptions& options, InfoFormat& format) {
  cli::Settings settings(args);
  IMREG_ASSIGN(const std::string database, settings.database());
  IMREG_ASSIGN(options.cameras, settings.cameras(database));
  options.split = args.has("split");
  options.camera = args.word("camera");
  const std::string word = args.word("format", "text");
  if (word != "text" && word != "json") return {Code::invalid, "-format " + word + ": there are text and json"};
  format = word == "json" ? InfoFormat::json : InfoFormat::text;
  return check_request(options);
}

int work(const cli::Parsed& args) {
  RegisterOptions options;
  InfoFormat format = InfoFormat::text;
  if (const Status status = read_options(args, options, format); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  cli::Output output;
  bool failed = false;
  for (const auto& path : args.positionals) {
    auto text = show_image_info(path, options, format);
    if (text) {
      if (!output.write(*text)) break;
    } else {
      output.flush();
      cli::complain(kProgram.name, Status(text.status()).in_file(path));
      failed = true;
    }
  }
  output.flush();
  if (!output.status().ok()) {
    cli::complain(kProgram.name, output.status());
    return cli::kTrouble;
  }
  return failed ? cli::kInputs : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

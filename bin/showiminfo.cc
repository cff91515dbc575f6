// showiminfo: prints what imregister would keep of a file, and where each value comes from.

#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "imreg/registry.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"split", "", "a file with one HDU is one CCD of a mosaic"},
    {"camera", "NAME|FILE", "use this camera table; a FILE has a / or ends in .cam"},
};
constexpr cli::Program kProgram = {"showiminfo",
                                   "shows what would be registered of a file, each value with its keyword and HDU",
                                   "FILE...",
                                   kOptions,
                                   {"showiminfo 1234567o.fits", "showiminfo -camera mycamera.cam new.fits"},
                                   1,
                                   -1};

int work(const cli::Parsed& args) {
  RegisterOptions options;
  options.split = args.has("split");
  options.camera = args.word("camera");
  if (const Status status = check_request(options); !status.ok()) {
    cli::complain(kProgram.name, status);
    return cli::kUsage;
  }
  cli::Output output;
  bool failed = false;
  for (const auto& path : args.positionals) {
    auto text = show_image_info(path, options);
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

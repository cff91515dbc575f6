// imstatus: the numbers of the database as statistics, bins, fits and pictures; a line, a script, or a shell.
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "shell/options.h"
#include "shell/shell.h"

namespace imreg::cli {
namespace {

constexpr Program kProgram = {"imstatus",
                              "the night's numbers as vectors and pictures; without a verb, a shell",
                              "[VERB EXPR...]",
                              kStatusOptions,
                              {"imstatus -trange 2003/01/27 5d -type object stat fwhm sky",
                               "imstatus -type object -by filter -o seeing.png plot obstime fwhm"}};

int work(const Parsed& args) {
  StatusShell shell(kProgram, args);
  if (args.has("f")) {
    if (args.positionals.empty()) return shell.run_script(args.word("f"));
    complain(kProgram.name, Status(Code::invalid, "-f has lines of its own: leave out " + args.positionals[0]));
    return kUsage;
  }
  return args.positionals.empty() ? shell.run_person() : shell.run_command();
}

}  // namespace
}  // namespace imreg::cli

int main(int argc, char** argv) { return imreg::cli::run(imreg::cli::kProgram, argc, argv, imreg::cli::work); }

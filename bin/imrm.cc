// imrm: rm for files whose rows in the database are marked as deleted with them.
#include "cli/moving.h"
#include "cli/options.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"r", "", "remove folders with all that is in them"},
    {"f", "", "with -r: also files that are not registered"},
    {"n", "", "rehearse: say what would be done, do nothing"},
    {"v", "", "a line for each file or folder"},
    {"i", "", "ask before each one"},
    {"part", "", "some CCDs of a SPLIT exposure may go without the others"},
    {"format", "FORMAT", "of the report: text (default), or json: one object"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imrm",   "removes registered files, and marks their rows as deleted: all, or nothing",           "FILE...",
    kOptions, {"imrm -db Imreg.db /data/sessions/test.fits", "imrm -r -n /data/sessions/2001-01-27"}, 1,
    -1};

int work(const cli::Parsed& args) {
  return cli::move_with(kProgram, args,
                        [&](const MoveOptions& options) { return remove_files(options, args.positionals); });
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

// immv: mv for files whose rows in the database follow.
#include <string>
#include <vector>

#include "cli/moving.h"
#include "cli/options.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"n", "", "rehearse: say what would be done, do nothing"},
    {"v", "", "a line for each file or folder"},
    {"i", "", "ask before each one"},
    {"part", "", "some CCDs of a SPLIT exposure may move without the others"},
    {"format", "FORMAT", "of the report: text (default), or json: one object"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {"immv",
                                   "moves files and folders, and their rows with them: all, or nothing",
                                   "SRC... DEST",
                                   kOptions,
                                   {"immv -db Imreg.db /data/niele/03A /data/sessions", "immv -n 'o*.fits' archive/"},
                                   2,
                                   -1};

int work(const cli::Parsed& args) {
  return cli::move_with(kProgram, args, [&](const MoveOptions& options) {
    return move_files(options, {args.positionals.begin(), args.positionals.end() - 1}, args.positionals.back());
  });
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

// imqueue: what waits in the queues of a database; give it out, send it again, clear it. man 1 imqueue.
#include "cli/queues.h"

namespace imreg::cli {
namespace {

constexpr Option kOptions[] = {
    kDatabaseOption,
    {"n", "N", "of take: so many lines at most (1)"},
    {"done", "", "of clear: lines that are done (the default)"},
    {"failed", "", "of clear: those that failed, too"},
    {"all", "", "of clear: and those that wait; of fill: images that were measured, too"},
    {"format", "WORD", "text (default) or json"},
    kWaitOption,
    kConfigOption,
    kDefineOption,
};
constexpr Program kProgram = {"imqueue",
                              "Shows the queues of a database, gives lines out, sends failed ones again, clears them.",
                              "[list|rates|show|take|retry|clear|fill] [QUEUE...]",
                              kOptions,
                              {"imqueue -db /data list", "imqueue -db /data retry IMSTAT"}};

int work(const Parsed& args) { return queue_command(kProgram, args); }

}  // namespace
}  // namespace imreg::cli

int main(int argc, char** argv) { return imreg::cli::run(imreg::cli::kProgram, argc, argv, imreg::cli::work); }

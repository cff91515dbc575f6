// imwatch: watches folders and registers files as they are complete, each with its lines in the queues.
#include <syslog.h>

#include <csignal>
#include <cstdio>

#include "base/text.h"
#include "cli/background.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/queues.h"
#include "cli/temperature_options.h"
#include "imreg/watch.h"
#include "os/service.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    cli::kDatabaseOption,
    {"once", "", "register what is there and end"},
    {"ccds", "N", "files of a SPLIT exposure (default: the most so far, or the camera table)"},
    {"patience", "S", "seconds to wait for more CCDs, or the rest of a file (30)"},
    {"poll", "S", "look at everything every S seconds too: needed on network file systems"},
    {"split", "", "a file with one HDU is one CCD of a mosaic"},
    {"camera", "NAME|FILE", "use this camera table"},
    {"v", "", "a line for each file"},
    cli::kWaitOption,
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {
    "imwatch",
    "registers files as they are complete in folders and all below them, and queues them as imsort does",
    "DIR...",
    kOptions,
    {"imwatch -db night.db /data/tonight", "imwatch -db night.db -once -v /data/2001-01-27"},
    1,
    -1};

Status read_options(const cli::Parsed& args, cli::Settings& settings, WatchOptions& options) {
  auto& registration = options.sort.registration;
  IMREG_ASSIGN(registration.database, settings.database());
  IMREG_ASSIGN(registration.cameras, settings.cameras(registration.database));
  IMREG_ASSIGN(auto temperatures, cli::temperature_options(settings, registration.database));
  registration.temperatures = std::make_shared<Temperatures>(std::move(temperatures));
  IMREG_ASSIGN(options.sort.queues, cli::configured_queues(settings));
  IMREG_ASSIGN(registration.wait_seconds, args.number("wait", registration.wait_seconds, 0, 1e6));
  IMREG_ASSIGN(const long long ccds, args.integer("ccds", 0, 1, 10000));
  IMREG_ASSIGN(options.patience, args.number("patience", options.patience, 0, 86400));
  IMREG_ASSIGN(options.poll, args.number("poll", 0, 0.1, 86400));
  options.ccds = static_cast<int>(ccds);
  options.once = args.has("once");
  options.folders = args.positionals;
  options.sort.program = kProgram.name;
  registration.split = args.has("split");
  registration.camera = args.word("camera");
  registration.on_network = cli::environment("IMREG_NETWORK") == "yes";
  return check_request(registration);
}

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  WatchOptions options;
  if (const Status status = read_options(args, settings, options); !status.ok())
    return cli::end_with(kProgram.name, status);
  const bool verbose = args.has("v");
  std::int64_t failed = 0;
  WatchEvents events;
  events.file = [&](const RegisteredFile& file) {
    const bool has_failed = file.fate == RegisteredFile::Fate::failed;
    failed += has_failed;
    if (has_failed || (verbose && !file.reason.empty()))
      cli::log(kProgram.name, has_failed ? LOG_ERR : LOG_INFO, file.path + ": " + file.reason);
    else if (verbose)
      cli::log(kProgram.name, LOG_INFO, file.path + ": " + counted(file.rows, "row") + " (" + file.camera + ")");
    if (verbose) {
      for (const auto& doubt : file.doubts)
        cli::log(kProgram.name, LOG_WARNING, file.path + ": warning: " + doubt.text);
    }
  };
  events.step = [&](const SortReport& report, std::int64_t files, double seconds) {
    const auto& rows = report.registration;
    for (const auto& note : rows.notes) cli::log(kProgram.name, LOG_WARNING, note);
    char time[32];
    std::snprintf(time, sizeof time, "%.3f s", seconds);
    cli::log(kProgram.name, LOG_INFO,
             counted(files, "file") + ": " + counted(rows.added, "row") + " added, " + std::to_string(rows.updated) +
                 " updated, in " + time);
    if (rows.index_wants_merge) cli::in_background([&options] { (void)merge_index(options.sort.registration); });
  };
  events.note = [](const std::string& text) { cli::log(kProgram.name, LOG_WARNING, text); };
  events.ready = [&] {
    if (options.once) return;
    cli::log(kProgram.name, LOG_INFO, "watching " + counted(std::ssize(options.folders), "folder"));
    tell_service_manager("READY=1");
  };
  std::signal(SIGCHLD, SIG_IGN);                                    // nobody waits for merges
  const auto signals = signals_as_file({SIGTERM, SIGINT, SIGHUP});  // what runs is finished
  if (!signals) return cli::end_with(kProgram.name, signals.status());
  const auto told_to_end = [&] {
    if (next_signal(*signals) == 0) return false;
    tell_service_manager("STOPPING=1");
    return true;
  };
  const Status ended = watch_folders(options, events, told_to_end, signals->fd());
  if (!ended.ok()) return cli::end_with(kProgram.name, ended);
  return options.once && failed > 0 ? cli::kInputs : cli::kOk;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

// imsort: imregister, and a line for each new image in the queues that want it.
#include "base/text.h"
#include "cli/messages.h"
#include "cli/queues.h"
#include "cli/registering.h"
#include "imreg/sort.h"

namespace {

using namespace imreg;

constexpr cli::Program kProgram = {
    "imsort",
    "registers images as imregister does, and queues each new one for its statistics and whatever else is configured",
    "PATH...|-",
    cli::kRegisterOptions,
    {"imsort -db night.db /data/2001-01-27/600012o.fits",
     "find /data -newer stamp -name '*.fits' | imsort -db night.db -"},
    0,
    -1};

int work(const cli::Parsed& args) {
  cli::Settings settings(args);
  SortOptions options;
  auto plans = cli::configured_queues(settings);
  if (!plans) return cli::end_with(kProgram.name, plans.status());
  options.queues = *std::move(plans);
  SortReport report;
  const auto sort = [&](const RegisterOptions& registration, const cli::OnFile& on_file, const auto& on_progress) {
    options.registration = registration;
    report = sort_files(options, on_file, on_progress);
    return report.registration;
  };
  const auto queued = [&] {
    std::string text;
    for (const auto& [queue, lines] : report.queued)
      text += (text.empty() ? "; queued: " : ", ") + queue + " " + counted(lines, "line");
    return text;
  };
  const int code = cli::register_with(kProgram, args, settings, sort, queued);
  for (const auto& damaged : report.damaged) cli::complain(kProgram.name, damaged);
  return report.damaged.empty() ? code : cli::kTrouble;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

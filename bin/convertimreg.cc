// convertimreg: writes a registration database in another version: Elixir's, or our own.
#include <string>

#include "base/text.h"
#include "cli/config.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/output.h"
#include "imreg/registry.h"

namespace {

using namespace imreg;

constexpr cli::Option kOptions[] = {
    {"to", "VERSION", "native (default), or Elixir's v3, v2 or v1"},
    cli::kConfigOption,
    cli::kDefineOption,
};
constexpr cli::Program kProgram = {"convertimreg",
                                   "copies a registration database into another version: OUT is new",
                                   "IN OUT",
                                   kOptions,
                                   {"convertimreg elixir.db Imreg.db", "convertimreg Imreg.db elixir.db -to v3"},
                                   2,
                                   2};

int work(const cli::Parsed& args) {
  const cli::Settings settings(args);  // where this host has the path roots
  const auto report = convert_database(args.positionals[0], args.positionals[1], args.word("to", "native"));
  if (!report) {
    cli::complain(kProgram.name, report.status());
    return report.status().file().empty() ? cli::kUsage : cli::kTrouble;
  }
  for (const auto& status : report->left_out) cli::complain(kProgram.name, status);
  for (const auto& lost : report->lost_fields)
    cli::warn(kProgram.name, "not in version " + args.word("to", "native") + ": " + lost);
  cli::Output output;
  output.write(counted(report->rows, "row") + " written, " + std::to_string(report->left_out.size()) + " left out\n");
  output.flush();
  if (!output.status().ok()) {
    cli::complain(kProgram.name, output.status());
    return cli::kTrouble;
  }
  return report->left_out.empty() ? cli::kOk : cli::kInputs;
}

}  // namespace

int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }

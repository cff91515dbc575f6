// Prints what became of many rows.
#include "cli/edit_output.h"

#include "cli/background.h"
#include "cli/config.h"
#include "cli/filter_options.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace imreg::cli {

int tell_edit(std::string_view program, const Parsed& args, const BulkEditReport& report,
              const BulkEditOptions& options, const std::string& text) {
  Output output;
  output.write(Progress::erase() + text);
  output.flush();
  if (args.has("v")) warn(program, edit_rate(report));
  for (const auto& note : report.notes) warn(program, options.database + ": " + note);
  complain(program, report.damaged);
  if (!output.status().ok()) return end_with(program, output.status());
  if (report.index_wants_merge) in_background([&options] { (void)merge_index_of(options); });
  if (!report.damaged.empty()) return kTrouble;
  if (!report.in_order() || report.kept > 0) return kInputs;
  return report.rows > 0 ? kOk : kNothing;
}

Status read_edit_options(const Parsed& args, const std::string& database, BulkEditOptions& options) {
  options.database = database;
  options.on_network = environment("IMREG_NETWORK") == "yes";
  IMREG_ASSIGN(options.wait_seconds, args.number("wait", options.wait_seconds, 0, 1e6));
  return {};
}

Status check_modify(const Parsed& args) {
  for (const char* const word : {"n", "all", "wait"}) {
    if (args.has(word) && !args.has("modify") && !args.has("delete"))
      return {Code::invalid, "-" + std::string(word) + " is for -modify and -delete only"};
  }
  return {};
}

int modify_rows_of(std::string_view program, const Parsed& args, const SearchOptions& search) {
  ModifyRequest request;
  request.remove = args.has("delete");
  request.field = args.word("modify");
  request.value = args.word("modify", "", 1);
  request.command = command_of(args);
  BulkEditOptions options;
  options.go = !args.has("n");
  Status status = read_edit_options(args, search.database, options);
  for (const auto& use : args.uses) {
    constexpr std::string_view kOthers[] = {"db",      "modify", "delete", "n", "all", "wait",
                                            "noindex", "j",      "c",      "D", "tz"};
    const bool selects = is_search_filter(use.name) || use.name == "where";
    if (!selects && std::find(std::begin(kOthers), std::end(kOthers), use.name) == std::end(kOthers))
      status = {Code::invalid,
                "-modify and -delete print no rows: -" + std::string(use.name) + " does not go with them"};
  }
  if (args.has("delete") && args.has("modify")) status = {Code::invalid, "-modify and -delete do not go together"};
  if (search.filters.empty() && search.where.empty() && !args.has("all"))
    status = {Code::invalid, "without a filter every row is meant: say -all when it is"};
  if (!status.ok()) return end_with(program, status);
  const auto report = modify_rows(search, request, options);
  if (!report) return end_with(program, report.status());
  return tell_edit(program, args, *report, options, modify_text(*report, request));
}

}  // namespace imreg::cli

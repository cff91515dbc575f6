// Runs imrelocate -root, -make-root and -roots.
#include "cli/root_options.h"

#include <string>

#include "archive/roots.h"
#include "cli/background.h"
#include "cli/filter_options.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace imreg::cli {

namespace {

// One of the three, and nothing that it would pass over in silence.
Status check_alone(const Program& program, const Parsed& args, std::string_view task) {
  if (!args.positionals.empty())
    return {Code::invalid, "-" + std::string(task) + " and rules do not go together: one after the other"};
  for (const Use& use : args.uses) {
    const bool fits = use.name == task || use.name == "db" || use.name == "wait" || use.name == "c" ||
                      use.name == "D" || use.name == "format" || use.name == "v" ||
                      (use.name == "n" && task == "root") || (use.name == "go" && task != "roots");
    if (!fits)
      return {Code::invalid, "-" + std::string(task) + " and -" + std::string(use.name) +
                                 " do not go together: leave one out (" + std::string(program.name) + " -help roots)"};
  }
  if (task == "root" && args.has("n") && args.has("go"))
    return {Code::invalid, "-n (say what would change) and -go: leave one out"};
  return {};
}

int print(const Program& program, const std::string& text) {
  Output output;
  output.write(Progress::erase() + text);
  output.flush();
  return output.status().ok() ? kOk : end_with(program.name, output.status());
}

void tell(const Program& program, const std::string& database, const std::vector<std::string>& notes) {
  for (const auto& note : notes) warn(program.name, database + ": " + note);
}

int change(const Program& program, const Parsed& args, const BulkEditOptions& options, bool json) {
  std::vector<std::pair<std::string, std::string>> roots;
  for (const Use* use : args.all("root")) {
    auto root = root_and_prefix("-root", use->words[0]);
    if (!root) return end_with(program.name, root.status());
    roots.push_back(*std::move(root));
  }
  const bool dry_run = args.has("n");
  const auto report = change_roots(
      options.database, roots,
      {std::string(program.name), command_of(args), dry_run, options.wait_seconds, options.on_network, nullptr});
  if (!report) return end_with(program.name, report.status());
  tell(program, options.database, report->notes);
  return print(program, json ? report_json(*report, dry_run) : report_text(*report, dry_run));
}

int make(const Program& program, const Parsed& args, const BulkEditOptions& options, bool json) {
  const auto root = root_and_prefix("-make-root", args.word("make-root"));
  if (!root) return end_with(program.name, root.status());
  const auto report = make_root(root->first, root->second, command_of(args, {"go", "format"}), options);
  if (!report) return end_with(program.name, report.status());
  tell(program, options.database, report->root.notes);
  tell(program, options.database, report->edit.notes);
  complain(program.name, report->edit.damaged);
  if (const int code = print(program, json ? report_json(*report) : report_text(*report)); code != kOk) return code;
  if (report->edit.index_wants_merge) in_background([&options] { (void)merge_index_of(options); });
  return !report->edit.damaged.empty()                            ? kTrouble
         : !report->edit.in_order()                               ? kInputs
         : report->edit.rows == 0 && report->root.changed.empty() ? kNothing
                                                                  : kOk;
}

}  // namespace

std::optional<int> work_on_roots(const Program& program, const Parsed& args, const BulkEditOptions& options) {
  const std::string_view task = args.has("roots")       ? "roots"
                                : args.has("make-root") ? "make-root"
                                : args.has("root")      ? "root"
                                                        : "";
  if (task.empty()) return std::nullopt;
  if (const Status alone = check_alone(program, args, task); !alone.ok()) return end_with(program.name, alone);
  const bool json = args.word("format") == "json";
  if (task == "root") return change(program, args, options, json);
  if (task == "make-root") return make(program, args, options, json);
  const auto text = list_of_roots(options.database, json);
  if (!text) return end_with(program.name, text.status());
  if (const int code = print(program, *text); code != kOk) return code;
  return text->empty() ? kNothing : kOk;
}

}  // namespace imreg::cli

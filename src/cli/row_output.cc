// Joins the options about format and file into one choice, and refuses contradictions.
#include "cli/row_output.h"

#include "imreg/emit.h"

namespace imreg::cli {

Result<RowOutput> open_row_output(const Parsed& args) {
  std::string chosen, path;  // the option that says the format
  RowOutput out;
  constexpr struct {
    const char* option;
    const char* format;  // nullptr: its word
    bool names_file;
  } kChoices[] = {
      {"format", nullptr, false}, {"pt", "trigger", false}, {"table", "fits-table", true}, {"bintable", "fits", true}};
  for (const auto& choice : kChoices) {
    if (!args.has(choice.option)) continue;
    if (!chosen.empty())
      return Status(Code::invalid, "-" + chosen + " and -" + choice.option + " contradict each other: leave one out");
    chosen = choice.option;
    out.format = choice.format ? choice.format : args.word(choice.option);
    if (choice.names_file) path = args.word(choice.option);
  }
  if (args.has("o") && !path.empty())
    return Status(Code::invalid, "-" + chosen + " names the file already: leave -o out");
  if (args.has("o")) path = args.word("o");
  if (args.has("follow") && !path.empty() && path != "-")
    return Status(Code::invalid,
                  "-follow prints rows as they come, and a file appears when it is whole: use > " + path);
  if (out.format.empty()) out.format = args.has("fields") || args.has("group") ? "table" : "row";  // fields are columns
  if (path.empty() || path == "-") {
    out.output =
        args.has("nopager") || args.has("follow") || path == "-" ? std::make_unique<Output>() : Output::paged();
    if (out.output->terminal() && is_binary_format(out.format))
      return Status(Code::invalid, "format " + out.format + " is not for a terminal: name a file with -o");
    return out;
  }
  IMREG_ASSIGN(out.output, Output::to_file(path));
  return out;
}

}  // namespace imreg::cli

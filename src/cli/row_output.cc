// Joins the options about format and file into one choice, and refuses contradictions.
#include "cli/row_output.h"

#include "base/text.h"
#include "imreg/emit.h"

namespace imreg::cli {

namespace {

// What the ending of a file's name says of its format; else empty.
std::string format_of(std::string_view path) {
  constexpr std::pair<const char*, const char*> kEndings[] = {
      {".csv", "csv"},     {".tsv", "tsv"}, {".json", "json"}, {".jsonl", "json"}, {".xml", "votable"},
      {".vot", "votable"}, {".npy", "npy"}, {".fits", "fits"}, {".fit", "fits"},   {".fts", "fits"}};
  for (const auto& [ending, format] : kEndings) {
    if (to_lower(path).ends_with(ending)) return format;
  }
  return "";
}

// A name that ends like that of some format, but none that is known here: "rows.parquet", "rows.csv.old".
bool ends_strangely(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot != name.npos && dot > 0 && !equal_nocase(name.substr(dot), ".txt");
}

}  // namespace

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
  const bool by_name = out.format.empty() && !args.has("count") && !args.has("explain");
  if (by_name) out.format = format_of(path);
  if (out.format.empty()) {
    out.format = args.has("fields") || args.has("group") || (args.has("from") && !args.has("count"))
                     ? "table"
                     : "row";  // fields are columns
    if (by_name && ends_strangely(path))
      out.note = path + ": the ending names no format, so it is written as " + out.format + "; -format takes another";
  }
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

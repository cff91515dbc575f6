// The words of the shell itself, beside the verbs: a table, and what each does. The last ones are Elixir's.
#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "cli/messages.h"
#include "imreg/query.h"
#include "shell/answer_output.h"
#include "shell/line.h"
#include "shell/shell.h"
#include "trend/functions.h"
#include "trend/read_table.h"
#include "trend/verbs.h"

namespace imreg::cli {

namespace {

Status usage(std::string_view text) { return {Code::invalid, std::string(text)}; }

bool begins_as_fits(const std::string& path) {
  char first[9] = {};
  std::ifstream(path, std::ios::binary).read(first, sizeof first);
  return std::string_view(first, sizeof first) == "SIMPLE  =";
}

// "left<tab>right" lines with the right ones below each other.
void add_line(std::string& text, std::string left, std::string_view right) {
  left.resize(std::max<std::size_t>(left.size() + 2, 30), ' ');
  text += "  " + left + std::string(right) + "\n";
}

}  // namespace

std::span<const StatusShell::Word> StatusShell::words() {
  using Shell = StatusShell;
  static constexpr Word kWords[] = {
      {"report", "DATE [LENGTH]", "a night as a page: -o night.html", nullptr},  // a verb that prints no table
      {"select", "FILTERS | all", "the rows of the lines that follow; alone: which they are", &Shell::select},
      {"vectors", "", "which vectors there are", &Shell::list},
      {"delete", "NAME...", "forget vectors", &Shell::forget},
      {"write", "FILE X...", "vectors into a file; its ending says the format", &Shell::write},
      {"read", "FILE", "columns of a text, CSV or FITS table as vectors", &Shell::read},
      {"refresh", "", "see rows that have come since", &Shell::refresh},
      {"limits", "X0 X1 [Y0 Y1] | -", "of the pictures that follow", &Shell::limits},
      {"labels", "X [Y [TITLE]]", "of the pictures that follow", &Shell::labels},
      {"ctimes", "DATE | -ref SECONDS", "a time in its forms", &Shell::times},
      {"help", "[WORD]", "this list, or the line of one word", &Shell::help},
      {"quit", "", "the end (exit, Ctrl-D)", &Shell::quit},
      {"exit", "", "", &Shell::quit},
      {"list", "", "", &Shell::list},
      {"label", "-x TEXT -y TEXT", "", &Shell::labels},
      {"box", "", "", &Shell::nothing},
      {"clear", "", "", &Shell::nothing},
      {"vstat", "X", "", &Shell::vstat},
      {"histogram", "X", "", &Shell::histogram},
      {"imrough", "FIELD [filters]", "", &Shell::imrough},
      {"subset", "NAME = VECTOR where CONDITION", "", &Shell::subset},
      {"create", "NAME FIRST LAST [STEP]", "", &Shell::create},
  };
  return kWords;
}

Result<std::string> StatusShell::help(const Line& line) {
  if (line.words.size() > 2) return usage("help [WORD]: one word");
  const std::string_view of = line.words.size() > 1 ? std::string_view(line.words[1]) : "";
  std::string out;
  const auto wanted = [&](std::string_view name) { return of.empty() || equal_nocase(of, name); };
  for (const auto& verb : trend::verbs()) {
    if (!wanted(verb.name)) continue;
    add_line(out, std::string(verb.name) + " " + std::string(verb.words), verb.help);
    if (of.empty()) continue;
    std::string options;
    for (const auto list : {verb.options, verb.look}) {
      for (const auto option : imreg::words(list)) options += (options.empty() ? "-" : " -") + std::string(option);
    }
    if (!options.empty()) add_line(out, "", options);
  }
  if (of.empty()) add_line(out, "NAME = EXPR", "a vector that the lines to come know");
  for (const auto& one : words()) {
    if (wanted(one.name) && (!one.help.empty() || !of.empty()))
      add_line(out, std::string(one.name) + " " + std::string(one.usage), one.help.empty() ? "of Elixir's" : one.help);
  }
  for (const auto& one : trend::vector_functions()) {
    if (wanted(one.name)) add_line(out, std::string(one.signature), one.help);
  }
  if (out.empty()) return usage("help: there is no word \"" + std::string(of) + "\"; help alone lists them");
  if (!of.empty()) return out;
  return out +
         "filters and options are those of the command line: stat fwhm -type object -by filter (imstatus -help)\n";
}

Result<std::string> StatusShell::quit(const Line&) { return ended_ = true, std::string(); }
Result<std::string> StatusShell::nothing(const Line&) { return std::string(); }  // a picture has its frame
Result<std::string> StatusShell::refresh(const Line&) { return workspace_.refresh(), std::string(); }

Result<std::string> StatusShell::list(const Line&) {
  std::string out;
  for (const auto& [name, vector] : workspace_.vectors()) {
    const char* const noun = vector->column.is_text ? "text" : vector->is_time() ? "time" : "number";
    out += name + "  " + counted(static_cast<long long>(vector->size()), noun) + "\n";
  }
  return out.empty() ? std::string("no vectors: s = sky/exptime makes one\n") : out;
}

Result<std::string> StatusShell::forget(const Line& line) {
  if (line.words.size() < 2) return usage("delete NAME...: which vectors?");
  for (std::size_t i = 1; i < line.words.size(); ++i) {
    if (!workspace_.remove(line.words[i])) return Status(Code::not_found, "there is no vector " + line.words[i]);
  }
  return std::string();
}

Result<std::string> StatusShell::write(const Line& line) {
  if (line.words.size() < 3) return usage("write FILE X...: a file and vectors");
  if (is_picture_format(ending_of(line.words[1])))
    return usage("write " + line.words[1] +
                 ": vectors are written as .csv, .tsv, .txt, .json, .npy or .fits; plot draws");
  std::vector<std::string> words = {"vec", "-o", line.words[1]};
  words.insert(words.end(), line.words.begin() + 2, line.words.end());
  IMREG_TRY(run_words(words));
  return std::string();
}

Result<std::string> StatusShell::read(const Line& line) {
  if (line.words.size() != 2) return usage("read FILE: one file");
  const std::string& path = line.words[1];
  StatusOutput output;
  IMREG_ASSIGN(const auto request, request_of({}, output));
  std::vector<std::pair<std::string, trend::VectorPtr>> read;
  const std::string ending = ending_of(path);
  if (ending == "json" || ending == "npy" || ending == "png" || ending == "svg" || ending == "html")
    return usage("read " + path + ": a ." + ending + " is not read: CSV, TSV, text and FITS tables are");
  if (ending == "fits" || begins_as_fits(path)) {
    IMREG_ASSIGN(const RecordFile file, RecordFile::open(path));
    std::vector<std::string> names;
    for (const auto& field : file.schema().fields) {
      if (field.display != Display::hidden && (field.type == Type::text || field.count == 1))
        names.push_back(field.name);
    }
    IMREG_ASSIGN(auto columns, Query(file).columns(names));
    for (std::size_t i = 0; i < names.size(); ++i)
      read.emplace_back(
          std::isalpha(static_cast<unsigned char>(names[i][0])) != 0 ? names[i] : trend::vector_name(names[i], i),
          std::make_shared<const trend::Vector>(trend::Vector{std::move(columns.columns[i]), 0}));
  } else {
    IMREG_ASSIGN(read, trend::read_text_table(path, request.rows.dates));
  }
  std::string names;
  for (const auto& [name, vector] : read) {
    IMREG_TRY(workspace_.assign(name, vector));
    names += " " + name;
  }
  const auto values = read.empty() ? 0 : static_cast<long long>(read[0].second->size());
  warn(program_.name, path + ":" + names + ", " + counted(values, "value"));
  return std::string();
}

Result<std::string> StatusShell::select(const Line& line) {
  if (line.words.size() == 2 && line.words[1] == "all") return chosen_.clear(), std::string();
  if (line.words.size() > 1) {
    IMREG_ASSIGN(const auto parsed, parse_line({line.words.begin() + 1, line.words.end()}));
    const bool filters =
        std::all_of(parsed.uses.begin(), parsed.uses.end(), [](const Use& use) { return chooses_rows(use); });
    if (!parsed.positionals.empty() || !filters)
      return usage("select takes filters: -type object, -trange 2003/01/27 5d; or all");
    StatusOutput output;
    const auto before = std::exchange(chosen_, parsed.uses);
    const auto request = request_of({}, output);
    const Status good = request ? workspace_.check(request->rows) : request.status();
    if (!good.ok()) {
      chosen_ = before;
      return good;
    }
    return std::string();
  }
  std::string out;
  for (const auto* uses : std::initializer_list<const std::vector<Use>*>{&args_.uses, &chosen_}) {
    for (const auto& use : *uses) {
      if (!chooses_rows(use)) continue;
      out += "-" + std::string(use.name);
      for (const auto& one : use.words) out += " " + one;
      out += "\n";
    }
  }
  return out.empty() ? std::string("all rows\n") : out;
}

Result<std::string> StatusShell::limits(const Line& line) {
  const auto& words = line.words;
  const bool none = words.size() == 2 && words[1] == "-";
  if (!none && words.size() != 3 && words.size() != 5) return usage("limits X0 X1 [Y0 Y1], or - for none");
  if (!none) {
    StatusOutput output;
    IMREG_ASSIGN(const auto request, request_of({}, output));
    for (std::size_t i = 1; i < words.size(); ++i) {
      double number = 0;
      if (!parse_number(words[i], number) && !parse_date(words[i], request.rows.dates))
        return usage("limits: \"" + words[i] + "\" is no number and no date");
    }
  }
  std::erase_if(look_, [](const Use& use) { return use.name == "xrange" || use.name == "yrange"; });
  if (!none) look_.push_back({"xrange", {words[1], words[2]}});
  if (words.size() == 5) look_.push_back({"yrange", {words[3], words[4]}});
  return std::string();
}

Result<std::string> StatusShell::labels(const Line& line) {
  constexpr std::string_view kNames[] = {"xlabel", "ylabel", "title"};
  const std::vector<std::string> texts(line.words.begin() + 1, line.words.end());
  std::vector<Use> fresh;
  if (texts.size() > 1 && texts[0].starts_with("-")) {  // label -x TEXT -y TEXT
    for (std::size_t i = 0; i + 1 < texts.size(); i += 2) {
      const auto at = std::string_view("-x-y-t").find(texts[i]);
      if (texts[i].size() != 2 || at == std::string_view::npos)
        return usage("label -x TEXT -y TEXT -t TEXT: there is no " + texts[i]);
      fresh.push_back({kNames[at / 2], {texts[i + 1]}});
    }
  } else {
    if (texts.empty() || texts.size() > 3) return usage("labels X [Y [TITLE]]");
    for (std::size_t i = 0; i < texts.size(); ++i) fresh.push_back({kNames[i], {texts[i]}});
  }
  std::erase_if(look_, [](const Use& use) { return use.name.ends_with("label") || use.name == "title"; });
  look_.insert(look_.end(), fresh.begin(), fresh.end());
  return std::string();
}

// ctimes -abs DATE and -ref SECONDS are Elixir's.
Result<std::string> StatusShell::times(const Line& line) {
  const auto& words = line.words;
  const bool absolute = words.size() == 2 || (words.size() == 3 && words[1] == "-abs");
  const bool relative = words.size() == 3 && words[1] == "-ref";
  if (!absolute && !relative) return usage("ctimes DATE, or ctimes -ref SECONDS");
  double seconds = 0;
  if (absolute) {
    StatusOutput output;
    IMREG_ASSIGN(const auto request, request_of({}, output));
    IMREG_ASSIGN(seconds, parse_date(words.back(), request.rows.dates));
  } else if (!parse_number(words.back(), seconds)) {
    return usage("ctimes -ref SECONDS: \"" + words.back() + "\" is no number");
  }
  char forms[128];
  std::snprintf(forms, sizeof forms, "  %.3f s  MJD %.8f  JD %.7f\n", seconds, seconds / 86400 + 40587,
                seconds / 86400 + 2440587.5);
  return format_iso(seconds) + forms;
}

Result<std::string> StatusShell::as_verb(const std::string& verb, const Line& line) {
  std::vector<std::string> words = line.words;
  words[0] = verb;
  IMREG_TRY(run_words(words));
  return std::string();
}
Result<std::string> StatusShell::vstat(const Line& line) { return as_verb("stat", line); }
Result<std::string> StatusShell::histogram(const Line& line) { return as_verb("hist", line); }

// A vector with the name of its field.
Result<std::string> StatusShell::imrough(const Line& line) {
  IMREG_ASSIGN(const auto parsed, parse_line({line.words.begin() + 1, line.words.end()}));
  if (parsed.positionals.size() != 1) return usage("imrough FIELD [filters]: one field");
  StatusOutput output;
  IMREG_ASSIGN(const auto request, request_of(parsed, output));
  workspace_.remove(parsed.positionals[0]);
  IMREG_ASSIGN(const auto vector, workspace_.evaluate(parsed.positionals[0], request.rows));
  IMREG_TRY(workspace_.assign(parsed.positionals[0], vector));
  return std::string();
}

Result<std::string> StatusShell::subset(const Line& line) {
  std::string name;
  std::string_view expression;
  const bool assigns = is_assignment(line.text.substr(std::string_view("subset").size()), name, expression);
  const auto where = expression.find(" where ");
  if (!assigns || where == expression.npos)
    return usage("subset NAME = VECTOR where CONDITION; or NAME = subset(VECTOR, CONDITION)");
  IMREG_TRY(assign(name, "subset(" + std::string(expression.substr(0, where)) + ", " +
                             std::string(expression.substr(where + 7)) + ")"));
  return std::string();
}

Result<std::string> StatusShell::create(const Line& line) {
  const auto& words = line.words;
  if (words.size() < 4 || words.size() > 5) return usage("create NAME FIRST LAST [STEP]");
  IMREG_TRY(assign(words[1], "ramp(" + words[2] + ", " + words[3] + (words.size() > 4 ? ", " + words[4] : "") + ")"));
  return std::string();
}

}  // namespace imreg::cli

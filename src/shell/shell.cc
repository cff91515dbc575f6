// Does lines of imstatus one after the other: assignments, words of the shell itself, verbs.
#include "shell/shell.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/text.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "imreg/expression.h"
#include "shell/answer_output.h"
#include "shell/line.h"
#include "shell/line_editor.h"
#include "shell/report_command.h"
#include "trend/functions.h"
#include "trend/verbs.h"

namespace imreg::cli {

StatusShell::StatusShell(const Program& program, const Parsed& args)
    : program_(program), args_(args), settings_(args_) {}

Result<Parsed> StatusShell::parse_line(const std::vector<std::string>& words) const {
  std::vector<const char*> argv = {program_.name.data()};
  for (const auto& word : words) argv.push_back(word.c_str());
  IMREG_ASSIGN(auto parsed, parse(static_cast<int>(argv.size()), argv.data(), program_));
  for (const auto& use : parsed.uses) {
    if (use.name == "db" || use.name == "f" || use.name == "c" || use.name == "D")
      return Status(Code::invalid,
                    "-" + std::string(use.name) + " is for the command line, not for a line of the shell");
  }
  return parsed;
}

// The options of a line win over those of limits and labels, these over the command line's; filters add up.
Result<trend::Request> StatusShell::request_of(const Parsed& line, StatusOutput& output) {
  Parsed all{.uses = args_.uses, .positionals = line.positionals, .program = program_.name};
  for (const auto* more : std::initializer_list<const std::vector<Use>*>{&chosen_, &look_, &line.uses})
    all.uses.insert(all.uses.end(), more->begin(), more->end());
  trend::Request request;
  IMREG_TRY(read_status_options(all, settings_, request, output));
  for (const auto& text : request.rows.where) {
    const std::string function = trend::vector_function_in(text);
    if (!function.empty())
      return Status(Code::invalid, "-where is asked of each row alone, and " + function +
                                       "() is of all: subset(sky, sky > median(sky)) chooses so");
  }
  return request;
}

Status StatusShell::choose_style(StatusOutput& output) {
  const bool automatic = output.style == "auto";
  if (automatic) output.style.clear();
  if (!output.style.empty() || !output.path.empty() || !output.format.empty() || ::isatty(1) != 1) return {};
  IMREG_ASSIGN(const auto* config, settings_.config());
  if (!automatic && config->has(kStyleKey)) {
    IMREG_ASSIGN(output.style, config->get(kStyleKey));
    IMREG_TRY(check_style(output.style, kStyleKey));
    if (output.style != "auto") return {};
  }
  if (!terminal_.asked) {
    terminal_ = ask_terminal();
    if (editor_) editor_->give_back(terminal_.typed);
  }
  output.style = terminal_.sixels ? "sixel" : "";
  return {};
}

// `asked`: the options of this line alone. One that does nothing for its verb is a mistake; those that hold for all lines are not.
Status StatusShell::run_verb(const Parsed& line, const std::vector<Use>& asked) {
  StatusOutput output;
  IMREG_ASSIGN(const auto request, request_of(line, output));
  IMREG_TRY(check_options(asked, request, output));
  if (request.verb == "report")
    return report_night(program_, workspace_, request, output, args_.has("follow") || line.has("follow"));
  for (const auto& verb : trend::verbs()) {
    if (verb.name != request.verb) continue;
    std::string said;
    for (const auto& word : request.words) {
      const auto open = std::count(said.begin(), said.end(), '('), closed = std::count(said.begin(), said.end(), ')');
      said += word;
      if ((word.starts_with('>') || word == "|") && open == closed)
        return {Code::invalid, "a line here has no \"" + word +
                                   "\": -o FILE writes the answer to a file; a condition has no blanks, or quotes"};
      if (word.ends_with(';') && open == closed)
        return {Code::invalid, "a line has one verb, and no \";\": each stands in a line of its own"};
      if (word.starts_with('(') &&
          std::count(word.begin(), word.end(), '(') > std::count(word.begin(), word.end(), ')'))
        return {Code::invalid, word + " ...: an expression has no blanks, or quotes around it: '(sky > 1000)'"};
      const auto parts = split_expressions(word);
      std::string apart;
      for (const auto& part : parts) apart += " " + part;
      if (parts.size() > 1)
        return {Code::invalid, word + ": fields stand apart by blanks, without commas: " + request.verb + apart};
    }
    if (request.words.size() < verb.least || request.words.size() > verb.most)
      return {Code::invalid, std::string(verb.name) + " takes " + std::string(verb.words) + ", not " +
                                 counted(static_cast<long long>(request.words.size()), "word")};
    const bool chooses = std::any_of(line.uses.begin(), line.uses.end(), [](const Use& use) {
      return is_search_filter(use.name) || use.name == "where" || use.name == "limit" || use.name == "last";
    });
    for (const auto& word : request.words) {
      const std::string vector = chooses ? workspace_.vector_of_rows(word) : "";
      if (!vector.empty())
        return {
            Code::invalid,
            vector +
                " is a vector of rows that were chosen before; filters on a line choose rows of the database: subset(" +
                vector + ", CONDITION) chooses of it"};
    }
    IMREG_ASSIGN(auto answer, verb.run(workspace_, request));
    if (answer.wants_picture) IMREG_TRY(choose_style(output));
    return print_answer(program_.name, answer, output, request);
  }
  std::vector<std::string> names;
  for (const auto& verb : trend::verbs()) names.emplace_back(verb.name);
  for (const auto& word : words()) names.emplace_back(word.name);
  const std::string near = nearest_names(request.verb, names);
  if (const auto word =
          std::find_if(words().begin(), words().end(), [&](const auto& one) { return one.name == request.verb; });
      word != words().end())
    return {Code::invalid, request.verb +
                               " is a word of the shell, not a verb: imstatus alone is a shell, -f SCRIPT runs its "
                               "lines; -help tells the options"};
  return {Code::invalid,
          "there is no verb \"" + request.verb + "\"" + (near.empty() ? ": help lists them" : "; near: " + near)};
}

Status StatusShell::assign(const std::string& name, std::string_view expression) {
  StatusOutput output;
  IMREG_ASSIGN(const auto request, request_of({}, output));
  IMREG_ASSIGN(const auto vector, workspace_.evaluate(expression, request.rows));
  return workspace_.assign(name, vector);
}

Status StatusShell::run_words(const std::vector<std::string>& words) {
  IMREG_ASSIGN(const auto parsed, parse_line(words));
  return parsed.has("help") || parsed.has("h") ? run_line("help") : run_verb(parsed, parsed.uses);
}

Status StatusShell::run_line(std::string_view whole) {
  const std::string_view line = bare_line(whole);
  if (line.empty()) return {};
  std::string name;
  std::string_view expression;
  IMREG_ASSIGN(const auto split, shell_words(line));
  if (is_assignment(line, name, expression)) return assign(name, expression);
  for (const auto& word : words()) {
    if (word.does == nullptr || !equal_nocase(word.name, split[0])) continue;
    if (word.usage.empty() && split.size() > 1 && word.does != &StatusShell::nothing)
      return {Code::invalid, std::string(word.name) + " takes no words: what is \"" + split[1] + "\"?"};
    IMREG_ASSIGN(const std::string text, (this->*word.does)({split, line}));
    Output out;
    out.write(text);
    return out.finish();
  }
  return run_words(split);
}

// What is said when the words are right and there is nothing to answer them with.
constexpr const char* kNothingFound[] = {"nothing is selected", "nothing to draw", "no value of ",
                                         "no position is known"};

int StatusShell::run_command() {
  // The options are those of the command line already.
  Parsed line{.uses = {}, .positionals = args_.positionals, .program = args_.program};
  const Status status = run_verb(line, args_.uses);
  complain(program_.name, workspace_.damaged());
  if (!status.ok()) {
    const bool nothing = std::any_of(std::begin(kNothingFound), std::end(kNothingFound),
                                     [&](const char* words) { return status.message().starts_with(words); });
    if (status.code() != Code::not_found || !status.file().empty() || !nothing) return end_with(program_.name, status);
    complain(program_.name, status);
    return kNothing;
  }
  return workspace_.damaged().empty() ? kOk : kTrouble;
}

int StatusShell::run_script(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) {
      complain(program_.name, Status(Code::not_found, "cannot be read").in_file(path));
      return kTrouble;
    }
  }
  std::istream& in = path == "-" ? std::cin : file;
  const std::string name = path == "-" ? "standard input" : path;
  std::string line;
  for (int number = 1; !ended_ && std::getline(in, line); ++number) {
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // the mark of UTF-8 that some editors write
    const bool text = line.find('\0') == line.npos;
    const Status status = text ? run_line(line) : Status(Code::invalid, "a NUL byte: this is no text");
    if (status.ok()) continue;
    const std::string where = name + ": line " + std::to_string(number) + ": ";
    return end_with(program_.name, Status(status.code(), where + status.text()));
  }
  if (in.bad()) {
    complain(program_.name, Status(Code::io, "cannot be read").in_file(name));
    return kTrouble;
  }
  return kOk;
}

int StatusShell::run_person() {
  if (::isatty(0) != 1) return run_script("-");
  LineEditor editor(program_.name, [this](std::string_view line) { return completions(line); });
  editor_ = &editor;
  StatusOutput output;
  output.style = args_.word("style");
  (void)choose_style(output);  // now, while nobody types; what is wrong is told with the first picture
  workspace_.stop_when(&LineEditor::interrupted);
  std::string line;
  while (!ended_ && editor.read("imstatus> ", line)) {
    const Status status = run_line(line);
    if (LineEditor::interrupted()) std::fputs("\n", stderr);  // behind the terminal's ^C
    if (!status.ok()) (void)end_with(program_.name, status);
  }
  editor_ = nullptr;
  return kOk;
}

// What stands in a field behind the filter of its name. Error: not_found, the option is no field.
Result<std::vector<std::string>> StatusShell::values_of(const std::string& option, const std::string& prefix) {
  StatusOutput output;
  IMREG_ASSIGN(const auto request, request_of({}, output));
  IMREG_ASSIGN(const RecordFile* file, workspace_.file(request.rows));
  const FieldInfo* field = file->schema().find(option);
  if (!field) return Status(Code::not_found, "no field");
  std::vector<std::string> out = field->words;
  if (field->type == Type::text) {
    constexpr std::size_t kMost = 1000;
    for (const auto& one : texts_from(*file, *field, prefix)) {
      if (out.size() < kMost && !one.text.empty()) out.push_back(one.text);
    }
  }
  return out;
}

namespace {

std::vector<std::string> files_from(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "" : path.substr(0, slash + 1);
  std::vector<std::string> out;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder.empty() ? "." : folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code unknown;
    if (name.starts_with('.') && path.size() == folder.size()) continue;
    out.push_back(folder + name + (at->is_directory(unknown) ? "/" : ""));
  }
  return out;
}

}  // namespace

Completion StatusShell::completions(std::string_view line) {
  const LastWord last = last_word(line);
  Completion out{.from = last.from, .words = true, .quoted = last.quoted};
  const auto take = [&](const auto& texts, std::string_view start) {
    for (const auto& one : texts) {
      if (starts_nocase(one, start)) out.texts.emplace_back(one);
    }
    std::sort(out.texts.begin(), out.texts.end());
    out.texts.erase(std::unique(out.texts.begin(), out.texts.end()), out.texts.end());
    return out;
  };
  const std::string behind = last.before.empty() ? "" : last.before.back();
  const bool file =
      behind == "-o" || (last.before.size() == 1 && (equal_nocase(behind, "read") || equal_nocase(behind, "write")));
  if (file) return take(files_from(last.text), last.text);
  if (behind.starts_with('-')) {
    const auto comma = last.text.rfind(',');  // r,i: the last of a list
    const std::string list = comma == last.text.npos ? "" : last.text.substr(0, comma + 1);
    if (auto values = values_of(behind.substr(behind.find_first_not_of('-')), last.text.substr(list.size()))) {
      for (auto& value : *values) value.insert(0, list);
      return take(*values, last.text);
    }
  }
  std::vector<std::string> names;
  if (last.text.starts_with('-')) {
    for (const auto& option : program_.options) {
      if (!option.name.empty()) names.push_back("-" + std::string(option.name));
    }
    return take(names, last.text);
  }
  // A name within an expression.
  const auto from = line.find_last_of(" \t,(+*/=<>");
  out = {.from = from == line.npos ? 0 : from + 1};
  const std::string_view word = line.substr(out.from);
  StatusOutput output;
  const auto request = request_of({}, output);
  const bool first = last.before.empty() && last.text == word;
  for (const auto& [name, vector] : workspace_.vectors()) names.push_back(name);
  if (first) {
    for (const auto& verb : trend::verbs()) names.emplace_back(verb.name);
    for (const auto& one : words()) names.emplace_back(one.name);
    return take(names, word);
  }
  if (const auto opened = request ? workspace_.file(request->rows) : request.status()) {
    for (const auto& field : (*opened)->schema().fields) {
      if (field.display != Display::hidden) names.push_back(field.name);
    }
  }
  for (const auto& function : trend::vector_functions()) names.push_back(std::string(function.name) + "(");
  return take(names, word);
}

}  // namespace imreg::cli

// Does lines of imstatus one after the other: assignments, words of the shell itself, verbs.
#include "shell/shell.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "base/text.h"
#include "cli/messages.h"
#include "cli/output.h"
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

Status StatusShell::run_verb(const Parsed& line) {
  StatusOutput output;
  IMREG_ASSIGN(const auto request, request_of(line, output));
  if (request.verb == "report")
    return report_night(program_, workspace_, request, output, args_.has("follow") || line.has("follow"));
  for (const auto& verb : trend::verbs()) {
    if (verb.name != request.verb) continue;
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
  return parsed.has("help") || parsed.has("h") ? run_line("help") : run_verb(parsed);
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
    IMREG_ASSIGN(const std::string text, (this->*word.does)({split, line}));
    Output out;
    out.write(text);
    return out.finish();
  }
  return run_words(split);
}

int StatusShell::run_command() {
  // The options are those of the command line already.
  Parsed line{.uses = {}, .positionals = args_.positionals, .program = args_.program};
  const Status status = run_verb(line);
  complain(program_.name, workspace_.damaged());
  if (!status.ok()) {
    const bool nothing = status.code() == Code::not_found && status.file().empty() &&
                         status.message().starts_with("nothing is selected");
    if (!nothing) return end_with(program_.name, status);
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
    const Status status = run_line(line);
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
  LineEditor editor(program_.name,
                    [this](std::string_view line, std::string_view word) { return completions(line, word); });
  editor_ = &editor;
  StatusOutput output;
  output.style = args_.word("style");
  (void)choose_style(output);  // now, while nobody types; what is wrong is told with the first picture
  std::string line;
  while (!ended_ && editor.read("imstatus> ", line)) {
    if (const Status status = run_line(line); !status.ok()) (void)end_with(program_.name, status);
  }
  editor_ = nullptr;
  return kOk;
}

std::vector<std::string> StatusShell::completions(std::string_view line, std::string_view word) {
  std::vector<std::string> out;
  const auto add = [&](std::string_view one) {
    if (starts_nocase(one, word)) out.emplace_back(one);
  };
  if (word.starts_with('-')) {
    for (const auto& option : program_.options) {
      if (!option.name.empty()) add("-" + std::string(option.name));
    }
    return out;
  }
  StatusOutput output;
  const auto request = request_of({}, output);
  if (!request) return out;
  const bool first = trim(line) == word;
  if (first) {
    for (const auto& verb : trend::verbs()) add(verb.name);
    for (const auto& one : words()) add(one.name);
  }
  for (const auto& [name, vector] : workspace_.vectors()) add(name);
  const auto file = workspace_.file(request->rows);
  if (file) {
    // Behind -type and its like: values.
    const auto before = imreg::words(line.substr(0, line.size() - word.size()));
    const std::string option =
        before.empty() || !before.back().starts_with('-') ? "" : std::string(before.back().substr(1));
    if (const FieldInfo* field = option.empty() ? nullptr : (*file)->schema().find(option)) {
      out.clear();
      for (const auto& one : field->words) add(one);
      if (field->type == Type::text) {
        for (const auto& one : texts_from(**file, *field, word)) {
          if (out.size() < 1000) add(one.text);
        }
      }
      return out;
    }
    if (!first) {
      for (const auto& field : (*file)->schema().fields) {
        if (field.display != Display::hidden) add(field.name);
      }
    }
  }
  if (!first) {
    for (const auto& function : trend::vector_functions()) add(std::string(function.name) + "(");
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace imreg::cli

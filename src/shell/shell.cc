// Does lines of imstatus one after the other: assignments, words of the shell itself, verbs.
#include "shell/shell.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>

#include "base/text.h"
#include "cli/messages.h"
#include "cli/output.h"
#include "imreg/chart.h"
#include "imreg/query.h"
#include "shell/line_editor.h"
#include "shell/report_command.h"
#include "trend/functions.h"
#include "trend/read_table.h"
#include "trend/verbs.h"

namespace imreg::cli {

namespace {

bool is_picture_format(std::string_view format) { return format == "png" || format == "svg"; }

std::string ending_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  const std::string ending = dot == name.npos ? "" : to_lower(name.substr(dot + 1));
  if (ending == "jsonl") return "json";
  if (ending == "fit" || ending == "fts") return "fits";
  if (ending == "txt" || ending == "dat") return "text";
  return ending;
}

// NAME = EXPRESSION, or set NAME = EXPRESSION; not NAME == ...
bool is_assignment(std::string_view line, std::string& name, std::string_view& expression) {
  line = trim(line);
  if (starts_nocase(line, "set ")) line = trim(line.substr(4));
  const auto equals = line.find('=');
  if (equals == line.npos || equals == 0) return false;
  const auto left = trim(line.substr(0, equals));
  const bool is_name = !left.empty() && std::all_of(left.begin(), left.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
  if (!is_name || (equals + 1 < line.size() && line[equals + 1] == '=')) return false;
  name = left;
  expression = trim(line.substr(equals + 1));
  return true;
}

// Without a comment: # at the beginning or behind a blank, outside of quotes.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      quote = line[i] == quote ? '\0' : quote;
    } else if (line[i] == '\'' || line[i] == '"') {
      quote = line[i];
    } else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

struct Word {
  std::string_view name, usage, help;
};
constexpr Word kWords[] = {
    {"report", "DATE [LENGTH]", "a night as a page: -o night.html"},
    {"select", "FILTERS | all", "the rows of the lines that follow; alone: which they are"},
    {"vectors", "", "which vectors there are (list)"},
    {"delete", "NAME...", "forget vectors"},
    {"write", "FILE X...", "vectors into a file; its ending says the format"},
    {"read", "FILE", "columns of a text, CSV or FITS table as vectors"},
    {"refresh", "", "see rows that have come since"},
    {"limits", "X0 X1 [Y0 Y1] | -", "of the pictures that follow"},
    {"labels", "X [Y [TITLE]]", "of the pictures that follow"},
    {"ctimes", "DATE|SECONDS", "a time in its forms"},
    {"help", "[WORD]", "this list"},
    {"quit", "", "the end (exit, Ctrl-D)"},
};

}  // namespace

Result<std::vector<std::string>> shell_words(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  bool any = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      any = true;
    } else if (c == '\\' && i + 1 < line.size()) {
      word += line[++i];
      any = true;
    } else if (c == ' ' || c == '\t') {
      if (any) out.push_back(std::move(word));
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (quote != 0) return Status(Code::invalid, std::string("a quote ") + quote + " is not closed");
  if (any) out.push_back(std::move(word));
  return out;
}

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

Status StatusShell::print(trend::Answer answer, const StatusOutput& output, const trend::Request& request) {
  std::string format = output.format.empty() && !output.path.empty() ? ending_of(output.path) : output.format;
  const auto formats = trend::table_formats();
  const bool known = is_picture_format(format) || std::find(formats.begin(), formats.end(), format) != formats.end();
  if (!format.empty() && !known) {
    if (!output.format.empty()) {
      std::string list = "png, svg";
      for (const auto& one : formats) list += ", " + one;
      return {Code::invalid, "-format: \"" + format + "\" is none of " + list};
    }
    return {Code::invalid,
            output.path + ": its ending names no format: .png, .svg, .csv, .json, .fits, .npy, .txt, or -format"};
  }
  const bool terminal = ::isatty(1) == 1 && output.path.empty();
  if (terminal && (format == "png" || format == "npy" || format == "fits"))
    return {Code::invalid, "-format " + format + " is not for a terminal: -o FILE"};
  const bool draw = answer.picture && (is_picture_format(format) || (format.empty() && answer.wants_picture));
  if (is_picture_format(format) && !answer.picture)
    return {Code::invalid, request.verb + " has no picture: text, csv, tsv, json, npy or fits"};
  std::string picture;  // made before a file is begun
  if (draw && is_picture_format(format)) {
    chart::Size size;
    if (output.width > 0) size = {output.width, output.height};
    auto drawn = format == "png" ? chart::draw_png(*answer.picture, size) : chart::draw_svg(*answer.picture, size);
    if (!drawn) return drawn.status();
    picture = *std::move(drawn);
  } else if (draw) {
    chart::Terminal shape;
    if (const int columns = terminal_columns(); columns > 0)
      shape.columns = columns, shape.rows = std::clamp(columns * 3 / 10, 12, 40);
    if (output.width > 0) shape.columns = output.width, shape.rows = output.height;
    shape.colour = terminal;
    const std::string style = !output.style.empty() ? output.style : utf8_locale() ? "braille" : "ascii";
    shape.style = style == "braille" ? chart::TerminalStyle::braille
                  : style == "ascii" ? chart::TerminalStyle::ascii
                                     : chart::TerminalStyle::sixel;
    auto drawn = chart::draw_text(*answer.picture, shape);
    if (!drawn) return drawn.status();
    picture = *std::move(drawn);
  }
  if (!draw && answer.tables.size() > 1 && (format == "npy" || format == "fits"))
    return {Code::invalid, "numbers and texts are two tables: ask for them one by one in " + format};
  std::unique_ptr<Output> out;
  if (output.path.empty()) {
    out = std::make_unique<Output>();
  } else {
    IMREG_ASSIGN(out, Output::to_file(output.path));
  }
  Status status;
  if (draw) {
    out->write(picture);
  } else {
    const trend::TableOptions options{request.rows.dates.tz_hours, terminal ? terminal_columns() : 0, !utf8_locale()};
    for (std::size_t i = 0; i < answer.tables.size() && status.ok(); ++i) {
      if (i > 0 && (format.empty() || format == "text" || format == "csv" || format == "tsv")) out->write("\n");
      status = trend::write_table(answer.tables[i], format.empty() ? "text" : format, options, out->sink());
    }
  }
  const Status finished = out->finish(status.ok());
  IMREG_TRY(status);
  IMREG_TRY(finished);
  for (const auto& note : answer.notes) warn(program_.name, note);
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
    return print(std::move(answer), output, request);
  }
  std::vector<std::string> names;
  for (const auto& verb : trend::verbs()) names.emplace_back(verb.name);
  for (const auto& word : kWords) names.emplace_back(word.name);
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

Status StatusShell::read_vectors(const std::string& path) {
  StatusOutput output;
  IMREG_ASSIGN(const auto request, request_of({}, output));
  std::vector<std::pair<std::string, trend::VectorPtr>> read;
  if (ending_of(path) == "fits") {
    IMREG_ASSIGN(const RecordFile file, RecordFile::open(path));
    std::vector<std::string> names;
    for (const auto& field : file.schema().fields) {
      if (field.display != Display::hidden && (field.type == Type::text || field.count == 1))
        names.push_back(field.name);
    }
    IMREG_ASSIGN(auto columns, Query(file).columns(names));
    for (std::size_t i = 0; i < names.size(); ++i)
      read.emplace_back(names[i],
                        std::make_shared<const trend::Vector>(trend::Vector{std::move(columns.columns[i]), 0}));
  } else {
    IMREG_ASSIGN(read, trend::read_text_table(path, request.rows.dates));
  }
  for (const auto& [name, vector] : read) IMREG_TRY(workspace_.assign(name, vector));
  std::string names;
  for (const auto& [name, vector] : read) names += " " + name;
  warn(program_.name,
       path + ":" + names + ", " + counted(read.empty() ? 0 : static_cast<long long>(read[0].second->size()), "value"));
  return {};
}

Status StatusShell::built_in(const std::string& word, const std::vector<std::string>& words, std::string_view line,
                             bool& done) {
  done = true;
  std::string text;
  if (word == "quit" || word == "exit") {
    ended_ = true;
  } else if (word == "help") {
    for (const auto& verb : trend::verbs())
      text += "  " + std::string(verb.name) + " " + std::string(verb.words) + "\t" + std::string(verb.help) + "\n";
    text += "  NAME = EXPR\ta vector that the lines to come know\n";
    for (const auto& one : kWords)
      text += "  " + std::string(one.name) + " " + std::string(one.usage) + "\t" + std::string(one.help) + "\n";
    for (const auto& one : trend::vector_functions())
      text += "  " + std::string(one.signature) + "\t" + std::string(one.help) + "\n";
    text += "filters and options are those of the command line: stat fwhm -type object -by filter (imstatus -help)\n";
    std::string aligned;
    for (const auto part : split(text, '\n')) {
      const auto tab = part.find('\t');
      if (part.empty()) continue;
      std::string left(part.substr(0, tab));
      if (tab != part.npos) left.resize(std::max<std::size_t>(left.size() + 2, 28), ' ');
      aligned += left + (tab == part.npos ? "" : std::string(part.substr(tab + 1))) + "\n";
    }
    text = aligned;
  } else if (word == "vectors" || word == "list") {
    for (const auto& [name, vector] : workspace_.vectors())
      text += name + "  " +
              counted(static_cast<long long>(vector->size()), vector->column.is_text ? "text"
                                                              : vector->is_time()    ? "time"
                                                                                     : "number") +
              "\n";
    if (text.empty()) text = "no vectors: s = sky/exptime makes one\n";
  } else if (word == "delete") {
    if (words.size() < 2) return {Code::invalid, "delete NAME...: which vectors?"};
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (!workspace_.remove(words[i])) return {Code::not_found, "there is no vector " + words[i]};
    }
  } else if (word == "refresh") {
    workspace_.refresh();
  } else if (word == "read") {
    if (words.size() != 2) return {Code::invalid, "read FILE: one file"};
    return read_vectors(words[1]);
  } else if (word == "write") {
    if (words.size() < 3) return {Code::invalid, "write FILE X...: a file and vectors"};
    std::vector<std::string> now = {"vec", "-o", words[1]};
    now.insert(now.end(), words.begin() + 2, words.end());
    return run_words(now);
  } else if (word == "select") {
    if (words.size() == 2 && words[1] == "all") return chosen_.clear(), Status();
    if (words.size() > 1) {
      IMREG_ASSIGN(const auto parsed, parse_line({words.begin() + 1, words.end()}));
      if (!parsed.positionals.empty())
        return {Code::invalid, "select takes filters: -type object, -trange 2003/01/27 5d; or all"};
      StatusOutput output;
      const auto before = std::exchange(chosen_, parsed.uses);
      if (const auto request = request_of({}, output); !request) {
        chosen_ = before;
        return request.status();
      }
      return {};
    }
    for (const auto* uses : {&args_.uses, &chosen_}) {
      for (const auto& use : *uses) {
        text += "-" + std::string(use.name);
        for (const auto& one : use.words) text += " " + one;
        text += "\n";
      }
    }
    if (text.empty()) text = "all rows\n";
  } else if (word == "limits") {
    std::erase_if(look_, [](const Use& use) { return use.name == "xrange" || use.name == "yrange"; });
    if (words.size() == 2 && words[1] == "-") return {};
    if (words.size() != 3 && words.size() != 5) return {Code::invalid, "limits X0 X1 [Y0 Y1], or - for none"};
    look_.push_back({"xrange", {words[1], words[2]}});
    if (words.size() == 5) look_.push_back({"yrange", {words[3], words[4]}});
  } else if (word == "label" || word == "labels") {
    std::erase_if(look_,
                  [](const Use& use) { return use.name == "xlabel" || use.name == "ylabel" || use.name == "title"; });
    std::vector<std::string> rest(words.begin() + 1, words.end());
    constexpr std::string_view kNames[] = {"xlabel", "ylabel", "title"};
    if (rest.size() > 1 && rest[0].starts_with("-")) {  // Elixir: label -x TEXT -y TEXT
      for (std::size_t i = 0; i + 1 < rest.size(); i += 2) {
        const auto at = rest[i] == "-x" ? 0 : rest[i] == "-y" ? 1 : rest[i] == "-t" || rest[i] == "-ul" ? 2 : 3;
        if (at == 3) return {Code::invalid, "label -x TEXT -y TEXT -t TEXT: there is no " + rest[i]};
        look_.push_back({kNames[at], {rest[i + 1]}});
      }
    } else {
      if (rest.empty() || rest.size() > 3) return {Code::invalid, "labels X [Y [TITLE]]"};
      for (std::size_t i = 0; i < rest.size(); ++i) look_.push_back({kNames[i], {rest[i]}});
    }
  } else if (word == "box" || word == "clear") {
    // Elixir draws a frame by hand; plot always has one.
  } else if (word == "ctimes") {
    StatusOutput output;
    IMREG_ASSIGN(const auto request, request_of({}, output));
    std::string date = words.size() > 1 ? words.back() : "";
    double seconds = 0;
    if (words.size() == 3 && words[1] == "-ref" && !parse_number(date, seconds))
      return {Code::invalid, "ctimes -ref SECONDS"};
    if (words.size() == 2 || (words.size() == 3 && words[1] == "-abs")) {
      IMREG_ASSIGN(seconds, parse_date(date, request.rows.dates));
    } else if (words.size() != 3 || words[1] != "-ref") {
      return {Code::invalid, "ctimes DATE, or ctimes -ref SECONDS"};
    }
    char line_out[128];
    std::snprintf(line_out, sizeof line_out, "  %.3f s  MJD %.8f  JD %.7f\n", seconds, seconds / 86400 + 40587,
                  seconds / 86400 + 2440587.5);
    text = format_iso(seconds) + line_out;
  } else if (word == "imrough") {  // Elixir: imrough VALUE makes a vector of that name
    if (words.size() < 2) return {Code::invalid, "imrough FIELD [filters]"};
    IMREG_ASSIGN(const auto parsed, parse_line({words.begin() + 1, words.end()}));
    if (parsed.positionals.size() != 1) return {Code::invalid, "imrough FIELD [filters]: one field"};
    StatusOutput output;
    IMREG_ASSIGN(const auto request, request_of(parsed, output));
    workspace_.remove(parsed.positionals[0]);
    IMREG_ASSIGN(const auto vector, workspace_.evaluate(parsed.positionals[0], request.rows));
    return workspace_.assign(parsed.positionals[0], vector);
  } else if (word == "subset") {  // Elixir: subset y = x where (condition)
    std::string name;
    std::string_view expression;
    const auto where = line.find(" where ");
    if (where == line.npos || !is_assignment(trim(line).substr(6), name, expression))
      return {Code::invalid, "subset NAME = VECTOR where CONDITION; or NAME = subset(VECTOR, CONDITION)"};
    const auto cut = expression.find(" where ");
    return assign(name, "subset(" + std::string(trim(expression.substr(0, cut))) + ", " +
                            std::string(trim(expression.substr(cut + 7))) + ")");
  } else if (word == "create") {  // Elixir: create x 0 10 0.1
    if (words.size() < 4 || words.size() > 5) return {Code::invalid, "create NAME FIRST LAST [STEP]"};
    return assign(words[1], "ramp(" + words[2] + ", " + words[3] + (words.size() > 4 ? ", " + words[4] : "") + ")");
  } else if (word == "vstat") {
    std::vector<std::string> now = words;
    now[0] = "stat";
    return run_words(now);
  } else if (word == "histogram") {
    std::vector<std::string> now = words;
    now[0] = "hist";
    return run_words(now);
  } else {
    done = false;
  }
  if (!text.empty()) {
    Output out;
    out.write(text);
    return out.finish();
  }
  return {};
}

Status StatusShell::run_words(const std::vector<std::string>& words) {
  IMREG_ASSIGN(const auto parsed, parse_line(words));
  if (parsed.has("help") || parsed.has("h")) {
    bool done = false;
    return built_in("help", {"help"}, "", done);
  }
  return run_verb(parsed);
}

Status StatusShell::run_line(std::string_view whole) {
  const std::string_view line = trim(without_comment(whole));
  if (line.empty()) return {};
  std::string name;
  std::string_view expression;
  IMREG_ASSIGN(const auto words, shell_words(line));
  if (is_assignment(line, name, expression)) return assign(name, expression);
  bool done = false;
  IMREG_TRY(built_in(to_lower(words[0]), words, line, done));
  return done ? Status() : run_words(words);
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
  std::string line;
  while (!ended_ && editor.read("imstatus> ", line)) {
    if (const Status status = run_line(line); !status.ok()) (void)end_with(program_.name, status);
  }
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
    for (const auto& one : kWords) add(one.name);
  }
  for (const auto& [name, vector] : workspace_.vectors()) add(name);
  const auto file = workspace_.file(request->rows);
  if (file) {
    // Behind -type and its like: values.
    const auto before = words(line.substr(0, line.size() - word.size()));
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

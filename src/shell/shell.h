// Lines of imstatus: from the command line, a script, or a person.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "shell/line_editor.h"
#include "shell/options.h"
#include "cli/terminal.h"
#include "trend/request.h"
#include "trend/workspace.h"

namespace imreg::cli {

class LineEditor;

class StatusShell {
 public:
  /// `args`: of the command line; its filters and options hold for every line that does not say otherwise.
  StatusShell(const Program& program, const Parsed& args);

  /// What the command line asks for: one verb. Returns the exit code.
  int run_command();
  /// The lines of a file, "-" is standard input, until one fails: "plots.txt: line 7: ...".
  int run_script(const std::string& path);
  /// Asks a person for lines, or reads them from standard input when that is no terminal.
  int run_person();

  /// One line. Errors: invalid, not_found; those of the database and of the output.
  Status run_line(std::string_view line);
  bool ended() const { return ended_; }
  /// For completion: words that may follow.
  Completion completions(std::string_view line);

 private:
  /// A line whose first word is one of words().
  struct Line {
    std::vector<std::string> words;
    std::string_view text;
  };
  /// What it prints.
  using Does = Result<std::string> (StatusShell::*)(const Line&);
  struct Word {
    std::string_view name, usage, help;  ///< without help: another name, or one of Elixir's
    Does does;
  };
  static std::span<const Word> words();
  // words.cc
  Result<std::string> select(const Line& line);
  Result<std::string> list(const Line& line);
  Result<std::string> forget(const Line& line);
  Result<std::string> write(const Line& line);
  Result<std::string> read(const Line& line);
  Result<std::string> refresh(const Line& line);
  Result<std::string> limits(const Line& line);
  Result<std::string> labels(const Line& line);
  Result<std::string> times(const Line& line);
  Result<std::string> help(const Line& line);
  Result<std::string> quit(const Line& line);
  Result<std::string> nothing(const Line& line);
  Result<std::string> as_verb(const std::string& verb, const Line& line);
  Result<std::string> vstat(const Line& line);
  Result<std::string> histogram(const Line& line);
  Result<std::string> imrough(const Line& line);
  Result<std::string> subset(const Line& line);
  Result<std::string> create(const Line& line);

  Result<std::vector<std::string>> values_of(const std::string& option, const std::string& prefix);
  Status run_words(const std::vector<std::string>& words);
  Status run_verb(const Parsed& line, const std::vector<Use>& asked);
  Status assign(const std::string& name, std::string_view expression);
  Result<Parsed> parse_line(const std::vector<std::string>& words) const;
  Result<trend::Request> request_of(const Parsed& line, StatusOutput& output);
  /// How pictures look in the terminal when no option says it: PICTURE_STYLE of the configuration, else what the terminal can.
  Status choose_style(StatusOutput& output);

  const Program& program_;
  Parsed args_;
  Settings settings_;
  trend::Workspace workspace_;
  std::vector<Use> chosen_;       ///< of select: filters for all lines
  std::vector<Use> look_;         ///< of limits and labels: for the pictures to come
  TerminalAnswer terminal_;       ///< asked once
  LineEditor* editor_ = nullptr;  ///< while a person is asked for lines
  bool ended_ = false;
};

}  // namespace imreg::cli

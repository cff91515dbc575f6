// Lines of imstatus: from the command line, a script, or a person.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "shell/options.h"
#include "trend/request.h"
#include "trend/workspace.h"

namespace imreg::cli {

/// The words of a line as a shell cuts them: '...', "..." and backslashes; # begins a comment. Error: invalid, a quote
/// that is not closed.
Result<std::vector<std::string>> shell_words(std::string_view line);

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
  std::vector<std::string> completions(std::string_view line, std::string_view word);

 private:
  Status run_words(const std::vector<std::string>& words);
  Status run_verb(const Parsed& args);
  Status built_in(const std::string& word, const std::vector<std::string>& words, std::string_view line, bool& done);
  Status assign(const std::string& name, std::string_view expression);
  Status print(trend::Answer answer, const StatusOutput& output, const trend::Request& request);
  Result<trend::Request> request_of(const Parsed& args, StatusOutput& output);
  Status read_vectors(const std::string& path);
  Result<Parsed> parse_line(const std::vector<std::string>& words) const;

  const Program& program_;
  Parsed args_;
  Settings settings_;
  trend::Workspace workspace_;
  std::vector<Use> chosen_;  ///< of select: filters for all lines
  std::vector<Use> look_;    ///< of limits and labels: for the pictures to come
  bool ended_ = false;
  int shown_ = 0;
};

}  // namespace imreg::cli

// Command lines: a program declares its options as a table; parsing and the help text come from it.
//
//   constexpr cli::Option kOptions[] = {{"trange", "DATE DATE|RANGE", "exposures in this range", cli::kRepeat}, ...};
//   constexpr cli::Program kProgram = {"imsearch", "...", "", kOptions, {"imsearch -type object"}};
//   int work(const cli::Parsed& args);
//   int main(int argc, char** argv) { return cli::run(kProgram, argc, argv, work); }
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/status.h"

namespace imreg::cli {

/// May an option stand more than once?
enum Repeat : bool { kOnce, kRepeat };

/// One row of the table. An option takes exactly as many words as `words` names, whatever they begin with.
/// A row without a name is a heading, for -help: `words` begins a group of options, `help` says more of it.
struct Option {
  std::string_view name;   ///< without dashes: "trange"
  std::string_view words;  ///< names of its words, separated by blanks: "DATE DATE|RANGE"; empty: a flag
  std::string_view help;   ///< a few words in lower case
  Repeat repeat = kOnce;   ///< a flag may always stand twice
};

/// The options from here to the next heading are only named by -help, and explained by -help all.
inline constexpr Option kSeldom = {"", "", ""};
/// The options of every program; they stand in no table.
inline constexpr Option kAlways[] = {{"help", "", "this text"}, {"version", "", "the version"}};

struct Program {
  std::string_view name;
  std::string_view summary;      ///< one line: what it does
  std::string_view positionals;  ///< for the usage line: "PATH...", "IN OUT", empty when it takes none
  std::span<const Option> options;
  std::string_view examples[2] = {};
  int min_positionals = 0;
  int max_positionals = -1;  ///< -1: any number
};

/// The options that several programs share.
inline constexpr Option kDatabaseOption = {"db", "PATH", "the database, or the folder of Imreg.db (default .)"};
inline constexpr Option kWaitOption = {"wait", "S", "wait so many seconds for another who writes (10)"};
inline constexpr Option kConfigOption = {"c", "FILE", "configuration file"};
inline constexpr Option kDefineOption = {"D", "KEY VALUE", "set a configuration key", kRepeat};
inline constexpr Option kZoneOption = {"tz", "HOURS", "read and print times in this zone, hours east of UTC"};

/// One option as it was typed.
struct Use {
  std::string_view name;  ///< as in the table
  std::vector<std::string> words;
};

struct Parsed {
  std::vector<Use> uses;                 ///< in order
  std::vector<std::string> positionals;  ///< in order; "-" is an ordinary word
  std::string_view program = {};         ///< its name, for messages

  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// The last use of an option; nullptr when it was not given.
  const Use* find(std::string_view name) const;
  /// Its word number `i`; `other` when it was not given.
  std::string word(std::string_view name, std::string_view other = {}, std::size_t i = 0) const;
  /// Every use of it.
  std::vector<const Use*> all(std::string_view name) const;
  /// The word of an option as a number between `least` and `most`; `other` when it was not given. Error: invalid.
  Result<double> number(std::string_view name, double other, double least, double most) const;
  Result<long long> integer(std::string_view name, long long other, long long least, long long most) const;
};

/// One dash or two; options and other words in any order; no abbreviations; `--` ends the options.
/// -h, -help and -version stand in no table: they come back as uses, and then nothing else is checked.
/// Error: invalid (unknown option, missing words, too few or too many other words).
Result<Parsed> parse(int argc, const char* const* argv, const Program& program);

/// A shell variable that is not set must neither match everything nor nothing. Error: invalid, an empty word or a lone `!`.
Status check_words(const Parsed& args);
/// "filename, ccd,mean(fwhm)": at the commas outside parentheses, without blanks around.
std::vector<std::string> list_of_words(std::string_view text);

/// The text of -help: usage, the options most used by groups, the names of the others, examples; a screen of 80 x 24.
/// `part` is a group, an option, or "all" for every option, one a line. Error: invalid, there is no such part.
Result<std::string> help(const Program& program, std::string_view part = {});

/// What every main() is: ignores SIGPIPE and SIGXFSZ, parses, answers -help and -version, complains about mistakes, else does
/// the work. What a library throws (no memory left) ends it with one line too. Returns the exit code.
int run(const Program& program, int argc, const char* const* argv, int (*work)(const Parsed&));

}  // namespace imreg::cli

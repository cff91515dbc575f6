// An option takes as many words as its row of the table says, whatever they begin with: nothing is guessed.
#include "cli/options.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "base/text.h"
#include "cli/messages.h"
#include "cli/output.h"

namespace imreg::cli {

namespace {

constexpr std::string_view kVersion = IMREG_VERSION;
constexpr Option kShortHelp = {"h", "", ""};

const Option* find_option(const Program& program, std::string_view name) {
  if (name.empty()) return nullptr;  // a heading of the table
  for (const auto& option : program.options) {
    if (option.name == name) return &option;
  }
  for (const auto& option : kAlways) {
    if (option.name == name) return &option;
  }
  return name == kShortHelp.name ? &kShortHelp : nullptr;
}

Status unknown_option(const Program& program, const std::string& typed, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& option : program.options) {
    if (!option.name.empty()) names.emplace_back(option.name);
  }
  for (const auto& option : kAlways) names.emplace_back(option.name);
  std::string near = nearest_names(name, names);
  // An option is known by its name alone; "-ccd=3" and "-ccd3" are guesses that other programs accept.
  const std::size_t equals = name.find('=');
  if (equals != name.npos && find_option(program, name.substr(0, equals)) != nullptr) {
    return {Code::invalid,
            "option " + typed.substr(0, typed.find('=')) + " takes its value as the next word, without ="};
  }
  const std::string meant = program.max_positionals != 0 ? "; what is no option stands behind --: -- " + typed : "";
  if (near.empty()) return {Code::invalid, "there is no option " + typed + "; -help lists them" + meant};
  for (std::size_t at = 0; (at = near.find(", ", at)) != near.npos; at += 4) near.replace(at, 2, ", -");
  return {Code::invalid, "there is no option " + typed + "; near names: -" + near + meant};
}

// Why there is a word too many, perhaps: an option lacked one and took the next option for it.
std::string swallowed(const Program& program, const Parsed& parsed) {
  for (const auto& use : parsed.uses) {
    const auto names = words(find_option(program, use.name)->words);
    for (std::size_t i = 0; i < use.words.size(); ++i) {
      const std::string& word = use.words[i];
      const std::size_t dashes = word.starts_with("--") ? 2 : 1;
      if (word.size() <= dashes || word[0] != '-' || !find_option(program, std::string_view(word).substr(dashes)))
        continue;
      return "; option -" + std::string(use.name) + " has taken " + word + " for its " + std::string(names[i]);
    }
  }
  return "";
}

Status check(const Program& program, const Parsed& parsed) {
  for (const auto& option : program.options) {
    if (option.repeat == kOnce && !option.words.empty() && parsed.all(option.name).size() > 1) {
      return {Code::invalid, "option -" + std::string(option.name) + " is given twice; it may stand once"};
    }
  }
  const int count = static_cast<int>(parsed.positionals.size());
  const std::string wanted(program.positionals);
  const std::string hint = swallowed(program, parsed);
  if (count < program.min_positionals)
    return {Code::invalid, "too few words: it needs " + wanted + (hint.empty() ? "; -help tells more" : hint)};
  if (program.max_positionals == 0 && count > 0) {
    return {Code::invalid, "the word " + parsed.positionals[0] + " belongs to no option" +
                               (hint.empty() ? "; quotes make one word of several, -help lists the options" : hint)};
  }
  if (program.max_positionals > 0 && count > program.max_positionals) {
    return {Code::invalid, "too many words: it takes " + wanted + "; the first one too many is " +
                               parsed.positionals[static_cast<std::size_t>(program.max_positionals)] + hint};
  }
  return {};
}

int print(const Program& program, std::string_view text) {
  Output output;
  output.write(text);
  output.flush();
  if (output.status().ok()) return kOk;
  complain(program.name, output.status());
  return kTrouble;
}

}  // namespace

const Use* Parsed::find(std::string_view name) const {
  for (auto use = uses.rbegin(); use != uses.rend(); ++use) {
    if (use->name == name) return &*use;
  }
  return nullptr;
}

std::string Parsed::word(std::string_view name, std::string_view other, std::size_t i) const {
  const Use* use = find(name);
  return use != nullptr && i < use->words.size() ? use->words[i] : std::string(other);
}

std::vector<const Use*> Parsed::all(std::string_view name) const {
  std::vector<const Use*> out;
  for (const auto& use : uses) {
    if (use.name == name) out.push_back(&use);
  }
  return out;
}

Result<double> Parsed::number(std::string_view name, double other, double least, double most) const {
  if (!has(name)) return other;
  double value = 0;
  if (!parse_number(word(name), value) || !(value >= least && value <= most)) {
    char limits[80];
    std::snprintf(limits, sizeof limits, "%.15g to %.15g", least, most);
    return Status(Code::invalid,
                  "option -" + std::string(name) + " takes a number from " + limits + ", not " + word(name));
  }
  return value;
}

Result<long long> Parsed::integer(std::string_view name, long long other, long long least, long long most) const {
  if (!has(name)) return other;
  long long value = 0;
  if (!parse_integer(word(name), value) || value < least || value > most) {
    return Status(Code::invalid, "option -" + std::string(name) + " takes a whole number from " +
                                     std::to_string(least) + " to " + std::to_string(most) + ", not " + word(name));
  }
  return value;
}

Result<Parsed> parse(int argc, const char* const* argv, const Program& program) {
  Parsed parsed;
  parsed.program = program.name;
  bool ended = false;  // by --
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (ended || word.size() < 2 || word[0] != '-') {
      parsed.positionals.emplace_back(word);
      continue;
    }
    if (word == "--") {
      ended = true;
      continue;
    }
    const std::string_view name = word.substr(word[1] == '-' ? 2 : 1);
    const Option* option = find_option(program, name);
    if (option == nullptr) return unknown_option(program, std::string(word), name);
    const auto names = words(option->words);
    const auto left = static_cast<std::size_t>(argc - 1 - i);
    if (left < names.size()) {
      return Status(Code::invalid, "option " + std::string(word) + " needs " + std::string(option->words) +
                                       "; missing: " + std::string(names[left]));
    }
    Use& use = parsed.uses.emplace_back(Use{option->name, {}});
    for (std::size_t taken = 0; taken < names.size(); ++taken) use.words.emplace_back(argv[++i]);
  }
  if (parsed.has("help") || parsed.has("h") || parsed.has("version")) return parsed;
  IMREG_TRY(check(program, parsed));
  return parsed;
}

Status check_words(const Parsed& args) {
  for (const auto& use : args.uses) {
    for (const auto& word : use.words) {
      if (word.empty() || word == "!")
        return {Code::invalid, "-" + std::string(use.name) + " has an empty word; is a variable of the shell not set?"};
    }
  }
  return {};
}

std::vector<std::string> list_of_words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c != ',' || depth > 0) {
      word += c;
      continue;
    }
    out.emplace_back(trim(word));
    word.clear();
  }
  out.emplace_back(trim(word));
  return out;
}

int run(const Program& program, int argc, const char* const* argv, int (*work)(const Parsed&)) try {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an EPIPE, and that ends the output quietly
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an EFBIG, and that is told like a full disk
  auto result = parse(argc, argv, program);
  if (!result) {
    complain(program.name, result.status());
    return kUsage;
  }
  const Parsed& parsed = *result;
  if (parsed.has("help") || parsed.has("h")) {
    // A word behind it is a part of the help; where files are expected it may be one of them.
    const std::string part = parsed.positionals.empty() ? "" : parsed.positionals[0];
    auto text = help(program, part);
    if (!text && program.max_positionals != 0) text = help(program);
    if (text) return print(program, *text);
    complain(program.name, text.status());
    return kUsage;
  }
  if (parsed.has("version")) return print(program, std::string(program.name) + " " + std::string(kVersion) + "\n");
  return work(parsed);
} catch (const std::bad_alloc&) {
  complain(program.name, Status(Code::io, "not enough memory"));
  return kTrouble;
} catch (const std::exception& error) {
  complain(program.name, Status(Code::io, std::string("cannot go on: ") + error.what()));
  return kTrouble;
}

}  // namespace imreg::cli

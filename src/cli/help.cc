// The text of -help. A screen shows what is used most: a program with many options marks the others as seldom used, and
// short ones share a line; -help all is the whole table, one option a line, which completion and tests read.
#include <algorithm>

#include "base/text.h"
#include "cli/options.h"

namespace imreg::cli {

namespace {

constexpr std::size_t kWidth = 80, kHalf = 40, kWidestLeft = 30;
constexpr std::size_t kNames = 12;  // two names side by side have their meaning in the same column

// `text` in lines of at most kWidth, each further one behind `indent` blanks.
std::string wrapped(std::string_view text, std::size_t first_column, std::size_t indent) {
  std::string out;
  std::size_t column = first_column;
  bool first = true;
  for (const auto word : words(text)) {
    if (column > indent && column + (first ? 0 : 1) + word.size() > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first = false;
  }
  return out + "\n";
}

bool is_seldom(const Option& row) { return row.name.empty() && row.words.empty(); }
bool is_heading(const Option& row) { return row.name.empty() && !row.words.empty(); }

std::string heading(const Option& row) {
  return std::string(row.words) + ":" + (row.help.empty() ? "" : " ") + std::string(row.help) + "\n";
}

std::string left(const Option& option) {
  return "  -" + std::string(option.name) + (option.words.empty() ? "" : " ") + std::string(option.words);
}

// Options that follow each other without a heading between them; in pairs where two fit into a line.
std::string lines_of(const std::vector<Option>& options, std::size_t column, bool pairs) {
  const auto cell = [](const Option& option) {
    std::string text = left(option);
    if (text.size() < kNames) text.resize(kNames, ' ');
    return text + "  " + std::string(option.help);
  };
  std::string out;
  for (std::size_t i = 0; i < options.size(); ++i) {
    std::string line = cell(options[i]);
    if (pairs && i + 1 < options.size() && line.size() <= kHalf - 2 && cell(options[i + 1]).size() <= kWidth - kHalf) {
      line.resize(kHalf, ' ');
      out += line + cell(options[++i]) + '\n';
      continue;
    }
    line = left(options[i]);
    if (line.size() + 2 > column) {
      line += "  ";
    } else {
      line.resize(column, ' ');
    }
    out += line + wrapped(options[i].help, line.size(), column);
  }
  return out;
}

}  // namespace

Result<std::string> help(const Program& program, std::string_view part) {
  std::vector<Option> rows(program.options.begin(), program.options.end());
  rows.insert(rows.end(), std::begin(kAlways), std::end(kAlways));
  const bool grouped = std::any_of(rows.begin(), rows.end(), is_seldom);
  std::size_t column = 0;
  for (const auto& row : rows) column = std::max(column, row.name.empty() ? 0 : left(row).size());
  column = std::min(column + 2, kWidestLeft);

  std::string out, others = "also, see -help all:", topics;
  std::vector<Option> block;
  const auto flush = [&] {
    out += lines_of(block, column, grouped && part.empty());
    block.clear();
  };
  bool seldom = false, wanted = part.empty() || part == "all";
  for (const auto& row : rows) {
    if (is_heading(row)) {
      flush();
      seldom = false;
      topics += ", " + std::string(row.words);
      if (part != "all") wanted = part.empty() || part == row.words;
      if (wanted) out += heading(row);
    } else if (is_seldom(row)) {
      seldom = true;
    } else if (part.empty() && seldom) {
      others += " -" + std::string(row.name);
    } else if (wanted || part == row.name) {
      block.push_back(row);
    }
  }
  flush();
  if (!part.empty() && part != "all") {
    if (out.empty())
      return Status(Code::invalid, "-help " + std::string(part) + ": there are an option's name, all" + topics);
    return out;
  }
  std::string first = std::string(program.name) + ": " + wrapped(program.summary, program.name.size() + 2, 2);
  first += "usage: " + std::string(program.name) + " [OPTION...]";
  if (!program.positionals.empty()) first += " " + std::string(program.positionals);
  const bool tight = grouped && part.empty();
  out = first + (tight ? "\n" : "\n\n") + out;
  if (tight) out += wrapped(others, 0, 2);
  if (!program.examples[0].empty()) out += tight ? "examples:\n" : "\nexamples:\n";
  for (const auto& example : program.examples) {
    if (!example.empty()) out += "  " + std::string(example) + "\n";
  }
  return out;
}

}  // namespace imreg::cli

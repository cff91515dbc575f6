// Takes lines apart.
#include "shell/line.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace imreg::cli {

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

LastWord last_word(std::string_view line) {
  LastWord out;
  char quote = 0;
  bool any = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      if (any) out.before.push_back(std::exchange(out.text, {}));
      any = false;
      continue;
    }
    if (!any) out.from = i, out.quoted = c == '\'' || c == '"', any = true;
    if (quote != 0 ? c == quote : c == '\'' || c == '"')
      quote = quote != 0 ? '\0' : c;
    else
      out.text += quote == 0 && c == '\\' && i + 1 < line.size() ? line[++i] : c;
  }
  if (!any) out.from = line.size(), out.quoted = false;
  return out;
}

std::string quoted_word(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t'\"\\#") == word.npos) return word;
  const char quote = word.find('\'') == word.npos ? '\'' : '"';
  return quote + word + quote;
}

std::string_view bare_line(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      quote = line[i] == quote ? '\0' : quote;
    } else if (line[i] == '\'' || line[i] == '"') {
      quote = line[i];
    } else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return trim(line.substr(0, i));
    }
  }
  return trim(line);
}

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

}  // namespace imreg::cli

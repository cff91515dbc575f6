// Reads rules and applies them to paths.
#include "archive/rules.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"
#include "os/walk.h"

namespace imreg {

namespace {

std::string with_beginning(std::string_view path, const PathRule& rule) {
  const std::string_view rest = path.substr(rule.from == "/" ? 0 : rule.from.size());
  return rule.to == "/" && !rest.empty() ? std::string(rest) : rule.to + std::string(rest == "/" ? "" : rest);
}

std::string_view parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == path.npos ? path.substr(0, 1) : path.substr(0, slash);
}

bool is_substitution(std::string_view word) {
  return word.size() > 1 && word[0] == 's' && !std::isalnum(static_cast<unsigned char>(word[1]));
}

Status in_rule(const PathRule& rule, const Status& status) {
  return rule.place.empty() ? status : Status(status.code(), rule.place + ": " + status.message());
}

}  // namespace

Result<std::string> PathRules::path_of(std::string_view typed) const {
  const std::string text(typed);
  if (text.empty()) return Status(Code::invalid, "an empty path; is a variable of the shell not set?");
  if (text.find('\0') != text.npos) return Status(Code::invalid, "a path with a NUL");
  std::string path = roots_.expand(text);
  if (path[0] == '$') {
    std::string known;
    for (const auto& root : roots_.roots()) known += (known.empty() ? "$" : ", $") + root.name;
    return Status(Code::invalid, "\"" + text + "\": there is no path root " + text.substr(0, text.find('/')) +
                                     (known.empty() ? "; the database has none" : "; there are " + known));
  }
  if (path[0] != '/')
    return Status(Code::invalid, "\"" + text + "\" is a relative path; rules take absolute ones, or $ROOT/...");
  return absolute_path(path);
}

Status PathRules::add_pair(PathRule rule, std::string_view from, std::string_view to) {
  const auto old = path_of(from);
  if (!old) return in_rule(rule, old.status());
  const auto fresh = path_of(to);
  if (!fresh) return in_rule(rule, fresh.status());
  rule.from = *old;
  rule.to = *fresh;
  if (rule.from == rule.to && from.starts_with('$') && to.starts_with('/')) rule.leaves = root_of(from);
  if (rule.from == rule.to && rule.leaves.empty())
    return in_rule(rule, {Code::invalid, "OLD and NEW are the same path, " + rule.to});
  if (rule.to.ends_with(' '))
    return in_rule(rule, {Code::invalid, "\"" + rule.to + "\" ends in a blank, which a record cannot hold"});
  rules_.push_back(std::move(rule));
  return {};
}

Status PathRules::add_substitution(PathRule rule) {
  auto parsed = Substitution::parse(rule.text);
  if (!parsed) return in_rule(rule, parsed.status());
  rule.substitution = *std::move(parsed);
  rules_.push_back(std::move(rule));
  return {};
}

Status PathRules::add_words(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_substitution(words[i])) {
      IMREG_TRY(add_substitution({words[i], "", "", ""}));
      continue;
    }
    if (i + 1 == words.size())
      return {Code::invalid, "\"" + words[i] + "\" stands alone: a rule is OLD NEW, or 's|OLD|NEW|'"};
    IMREG_TRY(add_pair({words[i] + " " + words[i + 1], "", "", ""}, words[i], words[i + 1]));
    ++i;
  }
  return {};
}

Status PathRules::add_lines(std::string_view text, const std::string& file) {
  int number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || trim(line).front() == '#') continue;
    PathRule rule{std::string(trim(line)), "line " + std::to_string(number) + " of " + file, "", ""};
    const std::size_t tab = line.find('\t');
    if (rule.text[0] == 's') {
      IMREG_TRY(add_substitution(std::move(rule)));
    } else if (tab != line.npos && line.find('\t', tab + 1) == line.npos) {
      IMREG_TRY(add_pair(std::move(rule), line.substr(0, tab), line.substr(tab + 1)));
    } else if (const auto parts = words(line); tab == line.npos && parts.size() == 2) {
      IMREG_TRY(add_pair(std::move(rule), parts[0], parts[1]));
    } else {
      return in_rule(rule, {Code::invalid, "a rule is OLD NEW, or s|OLD|NEW|; a tab stands between paths with blanks"});
    }
  }
  return {};
}

Status PathRules::check() const {
  if (rules_.empty()) return {Code::invalid, "there is no rule; say OLD NEW, 's|OLD|NEW|' or -rules FILE"};
  return {};
}

Result<NewPath> PathRules::apply(std::string_view folder, std::string_view name) const {
  NewPath out;
  out.any_name = true;
  std::string path;
  for (const PathRule& rule : rules_) {
    ++out.rule;
    if (!rule.substitution && is_in_folder(folder, rule.from)) {
      out.folder = with_beginning(folder, rule);
      out.name = name;
      out.leaves = rule.leaves;
      return out;
    }
    if (!rule.substitution && parent(rule.from) != folder) continue;
    out.any_name = false;
    if (path.empty()) path = below(folder, name);
    std::string fresh;
    if (!rule.substitution) {
      if (path != rule.from) continue;
      fresh = rule.to;
    } else {
      if (!rule.substitution->apply(path, fresh)) continue;
      auto whole = path_of(fresh);
      if (!whole) return Status(Code::invalid, path + " would become " + whole.status().message());
      fresh = *std::move(whole);
    }
    out.folder = parent(fresh);
    out.name = name_of(fresh);
    if (out.name.empty()) return Status(Code::invalid, path + " would become / without the name of a file");
    return out;
  }
  out.rule = -1;
  return out;
}

std::vector<std::string> PathRules::starts() const {
  std::vector<std::string> out;
  for (const PathRule& rule : rules_) {
    out.push_back(rule.substitution ? rule.substitution->literal_start() : rule.from);
    if (out.back().empty() || out.back() == "/") return {};
  }
  return out;
}

}  // namespace imreg

// Patterns of paths, matched letter by letter with a way back at each run of any length.
#include "ingest/layout.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"

namespace imreg::ingest {

namespace {

struct Named {
  const char *name, *pattern;
};
constexpr Named kNamed[] = {{"acsql", "{rootname:4}/{rootname}/{rootname}_{filetype}.fits"},
                            {"flat", "{rootname}_{filetype}.fits*"},
                            {"date", "{yyyy}/{mm}/{dd}/*"}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// "{rootname:4}": the word and the number; 0 when there is none.
struct Token {
  std::string_view word;
  std::size_t size = 0;   // it takes so many letters; 0: one or more
  std::size_t after = 0;  // where the pattern goes on
};

std::optional<Token> token_at(std::string_view pattern, std::size_t at) {
  const auto end = pattern.find('}', at);
  if (end == pattern.npos) return {};
  const std::string_view inside = pattern.substr(at + 1, end - at - 1);
  const auto colon = inside.find(':');
  Token out{inside.substr(0, colon), 0, end + 1};
  if (colon != inside.npos) {
    const std::string_view number = inside.substr(colon + 1);
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), out.size);
    if (error != std::errc() || stop != number.data() + number.size() || out.size == 0 || out.word != "rootname")
      return {};
  }
  if (out.word == "yyyy") out.size = 4;
  if (out.word == "mm" || out.word == "dd") out.size = 2;
  constexpr std::string_view kWords[] = {"rootname", "filetype", "yyyy", "mm", "dd"};
  if (std::find(std::begin(kWords), std::end(kWords), out.word) == std::end(kWords)) return {};
  return out;
}

class Match {
 public:
  Match(std::string_view pattern, std::string_view path) : pattern_(pattern), path_(path) {}
  bool run() { return from(0, 0); }
  std::string word(const std::string& name) const {
    const auto found = words_.find(name);
    return found == words_.end() ? "" : std::string(found->second);
  }

 private:
  bool from(std::size_t p, std::size_t at) {
    for (; p < pattern_.size(); ++p, ++at) {
      if (pattern_[p] == '*') return run_of_any(p + 1, at);
      if (pattern_[p] == '{') return token(*token_at(pattern_, p), at);
      if (at == path_.size() || path_[at] != pattern_[p]) return false;
    }
    return at == path_.size() && starts_hold();
  }
  bool run_of_any(std::size_t p, std::size_t at) {
    for (;; ++at) {
      if (from(p, at)) return true;
      if (at == path_.size() || path_[at] == '/') return false;
    }
  }
  bool token(const Token& token, std::size_t at) {
    const std::string name = std::string(token.word) + (token.word == "rootname" && token.size ? ":" : "");
    if (const auto known = words_.find(name); known != words_.end()) {
      return path_.substr(at).starts_with(known->second) && from(token.after, at + known->second.size());
    }
    const auto takes = [&](char c) {
      if (token.word == "rootname") return c != '/';
      return is_digit(c) || (token.word == "filetype" && is_letter(c));
    };
    std::size_t most = 0;
    while (at + most < path_.size() && takes(path_[at + most])) ++most;
    const std::size_t least = token.size ? token.size : 1;
    for (std::size_t n = token.size ? std::min(most, token.size) : most; n >= least; --n) {
      words_[name] = path_.substr(at, n);
      if (from(token.after, at + n)) return true;
    }
    words_.erase(name);
    return false;
  }
  bool starts_hold() const {
    const auto start = words_.find("rootname:"), whole = words_.find("rootname");
    return start == words_.end() || whole == words_.end() || whole->second.starts_with(start->second);
  }

  std::string_view pattern_, path_;
  std::map<std::string, std::string_view> words_;
};

}  // namespace

Result<Layout> Layout::of(const std::string& text) {
  Layout out;
  out.pattern_ = text;
  for (const auto& named : kNamed) {
    if (text == named.name) out.pattern_ = named.pattern;
  }
  const std::string said = "the layout \"" + visible(text) + "\": ";
  if (out.pattern_.empty() || out.pattern_.starts_with('/') || out.pattern_.ends_with('/'))
    return Status(Code::invalid, said + "it is the last part of a path, as {yyyy}/{mm}/*.fits, or acsql, flat or date");
  for (std::size_t at = 0; at < out.pattern_.size(); ++at) {
    if (out.pattern_[at] != '{') continue;
    const auto token = token_at(out.pattern_, at);
    if (!token) return Status(Code::invalid, said + "in {} may stand rootname, filetype, yyyy, mm, dd, or rootname:N");
    at = token->after - 1;
  }
  return out;
}

std::optional<LayoutNames> Layout::match(const std::string& path) const {
  if (pattern_.empty()) return LayoutNames();
  auto components = std::count(pattern_.begin(), pattern_.end(), '/') + 1;
  std::size_t at = path.size();
  while (components-- > 0) {
    if (at == 0) return {};
    at = path.rfind('/', at - 1);
    if (at == path.npos) return {};
  }
  Match match(pattern_, std::string_view(path).substr(at + 1));
  if (!match.run()) return {};
  return LayoutNames{match.word("rootname"), to_lower(match.word("filetype"))};
}

}  // namespace imreg::ingest

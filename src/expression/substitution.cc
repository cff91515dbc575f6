// Cuts s|re|new|flags into its parts and runs it.
#include "expression/substitution.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "base/text.h"

namespace imreg {

namespace {

constexpr int kMostGroups = 9;
constexpr std::int64_t kMemory = 1 << 20;  // for one pattern
constexpr int kMostRepeats = 1'000'000;

Status bad(std::string_view text, const std::string& what) {
  return {Code::invalid, "\"" + std::string(text) + "\": " + what};
}

// The first of a character outside ( ) and [ ]. So an expression ends where people mean it to: s|^/data/(piko|niele)|/data/sessions|
std::size_t find_outside(std::string_view text, std::size_t at, char wanted) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == wanted && depth == 0) return at;
    if (c == '\\') {
      ++at;
    } else if (c == '[') {
      ++at;
      if (at < text.size() && text[at] == '^') ++at;
      if (at < text.size() && text[at] == ']') ++at;
      for (; at < text.size() && text[at] != ']'; ++at) {
        if (text[at] == '\\') ++at;
        if (text.substr(at).starts_with("[:")) at = std::min(text.find(":]", at) + 1, text.size());
      }
    } else if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
    }
  }
  return text.npos;
}

std::size_t end_of_replacement(std::string_view text, std::size_t at, char delimiter) {
  for (; at < text.size(); ++at) {
    if (text[at] == delimiter) return at;
    if (text[at] == '\\') ++at;
  }
  return text.npos;
}

// Every match begins at the beginning of the text.
bool is_anchored(std::string_view expression) {
  return expression.size() > 1 && expression[0] == '^' &&
         std::string_view("*?+{").find(expression[1]) == std::string_view::npos &&
         find_outside(expression, 0, '|') == expression.npos;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = static_cast<unsigned char>(text[0]) < 0x80 ? 1 : utf8_length(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

// A piece of what a match becomes: a text, and a group behind it (-1: none).
struct Piece {
  std::string text;
  int group = -1;
};

}  // namespace

struct Substitution::State {
  State(std::string_view expression, const RE2::Options& options)
      : re(re2::StringPiece(expression.data(), expression.size()), options) {}
  RE2 re;
  std::vector<Piece> pieces;
  bool anchored = false;
  bool all = false;
  int first = 1;  // the match that is replaced
};

Result<Substitution> Substitution::parse(std::string_view text) {
  const auto kind = [](char c) { return static_cast<unsigned char>(c); };
  if (text.size() < 2 || text[0] != 's' || std::isalnum(kind(text[1])) || std::isspace(kind(text[1])) ||
      text[1] == '\\')
    return bad(text, "is no substitution s|OLD|NEW|");
  const char delimiter = text[1];
  const std::size_t middle = find_outside(text, 2, delimiter);
  const std::size_t end = middle == text.npos ? middle : end_of_replacement(text, middle + 1, delimiter);
  if (end == text.npos) {
    const std::string three = std::string("s") + delimiter + "OLD" + delimiter + "NEW" + delimiter;
    return bad(text, "a substitution is " + three + ", with three " + delimiter +
                         " outside ( ) and [ ]; is one of these not closed?");
  }
  const std::string_view expression = text.substr(2, middle - 2), flags = text.substr(end + 1);
  if (expression.empty()) return bad(text, "an empty expression matches everywhere; say what is to be replaced");

  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemory);
  options.set_dot_nl(true);
  bool all = false;
  int first = 0;
  for (const char c : flags) {
    if (c == 'g') {
      all = true;
    } else if (c == 'i' || c == 'I') {
      options.set_case_sensitive(false);
    } else if (c >= '0' && c <= '9' && first <= kMostRepeats && (c > '0' || first > 0)) {
      first = first * 10 + (c - '0');
    } else {
      return bad(text, "the flags behind the third " + std::string(1, delimiter) +
                           " are g, i, or the number of a match, not \"" + std::string(flags) + "\"");
    }
  }
  // Paths are bytes. Only an expression that has letters of UTF-8 looks at them so.
  if (is_ascii(expression) || !is_utf8(expression)) options.set_encoding(RE2::Options::EncodingLatin1);
  auto state = std::make_shared<State>(expression, options);
  if (!state->re.ok()) return bad(text, "the regular expression is not one of RE2's: " + state->re.error());
  state->anchored = is_anchored(expression);
  state->all = all;
  state->first = std::max(first, 1);

  Piece piece;
  const auto add_group = [&](int group) {
    piece.group = group;
    state->pieces.push_back(std::move(piece));
    piece = {};
  };
  for (std::size_t at = middle + 1; at < end; ++at) {
    const char c = text[at];
    if (c == '&') add_group(0);
    if (c != '\\' && c != '&') piece.text += c;
    if (c != '\\') continue;
    const char escaped = text[++at];
    if (escaped >= '0' && escaped <= '9') {
      const int group = escaped - '0';
      if (group > state->re.NumberOfCapturingGroups()) {
        return bad(text, "\\" + std::string(1, escaped) + " stands for a group, and the expression has " +
                             counted(state->re.NumberOfCapturingGroups(), "group"));
      }
      add_group(group);
    } else if (escaped == 'n' || escaped == 't') {
      piece.text += escaped == 'n' ? '\n' : '\t';
    } else if (std::isalpha(kind(escaped))) {
      return bad(text, "\\" + std::string(1, escaped) +
                           " means nothing in what a match becomes; there are & \\1 to \\9 \\& \\\\ \\n \\t");
    } else {
      piece.text += escaped;
    }
  }
  if (!piece.text.empty()) state->pieces.push_back(std::move(piece));
  return Substitution(std::move(state));
}

bool Substitution::apply(std::string_view text, std::string& out) const {
  const State& s = *state_;
  const re2::StringPiece whole(text.data(), text.size());
  std::array<re2::StringPiece, kMostGroups + 1> groups;
  const int wanted = std::min(s.re.NumberOfCapturingGroups(), kMostGroups) + 1;
  std::string made;
  std::size_t done = 0;  // up to here the text is in `made`
  std::size_t last_end = text.npos;
  bool replaced = false;
  int number = 0;
  for (std::size_t from = 0; from <= text.size();) {
    if (!s.re.Match(whole, from, text.size(), RE2::UNANCHORED, groups.data(), wanted)) break;
    const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = start + groups[0].size();
    // As sed does: an empty match directly behind another match is none.
    if (start != end || start != last_end) {
      ++number;
      made += text.substr(done, start - done);
      if (number == s.first || (number > s.first && s.all)) {
        replaced = true;
        for (const Piece& piece : s.pieces) {
          made += piece.text;
          if (piece.group < 0) continue;
          const auto& group = groups[static_cast<std::size_t>(piece.group)];
          made.append(group.data() ? group.data() : "", group.size());
        }
      } else {
        made += text.substr(start, end - start);
      }
      done = last_end = end;
    }
    if (number >= s.first && !s.all) break;
    if (end > start) {
      from = end;
    } else {
      if (end < text.size()) made += text[end];
      from = end + 1;
      done = from;
      if (done > text.size()) break;
    }
  }
  if (!replaced) return false;
  if (done < text.size()) made += text.substr(done);
  out = std::move(made);
  return true;
}

std::string Substitution::literal_start() const {
  std::string low, high;  // of texts that are matched from their beginning on
  if (!state_->anchored || !state_->re.PossibleMatchRange(&low, &high, 256)) return {};
  const auto differ = std::mismatch(low.begin(), low.end(), high.begin(), high.end()).first;
  return {low.begin(), differ};
}

}  // namespace imreg

// Header dumps in YAML and JSON: a reader for the part of YAML that such dumps use (JSON is within it), and the rules by
// which what it reads becomes cards. Not read, with an error that names the line: anchors and aliases.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "fits/dump.h"

namespace imreg::fits {

namespace {

constexpr int kDeepest = 32;
constexpr int kMostValues = 1'000'000;

struct Node {
  enum class Kind { scalar, sequence, mapping };
  Kind kind = Kind::scalar;
  bool plain = true;  // a scalar without quotes: it may be a number, a logical or nothing
  int line = 0;
  std::string text;
  std::vector<Node> items;  // of a mapping: key, value, key, value, ...

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_nothing() const { return is_scalar() && plain && text.empty(); }
  const Node* find(std::string_view key) const {
    for (std::size_t i = 0; kind == Kind::mapping && i < items.size(); i += 2) {
      if (equal_nocase(items[i].text, key)) return &items[i + 1];
    }
    return nullptr;
  }
};

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) return put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
  if (code < 0x10000) return put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  // The next document; false when there is none.
  Result<bool> next(Node& out) {
    while (true) {
      skip();
      if (at_ == text_.size()) return false;
      if (at_marker()) {
        at_ += 3;
      } else if (column() == 0 && peek() == '%') {
        at_ = line_end();
      } else {
        break;
      }
    }
    IMREG_TRY(block(out, -1, 0));
    skip();
    if (at_ < text_.size() && !at_marker()) return fault("this does not belong to what stands before it");
    return true;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool blank_at(std::size_t at) const { return at >= text_.size() || is_one_of(text_[at], " \t\r\n"); }
  std::size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }
  int column() const { return static_cast<int>(std::min<std::size_t>(at_ - line_start_, 1 << 20)); }
  bool at_marker() const {
    const std::string_view word = text_.substr(at_, 3);
    return column() == 0 && (word == "---" || word == "...") && blank_at(at_ + 3);
  }
  bool ended(int parent) const { return at_ == text_.size() || at_marker() || column() <= parent; }
  bool at_item() const { return peek() == '-' && blank_at(at_ + 1); }
  bool at_explicit_key() const { return peek() == '?' && blank_at(at_ + 1); }  // "? ''", and ": value" below it

  int line_at(std::size_t at) const {
    return 1 + static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }
  Status fault(const std::string& what) const { return fault(at_, what); }
  Status fault(std::size_t at, const std::string& what) const {
    return {Code::invalid, "line " + std::to_string(line_at(at)) + ": " + what};
  }
  // The line of the scalar at hand; scalars come in order, so only what lies between is counted.
  int line_here() {
    counted_line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                                 text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
    counted_ = at_;
    return counted_line_;
  }

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r') ++at_;
  }
  // To the next word, over line ends and comments.
  void skip() {
    while (at_ < text_.size()) {
      skip_blanks();
      if (peek() == '#' && (at_ == line_start_ || is_one_of(text_[at_ - 1], " \t"))) at_ = line_end();
      if (peek() != '\n' || at_ == text_.size()) return;
      line_start_ = ++at_;
    }
  }
  // Behind a value, nothing but a comment may stand on its line.
  Status end_of_line() {
    skip_blanks();
    if (at_ == text_.size() || peek() == '\n' || peek() == '#') return {};
    return fault("unexpected text behind a value");
  }

  Status start(Node& out, Node::Kind kind) {
    if (++values_ > kMostValues) return fault("more than " + std::to_string(kMostValues) + " values");
    out.kind = kind;
    out.line = line_here();
    return {};
  }

  // What stands at or below the place; `parent` is the column of what holds it. A list may stand in the column of its key.
  Status block(Node& out, int parent, int depth, bool of_key = false) {
    if (depth > kDeepest) return fault("nested more than " + std::to_string(kDeepest) + " deep");
    skip();
    const auto nothing = [&] { return ended(parent) && !(of_key && column() == parent && at_item() && !at_marker()); };
    if (!nothing() && peek() == '!') {  // a tag: the values say themselves what they are
      const bool text = text_.substr(at_).starts_with("!!str ");
      while (!blank_at(at_)) ++at_;
      skip();
      if (text && peek() != '"' && peek() != '\'') {
        IMREG_TRY(scalar(out, parent));
        out.plain = false;
        return {};
      }
    }
    if (nothing()) return start(out, Node::Kind::scalar);
    const char c = peek();
    if (at_item()) return sequence(out, column(), depth);
    if (c == '[' || c == '{') {
      IMREG_TRY(flow(out, depth));
      return end_of_line();
    }
    if (c == '|' || c == '>') return literal(out, parent);
    const int here = column();
    const std::size_t begin = at_;
    const bool key = at_explicit_key() || key_ends();
    at_ = begin;
    return key ? mapping(out, here, depth) : scalar(out, parent);
  }

  // Whether a key with its colon stands here, on this line; moves behind the key.
  bool key_ends() {
    if (peek() == '"' || peek() == '\'') {
      const char quote = text_[at_++];
      while (at_ < text_.size() && peek() != '\n' && peek() != quote) at_ += quote == '"' && peek() == '\\' ? 2 : 1;
      at_ = std::min(at_ + 1, text_.size());
      if (quote == '\'' && peek() == '\'') return false;
      skip_blanks();
      return peek() == ':' && blank_at(at_ + 1);
    }
    for (; at_ < text_.size() && peek() != '\n'; ++at_) {
      if (peek() == ':' && blank_at(at_ + 1)) return true;
      if (peek() == '#' && is_one_of(text_[at_ - 1], " \t")) return false;
    }
    return false;
  }

  Status sequence(Node& out, int here, int depth) {
    IMREG_TRY(start(out, Node::Kind::sequence));
    while (!ended(here - 1) && column() == here && at_item()) {
      ++at_;
      IMREG_TRY(block(out.items.emplace_back(), here, depth + 1));
      skip();
    }
    if (!ended(here)) return fault("this line is indented like nothing above it");
    return {};
  }

  Status mapping(Node& out, int here, int depth) {
    IMREG_TRY(start(out, Node::Kind::mapping));
    while (!ended(here - 1) && column() == here && !at_item()) {
      const std::size_t begin = at_;
      Node& key = out.items.emplace_back();
      const bool is_explicit = at_explicit_key();
      if (is_explicit) {
        ++at_;
        skip_blanks();
        IMREG_TRY(scalar(key, here));
        skip();
      } else if (peek() == '"' || peek() == '\'') {
        IMREG_TRY(quoted(key));
        skip_blanks();
      } else {
        IMREG_TRY(start(key, Node::Kind::scalar));
        if (!key_ends()) return fault(begin, "a key and a colon are missing");
        key.text = trim(text_.substr(begin, at_ - begin));
      }
      if (peek() != ':' || !blank_at(at_ + 1) || (is_explicit && column() != here))
        return fault(begin, "a key and a colon are missing");
      ++at_;
      skip_blanks();
      Node& value = out.items.emplace_back();
      const bool here_follows = at_ < text_.size() && peek() != '\n' && peek() != '#' && !is_one_of(peek(), "!|>[{");
      if (here_follows && at_item()) return fault("a list begins on the line of its key");
      IMREG_TRY(here_follows ? scalar(value, here) : block(value, here, depth + 1, true));
      skip();
    }
    if (!ended(here - 1) && (column() != here || !at_item()))
      return fault("this line is indented like nothing above it");
    if (!ended(here - 1) && column() == here) return fault("a list item among keys");
    return {};
  }

  Status scalar(Node& out, int parent) {
    if (peek() == '"' || peek() == '\'') {
      IMREG_TRY(quoted(out));
      return end_of_line();
    }
    if (peek() == '&' || peek() == '*') return fault("anchors and aliases are not read");
    if (is_one_of(peek(), ",]}")) return fault(std::string("'") + peek() + "' has no beginning");
    IMREG_TRY(start(out, Node::Kind::scalar));
    while (true) {
      std::size_t end = at_;
      for (; end < text_.size() && text_[end] != '\n'; ++end) {
        if (text_[end] == '#' && end > at_ && is_one_of(text_[end - 1], " \t")) break;
        if (text_[end] == ':' && blank_at(end + 1))
          return fault(end, "a colon inside a value: put the value into quotes");
      }
      out.text += trim(text_.substr(at_, end - at_));
      at_ = end;
      if (peek() == '#') return {};
      // It goes on in lines that are indented further than what holds it.
      int lines = 0;
      while (at_ < text_.size() && peek() == '\n') {
        line_start_ = ++at_;
        skip_blanks();
        ++lines;
      }
      if (ended(parent) || peek() == '#') return {};
      out.text.append(lines == 1 ? 1 : static_cast<std::size_t>(lines) - 1, lines == 1 ? ' ' : '\n');
    }
  }

  // "|" and ">" with the lines below.
  Status literal(Node& out, int parent) {
    IMREG_TRY(start(out, Node::Kind::scalar));
    out.plain = false;
    const bool folded = peek() == '>';
    while (at_ < text_.size() && is_one_of(peek(), "|>+-0123456789")) ++at_;
    skip_blanks();
    if (at_ < text_.size() && peek() != '\n' && peek() != '#') return fault("unexpected text behind | or >");
    at_ = line_end();
    int indent = -1;
    while (at_ < text_.size()) {
      line_start_ = ++at_;
      const std::size_t end = line_end();
      while (at_ < end && peek() == ' ' && (indent < 0 || column() < indent)) ++at_;
      if (!trim(text_.substr(at_, end - at_)).empty()) {
        if (ended(parent) || column() < indent) return {};
        indent = column();
        if (!out.text.empty()) out.text += folded ? ' ' : '\n';
        out.text += trim(text_.substr(at_, end - at_));
      }
      at_ = end;
    }
    return {};
  }

  Status quoted(Node& out) {
    IMREG_TRY(start(out, Node::Kind::scalar));
    out.plain = false;
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote && quote == '\'' && peek() == '\'') {
        out.text += text_[at_++];
      } else if (c == quote) {
        return {};
      } else if (c == '\\' && quote == '"') {
        IMREG_TRY(escape(out.text));
      } else if (c == '\n') {
        while (!out.text.empty() && is_one_of(out.text.back(), " \t\r")) out.text.pop_back();
        int lines = 1;
        for (line_start_ = at_, skip_blanks(); peek() == '\n'; ++lines) line_start_ = ++at_, skip_blanks();
        out.text.append(lines == 1 ? 1 : static_cast<std::size_t>(lines) - 1, lines == 1 ? ' ' : '\n');
      } else {
        out.text += c;
      }
    }
    return fault(begin, "a quote that never ends");
  }

  Status escape(std::string& text) {
    static constexpr std::string_view kNames = "0abtnvfre\"/\\ N_", kValues("\0\a\b\t\n\v\f\r\x1b\"/\\   ", 15);
    static_assert(kNames.size() == 15);
    if (at_ == text_.size()) return {};
    const char c = text_[at_++];
    if (c == '\n') {  // the line goes on without a blank
      line_start_ = at_;
      skip_blanks();
      return {};
    }
    if (const auto name = kNames.find(c); name != kNames.npos) {
      text += kValues[name];
      return {};
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    std::uint32_t code = 0;
    if (digits == 0 || !hex(digits, code)) return fault("an escape that is none in a quoted text");
    if (code >= 0xd800 && code < 0xdc00 && peek() == '\\' && peek(1) == 'u') {
      std::uint32_t low = 0;
      at_ += 2;
      if (!hex(4, low) || low < 0xdc00 || low > 0xdfff) return fault("half a surrogate pair in a quoted text");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return fault("an escape that is no character");
    append_utf8(text, code);
    return {};
  }
  bool hex(std::size_t digits, std::uint32_t& out) {
    out = 0;
    for (; digits > 0; --digits, ++at_) {
      const char c = lower(peek());
      if (!is_one_of(c, "0123456789abcdef") || c == '\0') return false;
      out = out << 4 | static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
  }

  // [a, b] and {a: b}, over any number of lines.
  Status flow(Node& out, int depth) {
    if (depth > kDeepest) return fault("nested more than " + std::to_string(kDeepest) + " deep");
    skip();
    while (peek() == '!') {
      while (!blank_at(at_)) ++at_;
      skip();
    }
    if (peek() == '"' || peek() == '\'') return quoted(out);
    if (peek() != '[' && peek() != '{') return flow_word(out);
    const std::size_t begin = at_;
    const bool map = text_[at_++] == '{';
    const char close = map ? '}' : ']';
    IMREG_TRY(start(out, map ? Node::Kind::mapping : Node::Kind::sequence));
    while (true) {
      skip();
      if (at_ == text_.size()) return fault(begin, std::string("a ") + (map ? "{" : "[") + " that is never closed");
      if (peek() == close) return ++at_, Status();
      if (peek() == ',') return fault("a comma without a value before it");
      if (map) {
        Node& key = out.items.emplace_back();
        IMREG_TRY(flow(key, depth + 1));
        skip();
        if (!key.is_scalar() || peek() != ':') return fault("a key and a colon are missing");
        ++at_;
      }
      IMREG_TRY(flow(out.items.emplace_back(), depth + 1));
      skip();
      if (peek() == ',')
        ++at_;
      else if (peek() != close && at_ < text_.size())
        return fault(std::string("a comma or ") + close + " is missing");
    }
  }

  Status flow_word(Node& out) {
    if (peek() == '&' || peek() == '*') return fault("anchors and aliases are not read");
    IMREG_TRY(start(out, Node::Kind::scalar));
    while (true) {
      std::size_t end = at_;
      for (; end < text_.size() && !is_one_of(text_[end], ",[]{}\n"); ++end) {
        if (text_[end] == ':' && (blank_at(end + 1) || is_one_of(text_[end + 1], ",[]{}"))) break;
        if (text_[end] == '#' && end > at_ && is_one_of(text_[end - 1], " \t")) break;
      }
      out.text += trim(text_.substr(at_, end - at_));
      at_ = end;
      skip();
      if (at_ == text_.size() || is_one_of(peek(), ",[]{}:") || peek() == '"' || at_ == end) return {};
      out.text += ' ';
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, line_start_ = 0, counted_ = 0;
  int counted_line_ = 1, values_ = 0;
};

bool is_commentary_name(std::string_view name) {
  return name.empty() || equal_nocase(name, "COMMENT") || equal_nocase(name, "HISTORY") ||
         equal_nocase(name, "CONTINUE");
}

// What becomes of the values: one header after another.
class Writer {
 public:
  Writer(DumpedHeaders& out, bool json) : out_(out), json_(json) {}

  Status document(const Node& top) {
    if (top.is_scalar() && !top.is_nothing()) return fault(top, "neither keywords with values nor a list of cards");
    return hdus(top, true);
  }

 private:
  static Status fault(const Node& at, const std::string& what) {
    return {Code::invalid, "line " + std::to_string(at.line) + ": " + what};
  }

  // [KEY, value], [KEY, value, comment], and [KEY, type, value, comment] as LSST's PropertyList has it.
  static bool is_card(const Node& node) {
    return node.kind == Node::Kind::sequence && node.items.size() >= 2 && node.items.size() <= 4 &&
           node.items[0].is_scalar() && !node.items[0].is_nothing();
  }
  static bool is_card_list(const Node& node) {
    return node.kind == Node::Kind::sequence && !node.items.empty() &&
           std::all_of(node.items.begin(), node.items.end(), is_card);
  }
  static bool has_structure(const Node& node) {
    return node.find("SIMPLE") || node.find("XTENSION") || node.find("BITPIX") || node.find("NAXIS");
  }
  static bool is_hdu(const Node& node) {
    return (node.kind == Node::Kind::mapping && has_structure(node)) || is_card_list(node);
  }
  static bool holds_hdus(const Node& node) {
    return is_hdu(node) || (node.kind == Node::Kind::sequence && !node.items.empty() &&
                            std::all_of(node.items.begin(), node.items.end(), is_hdu));
  }

  // A mapping or a list of cards is an HDU; what holds such holds HDUs, and nothing else of it counts.
  Status hdus(const Node& node, bool outermost) {
    if (is_card_list(node)) {
      for (const Node& card : node.items) IMREG_TRY(listed(card));
      return out_.close();
    }
    if (node.kind == Node::Kind::sequence) {
      for (const Node& item : node.items) IMREG_TRY(hdus(item, false));
      return {};
    }
    if (node.is_scalar()) return node.is_nothing() || !outermost ? Status() : fault(node, "no header");
    bool inner = false;
    for (std::size_t i = 1; i < node.items.size(); i += 2) inner = inner || holds_hdus(node.items[i]);
    if (!inner || has_structure(node)) IMREG_TRY(mapped(node, "", inner));
    IMREG_TRY(out_.close());
    for (std::size_t i = 1; i < node.items.size(); i += 2) {
      if (holds_hdus(node.items[i])) IMREG_TRY(hdus(node.items[i], false));
    }
    return {};
  }

  // Keywords with values; a mapping inside gives names of several words, as HIERARCH has them.
  Status mapped(const Node& node, const std::string& before, bool inner) {
    for (std::size_t i = 0; i < node.items.size(); i += 2) {
      const std::string name = before + node.items[i].text;
      const Node& value = node.items[i + 1];
      if (inner && holds_hdus(value)) continue;
      if (node.items[i].text.starts_with("__")) continue;  // "__CONTENT__": about the dump
      if (value.kind != Node::Kind::mapping) {
        IMREG_TRY(add(name, value, "", false));
      } else if (const Node* inside = value.find("value"); inside != nullptr) {
        const Node* comment = value.find("comment");
        IMREG_TRY(add(name, *inside, comment != nullptr ? comment->text : "", false));
      } else {
        constexpr std::size_t kLongestName = 1000;  // it stands before each name inside
        if (name.size() > kLongestName) return fault(value, "a keyword of more than 1000 characters");
        IMREG_TRY(mapped(value, name + " ", false));
      }
    }
    return {};
  }

  Status listed(const Node& card) {
    static constexpr std::string_view kTypes[] = {"Bool",  "Short",  "Int",  "Long",   "LongLong", "UnsignedLongLong",
                                                  "Float", "Double", "Char", "String", "Undef",    "DateTime"};
    const auto& items = card.items;
    const bool typed =
        items.size() >= 3 && std::find(std::begin(kTypes), std::end(kTypes), items[1].text) != std::end(kTypes);
    const std::size_t at = typed ? 2 : 1;
    return add(items[0].text, items[at], items.size() > at + 1 ? items[at + 1].text : std::string(),
               typed && items[1].text == "String");
  }

  Status add(const std::string& name, const Node& value, const std::string& comment, bool text) {
    if (value.kind == Node::Kind::mapping) return fault(value, "the value of a keyword is not one value");
    if (value.is_scalar()) return card(name, value, comment, text);
    const bool remark = is_commentary_name(name);
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      // Of merged headers the last value counts, and of cards the first.
      const Node& item = value.items[remark ? i : value.items.size() - 1 - i];
      if (!item.is_scalar()) return fault(item, "the value of a keyword is not one value");
      IMREG_TRY(card(name, item, comment, text));
    }
    return {};
  }

  Status card(const std::string& name, const Node& value, const std::string& comment, bool text) {
    const bool remark = is_commentary_name(name), is_word = value.plain && !text;
    const std::string words = one_line(value.text);
    long long whole = 0;
    double real = 0;
    Header one;
    if (remark) {
      if (!value.plain || !is_undefined(words)) one.add_comment(name, words);
    } else if (value.plain && is_undefined(words) && (!text || words.empty())) {
      one.add(name, std::numeric_limits<double>::quiet_NaN(), one_line(comment));
    } else if (is_word && (equal_nocase(words, "true") || equal_nocase(words, "false"))) {
      one.add(name, equal_nocase(words, "true"), one_line(comment));
    } else if (is_word && is_number(words) && words.find_first_of(".eE") == words.npos && parse_integer(words, whole)) {
      one.add(name, whole, one_line(comment));
    } else if (is_word && is_number(words) && parse_number(words, real)) {
      one.add(name, real, one_line(comment));
    } else {
      one.add(name, words, one_line(comment));
    }
    std::string_view cards = one.text();
    if (cards.starts_with("LONGSTRN") && one.size() > 1) cards.remove_prefix(kCardSize);
    return out_.add(cards, !remark);
  }

  static std::string one_line(std::string_view text) {
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return out;
  }

  bool is_undefined(std::string_view word) const {
    for (const std::string_view nothing : {"", "~", "null", ".nan", ".inf", "+.inf", "-.inf"}) {
      if (equal_nocase(word, nothing)) return true;
    }
    return json_ && (word == "NaN" || word == "Infinity" || word == "-Infinity");  // Python writes them
  }

  // Digits that begin with 0 are a name (YAML's writers leave them unquoted); so is 189216e7 in YAML, where a number
  // with an exponent has its point.
  bool is_number(std::string_view word) const {
    if (word[0] == '-' || word[0] == '+') word.remove_prefix(1);
    const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
    if (digits > 1 && word[0] == '0' && digits == word.size()) return false;
    const bool point = digits < word.size() && word[digits] == '.';
    const std::string_view rest = word.substr(digits + (point ? 1 : 0));
    const std::size_t fraction = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits + fraction == 0) return false;
    std::string_view exponent = rest.substr(fraction);
    if (exponent.empty()) return true;
    if (lower(exponent[0]) != 'e' || (!point && !json_)) return false;
    exponent.remove_prefix(exponent.size() > 1 && (exponent[1] == '-' || exponent[1] == '+') ? 2 : 1);
    return !exponent.empty() && exponent.find_first_not_of("0123456789") == exponent.npos;
  }

  DumpedHeaders& out_;
  bool json_;
};

}  // namespace

Status read_yaml_dump(std::string_view text, DumpedHeaders& out) {
  Parser parser(text);
  const std::string_view first = trim(text.substr(0, 100));
  Writer writer(out, first.starts_with('{') || first.starts_with('['));
  while (true) {
    Node top;
    IMREG_ASSIGN(const bool there, parser.next(top));
    if (!there) return {};
    IMREG_TRY(writer.document(top));
  }
}

}  // namespace imreg::fits

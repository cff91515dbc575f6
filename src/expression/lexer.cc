// Cuts an expression into tokens and draws the caret under a mistake.
#include "expression/lexer.h"

#include <algorithm>

#include "base/text.h"

namespace imreg::expression {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Longest first.
constexpr std::string_view kSigns[] = {"!~*", "!~", "~*", "<=", ">=", "<>", "!=", "==", "&&", "||", "<<",
                                       ">>",  "**", "<",  ">",  "=",  "!",  "~",  "&",  "|",  "+",  "-",
                                       "*",   "/",  "%",  "^",  "(",  ")",  ",",  "[",  "]"};

class Lexer {
 public:
  Lexer(std::string_view text, const Schema& schema) : text_(text), schema_(schema) {}

  Result<std::vector<Token>> run() {
    if (text_.size() > kMostBytes)
      return Status(Code::invalid, "the expression has " + std::to_string(text_.size()) + " bytes, more than " +
                                       std::to_string(kMostBytes));
    for (;;) {
      while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
      Token token;
      token.begin = at_;
      if (at_ < text_.size()) IMREG_TRY(read(token));
      token.end = at_;
      tokens_.push_back(token);
      if (token.kind == Token::Kind::end) return std::move(tokens_);
    }
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  std::size_t digits(std::size_t from) const {
    std::size_t end = from;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    return end - from;
  }
  // "hh:mm" or longer begins here.
  bool is_clock(std::size_t from) const {
    const std::size_t n = digits(from);
    return (n == 1 || n == 2) && from + n < text_.size() && text_[from + n] == ':' && digits(from + n + 1) > 0;
  }

  Status read(Token& token) {
    const char c = peek();
    if (c == '\'' || c == '"' || c == '`') return read_quoted(token, c);
    if (c == '[' && !follows_value()) return read_quoted(token, ']');
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number(token);
    if (is_letter(c)) return read_name(token);
    for (const auto sign : kSigns) {
      if (text_.substr(at_, sign.size()) != sign) continue;
      token.kind = Token::Kind::sign;
      token.text = sign;
      at_ += sign.size();
      return {};
    }
    return fault(text_, at_, "this character has no meaning here");
  }

  // Behind a name, [ begins an index.
  bool follows_value() const {
    return !tokens_.empty() &&
           (tokens_.back().kind == Token::Kind::name || tokens_.back().kind == Token::Kind::quoted ||
            tokens_.back().kind == Token::Kind::loose);
  }

  // A doubled quote stands for itself.
  Status read_quoted(Token& token, char quote) {
    const std::size_t begin = at_++;
    for (;; ++at_) {
      if (at_ >= text_.size()) return fault(text_, begin, "the quote is not closed");
      if (peek() == quote) {
        if (peek(1) != quote) break;
        ++at_;
      }
      token.text += peek();
    }
    ++at_;
    token.kind = quote == '\'' ? Token::Kind::text : quote == '"' ? Token::Kind::loose : Token::Kind::quoted;
    return {};
  }

  Status read_name(Token& token) {
    std::size_t end = at_;
    const auto is_inside = [&](std::size_t i) { return is_letter(text_[i]) || is_digit(text_[i]) || text_[i] == '$'; };
    const auto is_dot = [&](std::size_t i) {
      return text_[i] == '.' && i + 1 < text_.size() && is_letter(text_[i + 1]);
    };
    while (end < text_.size() && (is_inside(end) || is_dot(end))) ++end;  // wfc_raw_0.EXPTIME
    token.text = text_.substr(at_, end - at_);
    at_ = end;
    token.kind = Token::Kind::name;
    for (const std::string_view julian : {"mjd", "jd"}) {
      if (!starts_nocase(token.text, julian) || token.text.size() == julian.size() || schema_.find(token.text))
        continue;
      if (!std::all_of(token.text.begin() + static_cast<std::ptrdiff_t>(julian.size()), token.text.end(), is_digit))
        continue;
      if (peek() == '.') at_ += 1 + digits(at_ + 1);
      token.text = text_.substr(token.begin, at_ - token.begin);
      token.kind = Token::Kind::date;
      break;
    }
    return {};
  }

  // From "T10:00:00Z", ",10:00" or " 10:00" behind a date.
  void take_clock() {
    const char c = peek();
    const bool follows = ((c == 'T' || c == 't') && is_digit(peek(1))) || ((c == ',' || c == ' ') && is_clock(at_ + 1));
    if (!follows) return;
    ++at_;
    at_ += digits(at_);
    while (peek() == ':' && is_digit(peek(1))) at_ += 1 + digits(at_ + 1);
    if (peek() == '.' && is_digit(peek(1))) at_ += 1 + digits(at_ + 1);
    if (lower(peek()) == 'z' && !is_letter(peek(1))) {
      ++at_;
    } else if ((peek() == '+' || peek() == '-') && digits(at_ + 1) >= 2) {
      const std::size_t n = digits(at_ + 1);
      if (n == 2 && peek(3) == ':' && digits(at_ + 4) == 2)
        at_ += 6;
      else if ((n == 2 || n == 4) && !is_letter(peek(1 + n)))
        at_ += 1 + n;
    }
  }

  Status read_number(Token& token) {
    const std::size_t begin = at_, n = digits(at_);
    const auto finish = [&](Token::Kind kind) {
      token.kind = kind;
      token.text = text_.substr(begin, at_ - begin);
    };
    if (n == 4 && (peek(4) == '-' || peek(4) == '/')) {
      const std::size_t month = digits(at_ + 5), second = at_ + 5 + month;
      if ((month == 1 || month == 2) && second < text_.size() && (text_[second] == '-' || text_[second] == '/')) {
        const std::size_t day = digits(second + 1);
        if (day == 1 || day == 2) {
          at_ = second + 1 + day;
          take_clock();
          finish(Token::Kind::date);
          return end_of_word(token);
        }
      }
    }
    if (n == 8 && (peek(8) == 'T' || peek(8) == 't') && is_digit(peek(9))) {
      at_ += 8;
      take_clock();
      finish(Token::Kind::date);
      return end_of_word(token);
    }
    if (is_clock(at_) || (n == 3 && peek(3) == ':' && is_digit(peek(4)))) {
      at_ += n;
      while (peek() == ':' && is_digit(peek(1))) at_ += 1 + digits(at_ + 1);
      if (peek() == '.') at_ += 1 + digits(at_ + 1);
      finish(Token::Kind::sexagesimal);
      return end_of_word(token);
    }
    at_ += n;
    if (peek() == '.') at_ += 1 + digits(at_ + 1);
    if (lower(peek()) == 'e') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (is_digit(peek(1 + sign))) at_ += 1 + sign + digits(at_ + 1 + sign);
    }
    finish(Token::Kind::number);
    const std::size_t suffix = at_;
    while (is_letter(peek())) ++at_;
    token.suffix = text_.substr(suffix, at_ - suffix);
    if (equal_nocase(token.suffix, "j") || equal_nocase(token.suffix, "jd") || equal_nocase(token.suffix, "mjd")) {
      token.text = token.suffix.size() == 1 ? token.text + token.suffix : token.suffix + token.text;
      token.kind = Token::Kind::date;
    }
    return end_of_word(token);
  }

  Status end_of_word(const Token& token) const {
    if (!is_digit(peek()) && !is_letter(peek()) && !(peek() == '.' && !token.text.empty())) return {};
    return fault(text_, at_,
                 "\"" + visible(text_.substr(token.begin, at_ - token.begin)) + "\" is a " +
                     (token.kind == Token::Kind::date ? "date" : "number") + "; something else is joined to it");
  }

  std::string_view text_;
  const Schema& schema_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

// Cut into characters, each one column; those that cannot be shown are question marks. `column` becomes that of byte `at`.
std::vector<std::string> characters_of(std::string_view text, std::size_t at, std::size_t& column) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < text.size();) {
    if (i <= at) column = shown.size();
    const std::size_t size = utf8_length(text.substr(i));
    const std::string piece(text.substr(i, std::max<std::size_t>(size, 1)));
    const bool plain = size > 0 && visible(piece) == piece;
    shown.push_back(plain ? piece : is_blank(text[i]) ? " " : "?");
    i += piece.size();
  }
  if (at >= text.size()) column = shown.size();
  return shown;
}

}  // namespace

Status fault(std::string_view text, std::size_t at, const std::string& what) {
  std::size_t column = 0;
  const auto shown = characters_of(text, at, column);
  std::size_t ignored = 0;
  std::string message;
  for (const auto& piece : characters_of(what, 0, ignored)) message += piece;
  constexpr std::size_t kBefore = 60, kWidth = 100;
  const std::size_t first = column > kBefore && shown.size() > kWidth ? column - kBefore : 0;
  const std::size_t last = std::min(shown.size(), first + kWidth);
  std::string line = first > 0 ? "..." : "";
  const std::size_t caret = line.size() + column - first;
  for (std::size_t i = first; i < last; ++i) line += shown[i];
  if (last < shown.size()) line += "...";
  return Status(Code::invalid, "column " + std::to_string(column + 1) + ": " + message + "\n  " + line + "\n  " +
                                   std::string(caret, ' ') + "^");
}

Result<std::vector<Token>> tokens_of(std::string_view text, const Schema& schema) { return Lexer(text, schema).run(); }

}  // namespace imreg::expression

// A JSON reader for flat objects: what is inside another array or object is only checked for its brackets.
#include "base/json_object.h"

#include <cstdint>

#include "base/text.h"

namespace imreg {

namespace {

constexpr int kDeepest = 64;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool is_text() const { return at_ < text_.size() && text_[at_] == '"'; }
  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  Status wrong(const std::string& what) const {
    return {Code::invalid, what + " at byte " + std::to_string(at_ + 1) + " of the JSON object"};
  }

  Status text(std::string& out) {
    if (!take('"')) return wrong("no \"");
    out.clear();
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return {};
      if (static_cast<unsigned char>(c) < 0x20) return wrong("a control character");
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ == text_.size()) break;
      IMREG_TRY(escape(text_[at_++], out));
    }
    return wrong("a text without its end");
  }

  // Anything but a text: its words as they stand.
  Status other(std::string& out) {
    skip_blanks();
    const std::size_t from = at_;
    int depth = 0;
    std::string inside;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (depth == 0) return wrong("a text in a number");
        IMREG_TRY(text(inside));
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}')) break;
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      if (depth < 0 || depth > kDeepest) return wrong("a bracket too many");
      ++at_;
    }
    out = std::string(trim(text_.substr(from, at_ - from)));
    double number = 0;
    const bool nested = out.starts_with('[') || out.starts_with('{');
    const bool word = out == "null" || out == "true" || out == "false";
    const bool is_number = out.find_first_not_of("+-.0123456789eE") == out.npos && parse_number(out, number);
    return depth == 0 && (nested || word || is_number) ? Status() : wrong("no value");
  }

 private:
  Status escape(char c, std::string& out) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt", kMeaning = "\"\\/\b\f\n\r\t";
    if (const auto known = kLetters.find(c); known != kLetters.npos) {
      out += kMeaning[known];
      return {};
    }
    if (c != 'u') return wrong("an unknown escape");
    std::uint32_t code = 0;
    IMREG_TRY(four_digits(code));
    if (code >= 0xd800 && code < 0xdc00) {  // the first half of a pair
      if (text_.substr(at_, 2) != "\\u") return wrong("half a character");
      at_ += 2;
      std::uint32_t low = 0;
      IMREG_TRY(four_digits(low));
      if (low < 0xdc00 || low >= 0xe000) return wrong("half a character");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xdc80 && code < 0xdd00) {  // json_name(): a byte that is no UTF-8
      out += static_cast<char>(code & 0xff);
      return {};
    }
    if (code >= 0xdc00 && code < 0xe000) return wrong("half a character");
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else {
      const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      static constexpr unsigned kFirst[] = {0, 0xc0, 0xe0, 0xf0};
      out += static_cast<char>(kFirst[more] | (code >> (6 * more)));
      for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (code >> (6 * i) & 0x3f));
    }
    return {};
  }
  Status four_digits(std::uint32_t& code) {
    code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ < text_.size() ? lower(text_[at_]) : ' ';
      const bool digit = c >= '0' && c <= '9';
      if (!digit && (c < 'a' || c > 'f')) return wrong("no four hexadecimal digits");
      code = code * 16 + static_cast<std::uint32_t>(digit ? c - '0' : c - 'a' + 10);
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<JsonObject> JsonObject::parse(std::string_view text) {
  Reader in(text);
  JsonObject out;
  if (!in.take('{')) return in.wrong("no {");
  if (!in.take('}')) {
    do {
      std::string name;
      IMREG_TRY(in.text(name));
      if (!in.take(':')) return in.wrong("no :");
      Member member;
      in.skip_blanks();
      member.is_text = in.is_text();
      IMREG_TRY(member.is_text ? in.text(member.value) : in.other(member.value));
      out.members_[name] = std::move(member);
    } while (in.take(','));
    if (!in.take('}')) return in.wrong("no , and no }");
  }
  if (!in.at_end()) return in.wrong("more behind the }");
  return out;
}

bool JsonObject::is_null(const std::string& name) const {
  const auto found = members_.find(name);
  return found != members_.end() && !found->second.is_text && found->second.value == "null";
}

std::optional<std::string> JsonObject::text(const std::string& name) const {
  const auto found = members_.find(name);
  if (found == members_.end() || !found->second.is_text) return std::nullopt;
  return found->second.value;
}

std::optional<double> JsonObject::number(const std::string& name) const {
  const auto found = members_.find(name);
  double value = 0;
  if (found == members_.end() || found->second.is_text || !parse_number(found->second.value, value))
    return std::nullopt;
  return value;
}

}  // namespace imreg

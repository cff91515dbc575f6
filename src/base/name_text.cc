// Bytes that a text has no place for, written so that they are found again.
#include "base/name_text.h"

#include <cstddef>

#include "base/json.h"
#include "base/text.h"

namespace imreg {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

std::string two_digits(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return {kHex[byte >> 4], kHex[byte & 15]};
}

// The bytes of the character there; 0: it is none that a text may have.
std::size_t length_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return byte >= 0x20 && byte != 0x7f;
  const bool c1 = byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
  return c1 ? 0 : utf8_length(text.substr(at));
}

}  // namespace

std::string escaped_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = length_at(name, i);
    const bool lost = name[i] == ' ' && (i == 0 || i + 1 == name.size() || name[i - 1] == ' ');
    if (length > 0 && !lost && name[i] != '\\') {
      out += name.substr(i, length);
      i += length;
      continue;
    }
    const char c = name[i++];
    out += c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\x" + two_digits(c);
  }
  return out;
}

std::string unescaped_name(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : ' ';
    const auto high = next == 'x' && i + 3 < text.size() ? kHex.find(lower(text[i + 2])) : kHex.npos;
    const auto low = high == kHex.npos ? kHex.npos : kHex.find(lower(text[i + 3]));
    if (low != kHex.npos) {
      out += static_cast<char>(high << 4 | low);
      i += 3;
    } else if (next == '\\' || next == 'n' || next == 't') {
      out += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string json_name(std::string_view name) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < name.size();) {
    if (const std::size_t length = static_cast<unsigned char>(name[i]) < 0x80 ? 1 : utf8_length(name.substr(i))) {
      i += length;
      continue;
    }
    const std::string before = json_text(name.substr(from, i - from));
    out += before.substr(1, before.size() - 2) + "\\udc" + two_digits(name[i]);
    from = ++i;
  }
  return '"' + out + json_text(name.substr(from)).substr(1);
}

}  // namespace imreg

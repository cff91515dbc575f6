// Texts that need care, byte by byte.
#include "emit/escape.h"

#include <algorithm>

#include "base/text.h"

namespace imreg::emit {

namespace {

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_hex(char* out, std::string_view before, char byte) {
  constexpr char kHex[] = "0123456789abcdef";
  out = put(out, before);
  *out++ = kHex[static_cast<unsigned char>(byte) >> 4];
  *out++ = kHex[static_cast<unsigned char>(byte) & 15];
  return out;
}

// The short escape of a control character, 0 when it has none.
char letter_of(char c) {
  switch (c) {
    case '\t': return 't';
    case '\n': return 'n';
    case '\r': return 'r';
    default: return 0;
  }
}

char* write_csv(char* out, std::string_view text) {
  const bool quoted = text.find_first_of(",\"\r\n") != text.npos;
  if (quoted) *out++ = '"';
  for (const char c : text) {
    if (c == '"') *out++ = '"';
    *out++ = c;
  }
  if (quoted) *out++ = '"';
  return out;
}

char* write_tsv(char* out, std::string_view text) {
  for (const char c : text) {
    const char letter = c == '\\' ? '\\' : letter_of(c);
    if (letter) *out++ = '\\';
    *out++ = letter ? letter : c;
  }
  return out;
}

char* write_json(char* out, std::string_view text) {
  *out++ = '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text.substr(i));
    if (c == '"' || c == '\\') {
      *out++ = '\\';
      *out++ = c;
    } else if (const char letter = letter_of(c)) {
      *out++ = '\\';
      *out++ = letter;
    } else if (length == 0 || static_cast<unsigned char>(c) < 0x20) {
      out = put_hex(out, "\\u00", c);
    } else {
      out = put(out, text.substr(i, length));
    }
    i += std::max<std::size_t>(length, 1);
  }
  *out++ = '"';
  return out;
}

char* write_xml(char* out, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8_length(text.substr(i));
    const std::string_view character = text.substr(i, length);
    const std::string_view entity = c == '<'    ? "&lt;"
                                    : c == '>'  ? "&gt;"
                                    : c == '&'  ? "&amp;"
                                    : c == '"'  ? "&quot;"
                                    : c == '\t' ? "&#9;"
                                    : c == '\n' ? "&#10;"
                                    : c == '\r' ? "&#13;"
                                                : "";
    if (!entity.empty()) {
      out = put(out, entity);
    } else if (length == 0) {
      out = put_hex(out, "&#x", c);
      *out++ = ';';
    } else if (static_cast<unsigned char>(c) < 0x20 || character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf") {
      out = put(out, "\xef\xbf\xbd");
    } else {
      out = put(out, character);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

char* write_table(char* out, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t length = utf8_length(text.substr(i));
    const bool second_controls =
        byte == 0xc2 && length == 2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;  // U+0080..U+009F
    if (const char letter = letter_of(c)) {
      *out++ = '\\';
      *out++ = letter;
    } else if (byte < 0x20 || byte == 0x7f || length == 0) {
      out = put_hex(out, "\\x", c);
    } else if (second_controls) {
      out = put_hex(put_hex(out, "\\x", c), "\\x", text[i + 1]);
    } else {
      out = put(out, text.substr(i, length));
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace

char* write_careful(Style style, char* out, std::string_view text) {
  switch (style) {
    case Style::csv: return write_csv(out, text);
    case Style::tsv: return write_tsv(out, text);
    case Style::json: return write_json(out, text);
    case Style::xml: return write_xml(out, text);
    case Style::table: return write_table(out, text);
    case Style::word: break;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && (text[i + 1] & 0xe0) == 0x80;
    *out++ = byte <= 0x20 || byte == 0x7f || c1 ? '.' : text[i];
    if (c1) *out++ = '.', ++i;
  }
  return out;
}

}  // namespace imreg::emit

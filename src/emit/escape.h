// Texts as each format wants them: most are plain and are copied 8 bytes at a time, the others go byte by byte.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace imreg::emit {

/// What the bytes are for.
enum class Style {
  word,   ///< one of Elixir's blank-separated words
  csv,    ///< RFC 4180
  tsv,    ///< tab-separated, backslash escapes
  json,   ///< RFC 8259
  xml,    ///< XML 1.0, inside elements and attributes
  table,  ///< for eyes, on a terminal
};

/// One byte becomes at most this many (\u00ff, &quot;), and quotes may stand around the text.
inline constexpr std::size_t kMostGrowth = 6;
inline constexpr std::size_t kQuotes = 2;

namespace bytes {

inline constexpr std::uint64_t kOnes = 0x0101010101010101;
inline constexpr std::uint64_t kHigh = 0x8080808080808080;

inline std::uint64_t load8(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
// Not 0 when one of the eight bytes is below `limit` (at most 128) or is `wanted`.
// Bit Twiddling Hacks (Sean Eron Anderson), "Determine if a word has a byte less than n".
constexpr std::uint64_t below(std::uint64_t word, std::uint64_t limit) {
  return (word - kOnes * limit) & ~word & kHigh;
}
constexpr std::uint64_t has(std::uint64_t word, char wanted) {
  return below(word ^ (kOnes * static_cast<unsigned char>(wanted)), 1);
}

// Not 0 when one of the eight bytes may need care.
template <Style S>
constexpr std::uint64_t care(std::uint64_t word) {
  switch (S) {
    case Style::word: return below(word, 0x21) | has(word, 0x7f) | has(word, '\xc2');
    case Style::csv: return below(word, 0x20) | has(word, '"') | has(word, ',');
    case Style::tsv: return below(word, 0x20) | has(word, '\\');
    case Style::json: return below(word, 0x20) | has(word, '"') | has(word, '\\') | (word & kHigh);
    case Style::xml:
      return below(word, 0x20) | has(word, '<') | has(word, '>') | has(word, '&') | has(word, '"') | (word & kHigh);
    case Style::table: return below(word, 0x20) | has(word, 0x7f) | (word & kHigh);
  }
  return 1;
}

// Copies; false when a byte needs care (then `out` holds part of the text). May write 7 bytes behind the text.
template <Style S>
inline bool copy_plain(char* out, std::string_view text) {
  const char* from = text.data();
  const std::size_t size = text.size();
  if (size < 8) {
    std::uint64_t word = 0x3030303030303030;
    char* const to = reinterpret_cast<char*>(&word);
    // 4 + 2 + 1: three fixed moves instead of a call of memcpy with a variable size.
    std::size_t at = 0;
    if (size & 4) std::memcpy(to, from, 4), at = 4;
    if (size & 2) std::memcpy(to + at, from + at, 2), at += 2;
    if (size & 1) to[at] = from[at];
    std::memcpy(out, &word, sizeof word);
    return care<S>(word) == 0;
  }
  std::size_t at = 0;
  std::uint64_t found = 0;
  for (; at + 8 <= size; at += 8) {
    const std::uint64_t word = load8(from + at);
    std::memcpy(out + at, &word, sizeof word);
    found |= care<S>(word);
  }
  if (at < size) {  // the last eight, some of them again
    const std::uint64_t word = load8(from + size - 8);
    std::memcpy(out + size - 8, &word, sizeof word);
    found |= care<S>(word);
  }
  return found == 0;
}

}  // namespace bytes

/// Byte by byte, for texts that need care. Returns the end.
/// word: blanks and control characters (also those of UTF-8, U+0080 to U+009F) become '.' for each byte. csv: in quotes where RFC 4180 wants them, quotes doubled.
/// tsv: \t \n \r \\. json: \" \\ \n ..., bytes that are not UTF-8 as \u00xx.
/// xml: &lt; and so on, bytes that are not UTF-8 as &#xhh;, U+FFFD for characters that XML does not have.
/// table: control characters and bytes that are not UTF-8 as \n, \t, \xhh.
char* write_careful(Style style, char* out, std::string_view text);

/// A text that is not empty. `out` has room for kMostGrowth * size + kQuotes + 8.
template <Style S>
inline char* write_text(char* out, std::string_view text) {
  char* const start = out;
  if constexpr (S == Style::json) *out++ = '"';
  if (!bytes::copy_plain<S>(out, text)) return write_careful(S, start, text);
  out += text.size();
  if constexpr (S == Style::json) *out++ = '"';
  return out;
}

/// A text as this format wants it.
template <Style S>
std::string escaped(std::string_view text) {
  if (text.empty()) return S == Style::json ? "\"\"" : "";
  std::string out(text.size() * kMostGrowth + kQuotes + 8, '\0');
  out.resize(static_cast<std::size_t>(write_text<S>(out.data(), text) - out.data()));
  return out;
}

}  // namespace imreg::emit

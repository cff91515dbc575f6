// FITS cards: where the keyword ends, what the value is, and how a card is written.
// Nothing is parsed before it is asked for, and a search compares eight bytes a card: that is what makes reading
// headers fast. The reading side takes what real files hold; the writing side writes only what FITS 4.0 allows.
#include "imreg/header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace imreg {

namespace {

static_assert(std::endian::native == std::endian::little, "the byte masks of find() are for little-endian hosts");

constexpr std::size_t kNameSize = 8;
constexpr std::uint64_t kCaseBits = 0x2020202020202020U;

std::uint64_t load8(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

constexpr auto kHierarch = std::bit_cast<std::uint64_t>(std::array{'H', 'I', 'E', 'R', 'A', 'R', 'C', 'H'});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim_right(std::string_view text) {
  constexpr std::string_view kBlanks = "        ";
  while (text.ends_with(kBlanks)) text.remove_suffix(kBlanks.size());
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

std::string_view skip_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

// A card taken apart: its name as written, and what stands behind the equals sign.
struct Parts {
  std::string_view name;
  bool hierarch = false;
  bool has_value = false;
  std::string_view field;  // behind "=", or behind the name when there is no value
};

Parts parts_of(std::string_view card) {
  Parts out;
  if ((load8(card.data()) & ~kCaseBits) == (kHierarch & ~kCaseBits) && card[kNameSize] == ' ' &&
      starts_nocase(card, "HIERARCH")) {
    const std::size_t equals = card.find('=');
    if (equals != card.npos) {
      out.name = trim_right(skip_blanks(card.substr(kNameSize, equals - kNameSize)));
      out.hierarch = out.has_value = true;
      out.field = card.substr(equals + 1);
      return out;
    }
  }
  // The sign belongs into column 9; some writers put it right behind the name, or forget the blank behind it.
  const std::size_t equals = card.substr(0, kNameSize + 1).find('=');
  out.name = trim_right(card.substr(0, std::min(equals, kNameSize)));
  out.has_value = equals != card.npos && !out.name.empty() && !equal_nocase(out.name, "COMMENT") &&
                  !equal_nocase(out.name, "HISTORY") && !equal_nocase(out.name, "CONTINUE");
  if (out.has_value) {
    out.field = card.substr(equals + 1);
  } else {
    out.name = trim_right(card.substr(0, kNameSize));
    out.field = card.substr(kNameSize);
  }
  return out;
}

// The same words, whatever the case and the number of blanks between them.
bool same_words(std::string_view a, std::string_view b) {
  while (true) {
    a = skip_blanks(a);
    b = skip_blanks(b);
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    const std::size_t a_end = std::min(a.find(' '), a.size());
    const std::size_t b_end = std::min(b.find(' '), b.size());
    if (!equal_nocase(a.substr(0, a_end), b.substr(0, b_end))) return false;
    a.remove_prefix(a_end);
    b.remove_prefix(b_end);
  }
}

// Whether all are printable ASCII; eight at a time.
bool is_plain(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  std::uint64_t odd = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    const std::uint64_t word = load8(text.data() + i);
    odd |= word | (word - kOnes * 0x20) | (word + kOnes);
  }
  for (; i < text.size(); ++i) odd |= text[i] >= ' ' && text[i] < 0x7f ? 0 : kOnes * 0x80;
  return (odd & (kOnes * 0x80)) == 0;
}

// Text from a card as the rest of the program may see it: UTF-8, no control characters.
std::string clean(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  bool utf8 = true;
  for (std::size_t i = 0, n = 0; utf8 && i < text.size(); i += n) utf8 = (n = utf8_length(text.substr(i))) > 0;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) {
      out += ' ';
    } else if (byte < 0x80 || utf8) {
      out += text[i];
    } else {
      out += static_cast<char>(0xc0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return std::string(trim_right(out));
}

// The characters of a number: few, as a rule.
class Digits {
 public:
  explicit Digits(std::size_t most) {
    if (most > sizeof small_) large_.resize(most);
  }
  void operator+=(char c) { (large_.empty() ? small_ : large_.data())[size_++] = c; }
  std::string_view text() const { return {large_.empty() ? small_ : large_.data(), size_}; }
  void clear() { size_ = 0; }

 private:
  char small_[80];
  std::string large_;
  std::size_t size_ = 0;
};

// A number as from_chars wants it: blanks that free format allows are gone (behind the sign, around the exponent), D is
// E. Empty: not a number.
Digits plain_number(std::string_view text, bool& integer) {
  Digits out(text.size());
  std::size_t i = 0;
  const auto blanks = [&] {
    while (i < text.size() && text[i] == ' ') ++i;
  };
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && is_digit(text[i])) out += text[i++];
    return i - start;
  };
  integer = true;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) {
    if (text[i++] == '-') out += '-';
    blanks();
  }
  std::size_t count = digits();
  if (i < text.size() && text[i] == '.') {
    integer = false;
    out += text[i++];
    count += digits();
  }
  if (count == 0) return Digits(0);
  blanks();
  if (i < text.size() && std::strchr("EeDd", text[i]) != nullptr && text[i] != '\0') {
    integer = false;
    ++i;
    out += 'E';
    blanks();
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) out += text[i++];
    blanks();
    if (digits() == 0) return Digits(0);
  }
  if (i < text.size()) out.clear();
  return out;
}

bool is_integer(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

CardValue::Kind kind_of(std::string_view text) {
  if (text.empty()) return CardValue::Kind::undefined;
  if (text == "T" || text == "F") return CardValue::Kind::logical;
  if (is_integer(text)) return CardValue::Kind::integer;
  bool integer = false;
  if (plain_number(text, integer).text().empty()) return CardValue::Kind::text;
  return integer ? CardValue::Kind::integer : CardValue::Kind::real;
}

// Where an unquoted value ends: at the slash of the comment, but not inside a date such as 15/04/88.
std::size_t value_end(std::string_view field) {
  const std::size_t slash = field.find('/');
  if (slash == field.npos) return field.size();
  const std::string_view value = skip_blanks(field);
  const std::string_view word = value.substr(0, value.find(' '));
  if (std::count(word.begin(), word.end(), '/') == 2 && word.size() >= 6 && is_digit(word.front()) &&
      is_digit(word.back()) && std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '/'; })) {
    const std::size_t behind = field.size() - value.size() + word.size();
    const std::size_t next = field.find('/', behind);
    return next == field.npos ? field.size() : next;
  }
  return slash;
}

void unquoted(std::string_view field, CardValue& out, std::string_view& comment) {
  const std::size_t end = value_end(field);
  std::string_view value = trim(field.substr(0, end));
  if (end < field.size()) comment = field.substr(end + 1);
  out.kind = kind_of(value);
  if (out.kind == CardValue::Kind::text) {
    // "12.5 seconds", the slash forgotten: a number or logical and then a word. "12 30 45.1" stays a text.
    const std::size_t blank = value.find(' ');
    const std::string_view word = value.substr(0, blank);
    const std::string_view rest = blank == value.npos ? std::string_view() : skip_blanks(value.substr(blank));
    if (!rest.empty() && kind_of(word) != CardValue::Kind::text && !is_digit(rest.front()) && rest.front() != '-' &&
        rest.front() != '+' && rest.front() != '.') {
      if (comment.empty()) comment = rest;
      value = word;
      out.kind = kind_of(value);
    } else if (value.back() == ',' && kind_of(value.substr(0, value.size() - 1)) != CardValue::Kind::text) {
      value.remove_suffix(1);
      out.kind = kind_of(value);
    }
  }
  out.text = clean(value);
}

// Appends the text between quotes, '' folded; `rest` is what stands behind the closing quote. A quote that stands inside
// a word does not close: people forget to double the one in O'Neill. A missing one ends with the card.
void quoted(std::string_view field, std::string& text, std::string_view& rest) {
  std::size_t i = std::min(field.find('\'', 1), field.size());
  text.append(field.substr(1, i - 1));
  for (; i < field.size(); ++i) {
    if (field[i] == '\'') {
      if (i + 1 < field.size() && field[i + 1] == '\'') {
        ++i;
      } else if (i + 1 >= field.size() || field[i + 1] == ' ' || field[i + 1] == '/') {
        break;
      }
    }
    text += field[i];
  }
  rest = i < field.size() ? field.substr(i + 1) : std::string_view();
  text.resize(trim_right(text).size());
}

}  // namespace

std::optional<double> CardValue::number() const {
  if (kind != Kind::integer && kind != Kind::real && kind != Kind::text) return std::nullopt;
  bool integer = false;
  const Digits number = plain_number(trim(text), integer);
  const std::string_view digits = number.text();
  if (digits.empty()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc()) return value;
  if (digits.find("E-") != digits.npos) return 0.0;  // too small for a double
  return std::nullopt;
}

std::optional<bool> CardValue::logical() const {
  if (kind != Kind::logical) return std::nullopt;
  return text == "T";
}

std::string Header::keyword(std::size_t i) const {
  const Parts parts = parts_of(card(i));
  std::string out;
  for (const std::string_view word : split(parts.name, ' ')) {  // only at blanks, as find() does
    if (!out.empty() && !word.empty()) out += ' ';
    out += word;
  }
  if (!parts.hierarch) out = parts.name;
  for (char& c : out) c = c >= ' ' && c < 0x7f ? upper(c) : '?';
  return out;
}

CardValue Header::value(std::size_t i) const { return parse(i, true); }

CardValue Header::parse(std::size_t i, bool with_comment) const {
  CardValue out;
  const Parts parts = parts_of(card(i));
  if (!parts.has_value) {
    out.text = clean(trim_right(parts.field));
    return out;
  }
  std::string_view rest;
  const std::string_view field = skip_blanks(parts.field);
  if (field.empty() || field.front() != '\'') {
    unquoted(trim_right(field), out, rest);
    if (with_comment) out.comment = clean(trim(rest));
    return out;
  }
  out.kind = CardValue::Kind::text;
  std::string text;
  quoted(field, text, rest);
  const auto add_comment_of = [&] {
    const std::string_view behind = skip_blanks(rest);
    const std::string comment =
        clean(trim(behind.substr(std::min(behind.size(), behind.starts_with('/') ? 1UL : 0UL))));
    if (!out.comment.empty() && !comment.empty()) out.comment += ' ';
    out.comment += comment;
  };
  if (with_comment) add_comment_of();
  while (text.ends_with('&') && ++i < size() && starts_nocase(card(i), "CONTINUE")) {
    const std::string_view next = skip_blanks(card(i).substr(kNameSize));
    if (next.empty() || next.front() != '\'') break;
    text.pop_back();
    const std::size_t before = text.size();
    std::string piece;
    quoted(next, piece, rest);
    text.insert(before, piece);
    if (with_comment) add_comment_of();
  }
  out.text = clean(trim_right(text));
  return out;
}

std::optional<std::size_t> Header::find(std::string_view keyword, std::size_t from) const {
  keyword = trim_right(skip_blanks(keyword));
  if (starts_nocase(keyword, "HIERARCH ")) keyword = skip_blanks(keyword.substr(kNameSize));
  // Only the letters of the name are compared here, without their case; parts_of() then has the last word.
  const std::size_t count = size();
  const bool fits = keyword.size() <= kNameSize;
  char name[kNameSize] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
  std::memcpy(name, keyword.data(), std::min(keyword.size(), kNameSize));
  const std::uint64_t want = load8(name);
  const std::uint64_t length_mask = keyword.empty() || keyword.size() >= kNameSize
                                        ? ~std::uint64_t{0}
                                        : (std::uint64_t{1} << (8 * keyword.size())) - 1;
  const std::uint64_t mask = length_mask & ~kCaseBits;
  const std::uint64_t hierarch = kHierarch & ~kCaseBits;
  if (from >= count) return std::nullopt;
  const char* at = cards_.data() + from * kCardSize;
  for (std::size_t i = from; i < count; ++i, at += kCardSize) {
    const std::uint64_t have = load8(at);
    if (((have ^ want) & mask) == 0 && fits) {
      const Parts parts = parts_of(card(i));
      if (!parts.hierarch && equal_nocase(parts.name, keyword)) return i;
    }
    if ((have & ~kCaseBits) == hierarch) {
      const Parts parts = parts_of(card(i));
      if (parts.hierarch && same_words(parts.name, keyword)) return i;
    }
  }
  return std::nullopt;
}

std::optional<CardValue> Header::get(std::string_view keyword) const {
  const auto at = find(keyword);
  if (!at) return std::nullopt;
  return parse(*at, true);
}

std::optional<std::string> Header::text_of(std::string_view keyword) const {
  const auto at = find(keyword);
  if (!at) return std::nullopt;
  CardValue value = parse(*at, false);
  if (value.kind == CardValue::Kind::none || value.kind == CardValue::Kind::undefined) return std::nullopt;
  return std::move(value.text);
}

std::optional<double> Header::number_of(std::string_view keyword) const {
  const auto at = find(keyword);
  return at ? parse(*at, false).number() : std::nullopt;
}

std::optional<long long> Header::integer_of(std::string_view keyword) const {
  const auto at = find(keyword);
  if (!at) return std::nullopt;
  const CardValue value = parse(*at, false);
  const auto number = value.number();
  if (!number) return std::nullopt;
  bool integer = false;
  const Digits plain = plain_number(trim(value.text), integer);
  const std::string_view digits = plain.text();
  if (integer) {
    long long out = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error == std::errc()) return out;
    return std::nullopt;
  }
  if (std::abs(*number) >= 9007199254740992.0 || std::trunc(*number) != *number) return std::nullopt;
  return static_cast<long long>(*number);
}

std::optional<bool> Header::logical_of(std::string_view keyword) const {
  const auto at = find(keyword);
  return at ? parse(*at, false).logical() : std::nullopt;
}

namespace {

constexpr std::size_t kValueWidth = 20;  // columns 11-30 of the fixed format
constexpr std::size_t kLongestName = 50;

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= ' ' && c < 0x7f ? c : '?';
  return out;
}

// "KEYWORD = " in its ten columns, or the HIERARCH form.
std::string name_field(std::string_view keyword) {
  std::string name = to_upper(printable(trim(keyword)));
  const bool plain = !name.empty() && name.size() <= kNameSize && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
  });
  if (!plain) {
    if (name.starts_with("HIERARCH ")) name.erase(0, kNameSize + 1);
    std::replace(name.begin(), name.end(), '=', '_');
    return "HIERARCH " + name.substr(0, kLongestName) + " = ";
  }
  name.resize(kNameSize, ' ');
  return name + "= ";
}

}  // namespace

void Header::append(std::string card) {
  card.resize(kCardSize, ' ');
  cards_ += card;
}

void Header::append_value(std::string_view keyword, std::string_view value, std::string_view comment) {
  std::string card = name_field(keyword);
  card += value;
  if (!comment.empty()) card += " / " + printable(comment);
  append(std::move(card));
}

void Header::add(std::string_view keyword, std::string_view text, std::string_view comment) {
  std::string body;  // quotes doubled
  for (const char c : printable(text)) {
    if (c == '\'') body += c;
    body += c;
  }
  std::string start = name_field(keyword);
  if (start.size() + body.size() + 2 <= kCardSize) {
    if (body.size() < kNameSize) body.resize(kNameSize, ' ');
    std::string value = "'" + body + "'";
    if (value.size() < kValueWidth) value.resize(kValueWidth, ' ');
    append_value(keyword, value, comment);
    return;
  }
  if (!find("LONGSTRN")) add("LONGSTRN", "OGIP 1.0", "long texts go on in CONTINUE cards");
  for (std::string_view rest = body; !rest.empty();) {
    const bool last = start.size() + rest.size() + 2 <= kCardSize;
    std::size_t piece = last ? rest.size() : kCardSize - start.size() - 3;
    if (!last) {  // a doubled quote stays on one card
      std::size_t quotes = 0;
      while (quotes < piece && rest[piece - 1 - quotes] == '\'') ++quotes;
      if (quotes % 2 == 1) --piece;
    }
    std::string card = start + "'" + std::string(rest.substr(0, piece)) + (last ? "'" : "&'");
    if (last && !comment.empty()) card += " / " + printable(comment);
    append(std::move(card));
    rest.remove_prefix(piece);
    start = "CONTINUE  ";
  }
}

void Header::add(std::string_view keyword, long long value, std::string_view comment) {
  std::string digits = std::to_string(value);
  if (digits.size() < kValueWidth) digits.insert(0, kValueWidth - digits.size(), ' ');
  append_value(keyword, digits, comment);
}

void Header::add(std::string_view keyword, double value, std::string_view comment) {
  std::string digits;
  if (std::isfinite(value)) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    digits = to_upper(std::string_view(buffer, static_cast<std::size_t>(end - buffer)));
    if (digits.find('.') == digits.npos) digits.insert(std::min(digits.find('E'), digits.size()), ".0");
  }
  if (digits.size() < kValueWidth) digits.insert(0, kValueWidth - digits.size(), ' ');
  append_value(keyword, digits, comment);
}

void Header::add(std::string_view keyword, bool value, std::string_view comment) {
  append_value(keyword, std::string(kValueWidth - 1, ' ') + (value ? 'T' : 'F'), comment);
}

void Header::add_comment(std::string_view keyword, std::string_view text) {
  std::string name = to_upper(printable(keyword));
  name.resize(kNameSize, ' ');
  constexpr std::size_t kRoom = kCardSize - kNameSize;
  do {
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    std::size_t piece = std::min(line_end, kRoom), skip = piece;
    if (line_end > kRoom) {  // at a blank if there is one
      const std::size_t blank = text.substr(0, kRoom + 1).rfind(' ');
      if (blank != text.npos && blank > 0) piece = blank, skip = blank + 1;
    } else if (line_end < text.size()) {
      skip = line_end + 1;
    }
    append(name + printable(text.substr(0, piece)));
    text.remove_prefix(skip);
  } while (!text.empty());
}

std::string Header::file_bytes(std::size_t multiple) const {
  std::string out = cards_ + "END";
  out.resize((out.size() + kCardSize - 1) / kCardSize * kCardSize, ' ');
  if (multiple > 0) out.resize((out.size() + multiple - 1) / multiple * multiple, ' ');
  return out;
}

}  // namespace imreg

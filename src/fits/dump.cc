// Header dumps as files: one card a line, cut or padded, or records of 80 characters without line ends; HDUs divided by
// END, by SIMPLE and XTENSION, or by title lines that speak of an HDU. What the shape of an HDU is where a dump leaves out
// the cards that tell it.
#include "fits/dump.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace imreg::fits {

namespace {

constexpr std::size_t kAllHeaders = std::size_t{256} << 20;  // as in files
constexpr std::size_t kMostHdus = 100'000;
constexpr int kMostAxes = 999;

// Takes the next line off the text; line ends are \n, \r\n or \r.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\n\r"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + (text.substr(end).starts_with("\r\n") ? 2 : 1)));
  return line;
}

bool is_name(char c) { return (upper(c) >= 'A' && upper(c) <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

std::string_view name_at_front(std::string_view line) {
  return line.substr(0, static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_name) - line.begin()));
}

// A card with a value, its "=" where Header looks for it; empty when the line is none. Hand-made lines have the sign
// further behind, or names too long for a card.
std::string value_card(std::string_view line) {
  if (line.empty() || std::string_view("#!;/*<>{[\"'=: \t").find(line[0]) != std::string_view::npos) return {};
  const std::string_view name = name_at_front(line);
  if (name == "COMMENT" || name == "HISTORY") return {};
  const std::size_t equals = line.find_first_not_of(" \t", name.size());
  const bool named =
      !name.empty() && equals != line.npos && line[equals] == '=' && !line.substr(equals).starts_with("==");
  if (named && equals <= 8 && line[name.size()] != '\t') return std::string(line);
  if (named && name.size() <= 8) {
    std::string card(name);
    card.resize(8, ' ');
    return card + std::string(line.substr(equals));
  }
  if (named && to_upper(name) == name) return "HIERARCH " + std::string(line);
  if (line.size() > 8 && line[8] == '=' && line.substr(0, 8).find(':') == line.npos) return std::string(line);
  return {};
}

// COMMENT, HISTORY, CONTINUE, HIERARCH, a blank name, or a name without "=".
bool is_commentary(std::string_view line) {
  if (line.starts_with("        ")) return true;
  const std::string_view name = name_at_front(line);
  const std::string_view behind = line.substr(name.size());
  if (name.empty() || name.size() > 8 || to_upper(name) != name || name[0] == '-') return false;
  return behind.empty() ||
         (behind[0] == ' ' && (trim(line.substr(0, 8)) == name || name == "COMMENT" || name == "HISTORY"));
}

struct DumpedCard {
  std::string text;  // empty: the line is no card
  bool has_value = false;
};

DumpedCard card_of(std::string_view line) {
  if (std::string card = value_card(line); !card.empty()) return {std::move(card), true};
  if (line.starts_with("HIERARCH ")) return {std::string(line), line.find('=') != line.npos};
  if (is_commentary(line)) return {std::string(line), false};
  const std::string_view moved = trim(line);  // the whole dump may be indented
  if (moved.size() == line.size()) return {};
  if (std::string card = value_card(moved); !card.empty()) return {std::move(card), true};
  return is_commentary(moved) && !moved.starts_with(' ') ? DumpedCard{std::string(moved), false} : DumpedCard{};
}

// "# HDU 3 in a.fits:", "--- PHU ---", "Header listing for HDU #1:"
bool is_hdu_title(std::string_view line) {
  for (std::string_view word : words(line)) {
    while (!word.empty() && !is_name(word.front())) word.remove_prefix(1);
    word = name_at_front(word);
    if (equal_nocase(word, "HDU") || equal_nocase(word, "PHU")) return true;
  }
  return false;
}

class CardReader {
 public:
  explicit CardReader(DumpedHeaders& out) : out_(out) {}

  Status read(std::string_view text) {
    while (!text.empty() && !stopped_) {
      const std::string_view line = next_line(text);
      ++line_;
      if (line.size() <= kCardSize) {
        IMREG_TRY(piece(line, true));
        continue;
      }
      // Records without line ends, a text with its CONTINUE cards, or a card that somebody has made too long.
      for (std::size_t at = 0; at < line.size() && !stopped_; at += kCardSize) {
        IMREG_TRY(piece(line.substr(at, kCardSize), at == 0));
      }
    }
    if (strange_ > 0) {
      out_.warnings.push_back(counted(strange_, "line") + " inside the headers " + (strange_ == 1 ? "is" : "are") +
                              " no card, the first in line " + std::to_string(first_strange_));
    }
    return out_.close();
  }

 private:
  Status piece(std::string_view line, bool whole) {
    if (trim(line).empty()) return {};
    if (equal_nocase(trim(line), "END")) return close();
    const DumpedCard card = card_of(line);
    if (card.text.empty()) {
      if (whole && is_hdu_title(line)) return close();
      if (out_.empty() || line[0] == '#' || last_strange_ == line_) return {};
      last_strange_ = line_;
      if (strange_++ == 0) first_strange_ = line_;
      return {};
    }
    if (card.has_value) {
      const std::string_view name = name_at_front(card.text);
      const bool simple = equal_nocase(name, "SIMPLE");
      const bool extension = equal_nocase(name, "XTENSION");
      IMREG_TRY(put_back(equal_nocase(name, "BITPIX") || equal_nocase(name, "NAXIS")));
      if (extension && started_) {
        held_ = card.text.substr(0, kCardSize);
        return {};
      }
      if (simple || extension) {
        if (started_) IMREG_TRY(close());
        if (simple && out_.empty() && !out_.headers().empty()) {
          out_.damage = "line " + std::to_string(line_) + ": the header of a second file; only the first is read";
          stopped_ = true;
          return {};
        }
        started_ = true;
      }
    }
    return out_.add(std::string_view(card.text).substr(0, kCardSize), card.has_value);
  }

  // An XTENSION inside a header begins an HDU when BITPIX or NAXIS follow. astropy and JSOC also leave that of the table
  // which held a compressed image among the cards of the image: there it means nothing.
  Status put_back(bool begins) {
    const std::string held = std::exchange(held_, {});
    if (held.empty() || !begins) return {};
    IMREG_TRY(close());
    started_ = true;
    return out_.add(held, true);
  }

  Status close() {
    started_ = false;
    held_.clear();
    return out_.close();
  }

  DumpedHeaders& out_;
  std::string held_;  // an XTENSION card that may begin an HDU
  int line_ = 0, strange_ = 0, first_strange_ = 0, last_strange_ = 0;
  bool started_ = false;  // the header at hand has its SIMPLE or XTENSION
  bool stopped_ = false;
};

// A dump of cards has a card with a value; YAML and JSON have none, as they indent the lines that go on.
bool is_yaml(std::string_view text) {
  bool first = true;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (trim(line).empty()) continue;
    if (!value_card(first ? trim(line) : line).empty()) return false;
    if (first && line.find_first_of("{[") == line.find_first_not_of(" \t")) return true;
    first = false;
  }
  return true;
}

// The lengths that the header tells; 0 stands for those it does not.
std::vector<std::int64_t> known_axes(const Header& header, const std::string& prefix) {
  std::vector<std::int64_t> axes;
  while (axes.size() < kMostAxes) {
    const auto length = header.integer_of(prefix + "NAXIS" + std::to_string(axes.size() + 1));
    if (!length) break;
    axes.push_back(std::max(0LL, *length));
  }
  const long long count = header.integer_of(prefix + "NAXIS").value_or(0);
  axes.resize(count > 0 && count <= kMostAxes ? static_cast<std::size_t>(count)
                                              : std::max<std::size_t>(2, axes.size()));
  return axes;
}

// The shape, where the header tells it as that of a file; else what is most likely, with a warning.
void shape_dumped(Hdu& hdu, bool alone, std::vector<std::string>& warnings) {
  const std::string type = to_upper(hdu.header.text_of("XTENSION").value_or(""));
  const int number = hdu.number;
  if (type.empty()) hdu.number = 0;  // a header without XTENSION is read as a primary, wherever it stands
  const std::string fault = shape_of(hdu, warnings);
  hdu.number = number;
  hdu.data_size = 0;
  const bool zimage = hdu.header.logical_of("ZIMAGE").value_or(false);
  const bool no_axes = hdu.header.integer_of("NAXIS").value_or(-1) == 0;
  const bool lonely = alone && type.empty() && no_axes;  // the primary of a file whose extensions are not here
  if (fault.empty() && !lonely && !(zimage && type.empty())) return;
  hdu.bitpix = static_cast<int>(std::clamp(hdu.header.integer_of("BITPIX").value_or(0), -64LL, 64LL));
  hdu.axes.clear();
  if (zimage && (type.empty() || type == "BINTABLE")) {
    hdu.kind = HduKind::compressed_image;
    hdu.axes = known_axes(hdu.header, "Z");
  } else if (type == "BINTABLE" || type == "TABLE" || type == "A3DTABLE") {
    hdu.kind = HduKind::table;
  } else if (!type.empty() && type != "IMAGE" && type != "IUEIMAGE") {
    hdu.kind = HduKind::other;
  } else if (no_axes && !lonely) {
    hdu.kind = HduKind::empty;
  } else {
    hdu.kind = HduKind::image;
    hdu.axes = known_axes(hdu.header, "");
  }
  if (!hdu.is_image()) return;
  warnings.push_back(name_of(hdu) + ": " +
                     (lonely          ? "NAXIS = 0, and its extensions are not in the dump"
                      : fault.empty() ? "ZIMAGE without XTENSION"
                                      : fault) +
                     "; taken for an image");
}

}  // namespace

Status DumpedHeaders::add(std::string_view cards, bool has_value) {
  size_ += (cards.size() + kCardSize - 1) / kCardSize * kCardSize;
  if (size_ > kAllHeaders) return {Code::invalid, "the headers of this dump fill more than 256 MiB"};
  cards_ += cards;
  cards_.resize((cards_.size() + kCardSize - 1) / kCardSize * kCardSize, ' ');
  has_value_ = has_value_ || has_value;
  return {};
}

Status DumpedHeaders::close() {
  if (has_value_) {
    if (headers_.size() == kMostHdus) return {Code::invalid, "more than " + std::to_string(kMostHdus) + " HDUs"};
    headers_.push_back(std::move(cards_));
  }
  cards_.clear();
  has_value_ = false;
  return {};
}

std::string_view without_byte_order_mark(std::string_view text) {
  return text.substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
}

std::optional<std::string> without_line_numbers(std::string_view text) {
  constexpr std::string_view kBlanks = " \t", kDigits = "0123456789", kBetween = " \t:.)|";
  const auto number_of = [&](std::string_view line, std::size_t& end) {
    const std::size_t start = std::min(line.find_first_not_of(kBlanks), line.size());
    end = std::min(line.find_first_not_of(kDigits, start), line.size());
    long long number = -1;
    return parse_integer(line.substr(start, end - start), number) ? number : -1;
  };
  std::string_view rest = text;
  const std::string_view first = next_line(rest), second = next_line(rest);
  std::size_t end = 0, ignored = 0;
  const long long number = number_of(first, end);
  const std::size_t behind = std::min(first.find_first_not_of(kBetween, end), first.size());
  const std::size_t gap = behind - end;
  if (number < 0 || number_of(second, ignored) - 1 != number || gap == 0 || value_card(first.substr(behind)).empty()) {
    return std::nullopt;
  }
  std::string out;
  for (rest = text; !rest.empty();) {
    std::string_view line = next_line(rest);
    if (number_of(line, end) >= 0) {
      const std::size_t card = std::min(line.find_first_not_of(kBetween, end), line.size());
      line.remove_prefix(std::min(card, end + gap));
    }
    out += line;
    out += '\n';
  }
  return out;
}

Status read_dump(std::string_view text, FitsHeaders& out) {
  text = without_byte_order_mark(text);
  const std::optional<std::string> unnumbered = without_line_numbers(text);
  if (unnumbered) text = *unnumbered;
  DumpedHeaders dumped;
  IMREG_TRY(is_yaml(text) ? read_yaml_dump(text, dumped) : CardReader(dumped).read(text));
  if (dumped.headers().empty()) return {Code::invalid, "a header dump without any card"};
  out.warnings = std::move(dumped.warnings);
  out.damage = std::move(dumped.damage);
  for (std::string& cards : dumped.headers()) {
    Hdu& hdu = out.hdus.emplace_back();
    hdu.number = static_cast<int>(out.hdus.size()) - 1;
    hdu.header = Header(std::move(cards));
    shape_dumped(hdu, dumped.headers().size() == 1, out.warnings);
  }
  return {};
}

}  // namespace imreg::fits

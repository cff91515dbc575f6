// A FITS header: the cards of one HDU, exactly as they stand in the file, and typed views of them.
// Standard: FITS 4.0, section 4 (cards), 4.2.1.2 (CONTINUE), and the HIERARCH convention.
//
// The cards stay the 80-column text of the file; keywords and values are parsed when they are asked for.
// So reading the header of a file costs little more than reading its bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace imreg {

inline constexpr std::size_t kCardSize = 80;
inline constexpr std::size_t kBlockSize = 2880;

/// What stands to the right of the equals sign.
struct CardValue {
  enum class Kind {
    none,       ///< no value: COMMENT, HISTORY, blank, or no "= "
    undefined,  ///< "KEY     =" followed by nothing
    text,       ///< quoted text; also unquoted words that are neither number nor logical
    integer,
    real,  ///< also with D exponent
    logical
  };
  Kind kind = Kind::none;
  /// Text: quotes gone, '' folded, trailing blanks gone, CONTINUE joined. Kind none: the words of COMMENT, HISTORY or of
  /// a card without "=". Otherwise the characters as written. Always UTF-8 without control characters, whatever the
  /// card holds (bytes that are not UTF-8 are taken for Latin-1).
  std::string text;
  std::string comment;

  /// The number, also of a text that is wholly a number ('  12.5 '); nothing else converts.
  std::optional<double> number() const;
  std::optional<bool> logical() const;
};

/// The cards of one HDU, without END.
class Header {
 public:
  Header() = default;
  /// `cards` is a whole number of 80-character cards, without END.
  explicit Header(std::string cards) : cards_(std::move(cards)) {}

  std::size_t size() const { return cards_.size() / kCardSize; }
  bool empty() const { return cards_.empty(); }
  /// The i-th card, 80 characters.
  std::string_view card(std::size_t i) const { return std::string_view(cards_).substr(i * kCardSize, kCardSize); }
  /// All cards in one piece.
  std::string_view text() const { return cards_; }

  /// Its keyword, in capitals; for HIERARCH cards the words after HIERARCH joined by one blank ("ESO DET WIN1 NX").
  std::string keyword(std::size_t i) const;
  /// Its value, with the CONTINUE cards that follow.
  CardValue value(std::size_t i) const;

  /// The first card with this keyword at or after `from`. Case does not matter; names of HIERARCH cards as in keyword().
  std::optional<std::size_t> find(std::string_view keyword, std::size_t from = 0) const;
  /// The value of the first card with this keyword.
  std::optional<CardValue> get(std::string_view keyword) const;
  /// The same by type: nothing when the keyword is missing or its value is of another kind. integer_of takes 16.0 for 16;
  /// number_of and integer_of take a quoted number; text_of gives numbers and logicals as written.
  std::optional<std::string> text_of(std::string_view keyword) const;
  std::optional<double> number_of(std::string_view keyword) const;
  std::optional<long long> integer_of(std::string_view keyword) const;
  std::optional<bool> logical_of(std::string_view keyword) const;

  /// Adds a card (fixed format; HIERARCH for names that FITS does not allow; long texts by CONTINUE, announced by
  /// LONGSTRN). A comment that does not fit is cut. What FITS cannot hold: other than printable ASCII becomes '?', a
  /// number that is not finite becomes an undefined value.
  void add(std::string_view keyword, std::string_view text, std::string_view comment = {});
  void add(std::string_view keyword, const char* text, std::string_view comment = {}) {
    add(keyword, std::string_view(text), comment);
  }
  void add(std::string_view keyword, long long value, std::string_view comment = {});
  void add(std::string_view keyword, int value, std::string_view comment = {}) {
    add(keyword, static_cast<long long>(value), comment);
  }
  void add(std::string_view keyword, double value, std::string_view comment = {});
  void add(std::string_view keyword, bool value, std::string_view comment = {});
  /// COMMENT, HISTORY or blank: long texts take several cards.
  void add_comment(std::string_view keyword, std::string_view text);

  /// The header as it goes into a file: cards, END, filled with blanks to a multiple of `multiple` bytes.
  std::string file_bytes(std::size_t multiple = kBlockSize) const;

 private:
  CardValue parse(std::size_t i, bool with_comment) const;
  void append(std::string card);
  void append_value(std::string_view keyword, std::string_view value, std::string_view comment);
  std::string cards_;
};

}  // namespace imreg

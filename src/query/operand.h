// What a row is sorted by, grouped by, or averaged over: a field, an element of an array, or an expression. Its values
// become keys: bytes whose order (memcmp) is the order of the values, and from which the value can be had back.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/expression.h"
#include "imreg/record.h"
#include "imreg/schema.h"

namespace imreg {

/// Not known: behind all other values in both directions.
inline constexpr std::uint64_t kUnknownKey = std::numeric_limits<std::uint64_t>::max();

class Operand {
 public:
  /// "exptime", "teltemp[2]", "TELTEMP2", "fwhm * 0.187". Errors: not_found (near names are offered), invalid.
  static Result<Operand> parse(std::string_view text, const Schema& schema, const ExpressionSettings& settings);

  /// How a value of it stands in a result: name, type, unit, meaning, words. The count of an expression's text is 0.
  const FieldInfo& shape() const { return shape_; }
  bool is_text() const { return kind_ == Kind::text; }
  bool is_word() const { return kind_ == Kind::word; }
  bool is_integer() const { return kind_ == Kind::integer; }
  bool is_time() const { return shape_.display == Display::time; }
  /// True when some value says that nothing is known.
  bool has_unknown() const { return has_unknown_; }

  /// The value as a number; NaN when it is not known, and for texts.
  double number(RecordView record) const;
  /// The same of many records, which begin at these places; added to `out`.
  void add_numbers(std::span<const char* const> records, std::vector<double>& out) const;
  /// Of a number: its key as one word.
  std::uint64_t number_key(RecordView record) const;
  /// `scratch` may hold the result.
  std::string_view text(RecordView record, std::string& scratch) const;
  /// Adds the key of a record's value: 8 bytes of a number, more of a text. Words stand in the order of the alphabet.
  void add_key(RecordView record, bool descending, std::string& key) const;
  /// Bytes of the record that decide the value, for those who look for equal values quickly; an expression has none.
  bool has_raw() const { return !expression_; }
  /// The fields that decide the value, some perhaps twice.
  std::vector<FieldInfo> fields() const;
  int raw_offset() const { return field_.offset; }
  int raw_size() const { return is_text() ? field_.count : size_of(field_.type); }

  /// From a key back to the number.
  double number_of(std::uint64_t key) const;
  /// Takes an ascending key from the front of `key` and stores its value as `field`, which has the type of shape().
  void take_key(std::string_view& key, Record& to, const FieldInfo& field) const;
  void store_key(std::uint64_t key, Record& to, const FieldInfo& field) const;

 private:
  enum class Kind { real, integer, word, text };
  static Operand of_expression(Expression expression);
  std::int64_t integer(RecordView record) const;

  Kind kind_ = Kind::real;
  std::optional<Expression> expression_;
  FieldInfo field_;  ///< offset is that of the element
  FieldInfo shape_;
  bool has_unknown_ = false;
  bool failed_is_minus_one_ = false;  ///< Elixir's statistics
  std::vector<std::uint64_t> rank_;   ///< of words: by code
  std::vector<std::int64_t> code_;    ///< of words: by rank
};

/// The key of a text, and back: the letters without case, then which of them were small, so that equal texts in
/// different case stand together in a fixed order.
void add_text_key(std::string_view text, bool descending, std::string& key);
std::string take_text_key(std::string_view& key);
void add_big(std::uint64_t value, std::string& key);

}  // namespace imreg

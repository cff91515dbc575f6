// The language of `imsearch -where`: expressions over the fields of a record, as SQL users write them (man 7
// imreg-expression). The same expressions are sort keys, group keys and columns.
//
//   IMREG_ASSIGN(const auto wanted, Expression::parse("exptime > 60 and filter in ('r', 'i')", schema, settings));
//   if (wanted.truth(record) == Truth::yes) ...
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/date.h"
#include "imreg/record.h"
#include "imreg/schema.h"
#include "imreg/sky_region.h"
#include "imreg/status.h"

namespace imreg {

/// SQL's three values. A condition selects the rows for which it is `yes`.
enum class Truth : std::uint8_t { no, unknown, yes };

struct ExpressionSettings {
  DateSettings dates;  ///< what NOW is, and the zone of typed dates and of year(), hour(), date(), night()
  /// Turns "$ROOT/rest" of the field pathname into a full path, so that conditions see what is printed; may be empty.
  std::function<std::string(std::string_view)> expand_path;
};

/// One of the ANDed parts of a condition, as plain data that an index can serve. It never selects less than its part of
/// the condition; where it would select more, that part stands in the test as well.
struct Conjunct {
  struct Range {
    double low;
    double high;  ///< included; an open end is the next double
  };
  enum class Kind {
    numbers,  ///< the number (time, boolean as 0 and 1) in `field` is within one of `ranges`; NaN is in none
    codes,    ///< the code in `field` is one of `codes`, 0..255, ascending
    texts,    ///< the text in `field` is one of `texts` (case-blind); "" stands for an empty field
    prefix,   ///< the text in `field` begins with texts[0], case-blind; it holds none of * ? [
    glob,     ///< the text in `field` matches the glob texts[0], case-blind
    any,      ///< all conjuncts of one of `branches` hold
    test      ///< everything else: `test`
  };
  Kind kind = Kind::test;
  std::string field;
  std::vector<Range> ranges;  ///< ascending, apart from each other; none: no row matches
  std::vector<int> codes;
  std::vector<std::string> texts;
  bool negate = false;  ///< texts, prefix, glob only
  std::vector<std::vector<Conjunct>> branches{};
  std::function<bool(RecordView)> test{};  ///< thread-safe; lives on its own
  std::optional<SkyRegion> region{};       ///< of a test: it holds nowhere else, of the fields ra and dec
  std::string source;                      ///< the words of the condition, for -explain
};

/// A parsed and checked expression. Cheap to copy; all const functions may be called by several threads.
class Expression {
 public:
  /// Error: invalid, three lines: "column 7: there is no field exptme; near: exptime", the text, and a caret below it.
  static Result<Expression> parse(std::string_view text, const Schema& schema, const ExpressionSettings& settings);
  /// The same, and an error when it is no condition.
  static Result<Expression> parse_condition(std::string_view text, const Schema& schema,
                                            const ExpressionSettings& settings);

  enum class Kind { number, text, truth, time };
  Kind kind() const;
  /// Of a number, as FITS writes units; empty when it has none or none is known.
  const std::string& unit() const;
  const std::string& source() const;

  /// The field, or the one element of an array field, when the expression is nothing but that; else nullptr.
  const FieldInfo* field() const;
  int element() const;
  /// All fields that the value depends on, some perhaps twice.
  std::vector<FieldInfo> fields() const;

  /// Number, time (seconds since 1970 UTC), truth (1 and 0), or the code of a field of words; NaN: unknown, or a text.
  double number(RecordView record) const;
  /// Text, or the word of a field of words; empty: unknown, or of another kind. `scratch` may hold the result.
  std::string_view text(RecordView record, std::string& scratch) const;
  /// Of a condition; `unknown` for other kinds.
  Truth truth(RecordView record) const;

  /// All of them together hold for a record exactly when truth() is yes. At most one is a test, the last.
  std::vector<Conjunct> conjuncts() const;

  struct Program;

 private:
  explicit Expression(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

/// "-obstime, round(ra, 1)" at its commas outside parentheses, brackets and quotes; without blanks around the parts.
std::vector<std::string> split_expressions(std::string_view list);

}  // namespace imreg

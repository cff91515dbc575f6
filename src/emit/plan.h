// What to print, resolved once: each field as an offset, a type and the way it is shown. No look-ups while rows run.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emit/escape.h"
#include "imreg/emit.h"
#include "imreg/schema.h"
#include "imreg/status.h"
#include "record/statistics.h"

namespace imreg::emit {

/// A short text that is written again and again. Its bytes are padded so that it can be copied 16 at a time.
class Snippet {
 public:
  Snippet() : Snippet(std::string_view()) {}
  explicit Snippet(std::string_view text) : bytes_(text), size_(text.size()) { bytes_.resize(text.size() + kStep); }
  std::string_view text() const { return {bytes_.data(), size_}; }
  std::size_t room() const { return size_ + kStep; }
  /// `out` has room() bytes.
  char* write(char* out) const {
    std::size_t at = 0;
    do {
      std::memcpy(out + at, bytes_.data() + at, kStep);
    } while ((at += kStep) < size_);
    return out + size_;
  }

 private:
  static constexpr std::size_t kStep = 16;
  std::string bytes_;
  std::size_t size_ = 0;
};

enum class Kind : std::uint8_t {
  text,
  boolean,
  integer,
  real32,
  real64,
  time,   ///< seconds since 1970, whatever the type
  word,   ///< a code; outside the list: an integer
  scaled  ///< TSCAL or TZERO of a foreign table: through value_of()
};

/// One printed field: one value, or the elements of an array.
struct Cell {
  Kind kind = Kind::integer;
  Type type = Type::u8;
  std::optional<std::int64_t> missing;
  bool failed_is_minus_one = false;    ///< a statistic of an Elixir file
  std::optional<Statistic> statistic;  ///< Style::word prints 0 for not measured, -1 for failed
  bool degrees = false;                ///< Style::table rounds it
  bool pathname = false;               ///< goes through expand_path
  int offset = 0;                      ///< bytes, of the first element
  int step = 0;                        ///< bytes from element to element
  int elements = 1;
  int text_size = 0;
  int state_offset = -1;  ///< procstate (i16) of a statistic in a native file, -1 when there is none
  int first_element = 0;
  std::size_t room = 0;        ///< the most that one element needs; not for the pathname
  std::vector<Snippet> words;  ///< ready to be written, in quotes for JSON
  bool array = false;          ///< JSON: in brackets
  FieldInfo field;

  bool number() const {
    return kind == Kind::integer || kind == Kind::real32 || kind == Kind::real64 || kind == Kind::scaled;
  }
  bool real() const {
    return kind == Kind::real32 || kind == Kind::real64 || kind == Kind::time ||
           (kind == Kind::scaled && !scaled_to_integer());
  }
  /// Kind::scaled: every value is a whole number that fits into 64 bits (FITS's unsigned integers).
  bool scaled_to_integer() const {
    return field.scale == 1 && field.zero == std::floor(field.zero) && field.type != Type::i64 &&
           field.type != Type::f32 && field.type != Type::f64;
  }
  /// "teltemp[2]", a name that -fields takes too; `element` counts from the cell's first.
  std::string heading(int element) const;
  /// The name of the whole cell.
  std::string name() const { return array ? field.name : heading(0); }
};

Cell make_cell(const Schema& schema, const FieldInfo& field, Style style);

/// The fields of -fields (names, FITS columns, elements such as teltemp[2]) or, when `names` is empty, all but hidden ones.
/// Error: not_found, with the nearest names.
Result<std::vector<Cell>> make_cells(const Schema& schema, const std::vector<std::string>& names, Style style);

/// The same for formats whose columns have a name of their own: each is there once. Error: invalid, when none is left.
Result<std::vector<Cell>> make_distinct_cells(const Schema& schema, const std::vector<std::string>& names, Style style);

}  // namespace imreg::emit

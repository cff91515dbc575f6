// A schema: what stands where in a record. It comes from a .fmt file (compiled in), or from the header of a file (any file).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imreg/header.h"
#include "imreg/status.h"

namespace imreg {

/// How a value is stored. All numbers are big-endian, as FITS binary tables have them.
enum class Type : std::uint8_t {
  boolean,  ///< one byte, 'T' or 'F'; TFORM L
  u8,       ///< TFORM B
  i16,      ///< TFORM I
  i32,      ///< TFORM J
  u32,      ///< TFORM J with TZERO = 2147483648, so the stored bytes are the value - 2^31
  raw_u32,  ///< TFORM J without TZERO, to be read unsigned (Elixir's times)
  i64,      ///< TFORM K
  f32,      ///< TFORM E
  f64,      ///< TFORM D
  text      ///< TFORM nA: filled with NUL, no terminator needed
};

/// What a value means to a person, beyond its type.
enum class Display : std::uint8_t {
  plain,
  time,   ///< seconds since 1970-01-01 UTC: a date in tables and CSV, a number in JSON
  words,  ///< a position in `words`; a code outside the list is kept and printed as a number
  hidden  ///< spare bytes: never printed unless asked for by name
};

/// FieldInfo::missing of a logical that may be neither true nor false: its byte is 0 then (FITS 4.0, section 7.3.3.1).
inline constexpr std::int64_t kNeither = 2;

struct FieldInfo {
  std::string name;    ///< the one name: .fmt, C++, JSON, -where
  std::string column;  ///< TTYPE; "TELTEMP0..3" says that an array is spread over one column per element
  Type type = Type::u8;
  int count = 1;       ///< elements of an array; bytes of a text
  int offset = 0;      ///< bytes from the start of the record
  std::string unit;    ///< FITS unit string, empty when it has none
  std::string source;  ///< where the value usually comes from: a keyword, "file", "imstats"
  std::string meaning;
  Display display = Display::plain;
  std::vector<std::string> words;  ///< for Display::words, by code
  /// This stored value says that the value is not known: 0 in Elixir's files, TNULL in FITS tables, kNeither of logicals.
  std::optional<std::int64_t> missing = {};
  double scale = 1, zero = 0;  ///< TSCAL and TZERO of a foreign table; the value is zero + scale * stored

  int size() const;  ///< bytes in the record
  bool is_missing(std::int64_t stored) const { return missing && stored == *missing; }
  bool is_missing(double stored) const { return missing && stored == static_cast<double>(*missing); }
};

/// Bytes of one element of a type.
int size_of(Type type);
/// Its name in .fmt files: "bool", "u8", "i16", ..., "text".
std::string_view name_of(Type type);

class Schema {
 public:
  std::string format;  ///< "regimage"
  int version = 0;
  std::string extname;  ///< EXTNAME of the table
  std::string title;
  int record_size = 0;
  std::vector<FieldInfo> fields;

  /// By name, case-blind; also by FITS column name when no field has the name.
  const FieldInfo* find(std::string_view name) const;
  /// "teltemp[2]", or TELTEMP2 of a field whose columns are TELTEMP0..3; nullptr, and `element` as it was: there is none.
  const FieldInfo* find_element(std::string_view name, int& element) const;
  /// The error not_found for such a name: it offers near ones.
  Status no_field(std::string_view name) const;
  /// A hash of everything that decides where bytes stand and how they are read; texts for people do not count.
  std::string layout_hash() const;
  /// Every field inside the record, none overlapping, names unique. Error: invalid.
  Status check() const;
};

/// Reads a .fmt text. `file` is for messages. Error: invalid, with file and line.
Result<Schema> parse_format(std::string_view text, const std::string& file);

/// The formats that the library was built with; nullptr when there is none of that name and version.
const Schema* builtin_format(std::string_view name, int version);
const std::vector<Schema>& builtin_formats();

/// The cards that describe a schema in a BINTABLE header: TFIELDS, TTYPEn, TFORMn, TUNITn, TZEROn, and comments.
void add_schema_cards(const Schema& schema, Header& header);

/// The schema that a BINTABLE header describes. Built-in formats lend it names, words and meanings
/// when the names of the columns and the record size agree.
/// Errors: corrupt (TFORM nonsense, sum of widths is not NAXIS1), invalid (variable-length columns).
Result<Schema> schema_from_header(const Header& header);

}  // namespace imreg

// The schema of a header table: the fields that each has, and a column for each keyword, as wide as the values that came.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "headers/key_values.h"
#include "imreg/record.h"
#include "imreg/schema.h"
#include "imreg/status.h"

namespace imreg::headers {

inline constexpr std::size_t kMostColumns = 999;              ///< FITS 4.0, section 7.3.1: TFIELDS
inline constexpr double kExactIntegers = 9007199254740992.0;  ///< 2^53: integers up to it are reals, too

/// Whether it is the same as a real.
bool is_exact(std::int64_t value);

/// Where the fields of all tables stand in this one.
struct OwnFields {
  explicit OwnFields(const Schema& schema);
  Field<std::int64_t> file;    ///< number of the file in files.db
  Field<std::int32_t> hdu;     ///< from 0, the primary
  Field<std::int32_t> others;  ///< cards with a value that only the heap has
  Field<std::int64_t> heap;    ///< place of the whole header there
  Field<std::uint32_t> heapcrc;
  Field<double> ingested;  ///< seconds since 1970
  Field<bool> deleted;
  Field<Text> rootname, filename;
};

/// Ok: it has these fields. Error: mismatch.
Status check_own_fields(const Schema& schema);
/// A table without keywords.
Schema empty_schema(const std::string& name);
/// With the keywords that are known before a file was read (formats/acs); none for most tables. Error: invalid, naming the line.
Result<Schema> declared_schema(const std::string& name);
/// A column of this type, absent where a row does not have it. `width`: bytes of a text.
void set_column_type(FieldInfo& field, Type type, std::size_t width);
/// A field that every table has, by its name in any case.
bool is_own_field(std::string_view name);

/// Whether a column of this type and width need not change for a value (or cannot, as none is that wide: the heap alone has it).
bool holds(const FieldInfo& column, const KeyValue& key);

/// What a schema must become to hold more.
class Growth {
 public:
  explicit Growth(const Schema& schema);
  /// `fits`: whether the integers that stand in a column are the same as doubles.
  void see(const KeyValue& key, const std::function<bool(const FieldInfo&)>& fits);
  /// A text of one of the fields that every table has.
  void see_text(std::string_view field, std::string_view text);
  /// How often it had to grow so far.
  int changes() const { return changes_; }
  /// Columns that have another type now: their old values are taken from the heap.
  bool has_other_types() const { return other_types_; }
  /// The next version.
  Schema schema() const;

 private:
  FieldInfo* find(const std::string& column);
  void make_text(FieldInfo& field, std::size_t width);

  Schema schema_;
  std::vector<std::size_t> order_;  ///< places of the fields, by column
  int changes_ = 0;
  bool other_types_ = false;
};

/// Puts a value into its column. False: the column does not hold it, so that only the heap has it.
bool store_key(const FieldInfo& column, const KeyValue& key, Record& row);

}  // namespace imreg::headers

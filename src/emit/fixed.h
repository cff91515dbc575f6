// Columns of formats whose rows have a fixed length: what a value is there, and its bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emit/write_cell.h"

namespace imreg::emit {

/// What one element is. Words of code lists are texts; times are seconds since 1970 (f64); what is not known is NaN, an
/// empty text, or the 0 that the record holds.
enum class Form { text, boolean, u8, i16, i32, u32, i64, f32, f64 };

struct Column {
  Cell cell;
  Form form = Form::text;
  int width = 0;   ///< bytes of one element as binary; of a text all its bytes
  int offset = 0;  ///< in the binary row
};

/// Named columns, each once, with their offsets; `expanded_bytes` as in EmitOptions. Error: not_found, invalid.
Result<std::vector<Column>> make_columns(const Schema& schema, const EmitOptions& options);
/// Bytes of the binary row.
std::size_t row_size_of(const std::vector<Column>& columns);

double real_of(const Cell& cell, const char* record, int element);
/// Nothing: not known.
std::optional<std::int64_t> integer_of(const Cell& cell, const char* record, int element);
/// A text, an expanded pathname, or the word of a code. `scratch` may hold it.
std::string_view text_of(const Cell& cell, const char* record, int element, Paths& paths, std::string& scratch);

/// "pathname /...: 170 bytes, the column holds 160; ..."
Status too_long(const Cell& cell, std::string_view text, int width);

enum class Order { little, big };
/// One row, texts filled with NUL. FITS texts are printable ASCII: other characters become '?'.
template <Order O, bool PrintableOnly>
bool put_row(const std::vector<Column>& columns, char* out, RecordView record, Paths& paths, Status& status);

/// Printable ASCII: a '?' for every other character.
std::string printable(std::string_view text);

}  // namespace imreg::emit

// Values of records as columns of fixed length.
#include "emit/fixed.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace imreg::emit {

namespace {

Form form_of(const Cell& cell) {
  switch (cell.kind) {
    case Kind::text:
    case Kind::word: return Form::text;
    case Kind::boolean: return Form::boolean;
    case Kind::real32: return Form::f32;
    case Kind::real64:
    case Kind::time: return Form::f64;
    case Kind::scaled: return cell.scaled_to_integer() ? Form::i64 : Form::f64;
    case Kind::integer: break;
  }
  switch (cell.type) {
    case Type::u8: return Form::u8;
    case Type::i16: return Form::i16;
    case Type::i32: return Form::i32;
    case Type::u32:
    case Type::raw_u32: return Form::u32;
    default: return Form::i64;
  }
}

int width_of(const Cell& cell, Form form, const EmitOptions& options) {
  switch (form) {
    case Form::boolean:
    case Form::u8: return 1;
    case Form::i16: return 2;
    case Form::i32:
    case Form::u32:
    case Form::f32: return 4;
    case Form::i64:
    case Form::f64: return 8;
    case Form::text: break;
  }
  if (cell.kind == Kind::text)
    return cell.text_size + (cell.pathname && options.expand_path ? options.expanded_bytes : 0);
  // The longest word, or a code that has none.
  std::size_t width = cell.type == Type::u8 ? 3 : cell.type == Type::i16 ? 6 : cell.type == Type::i64 ? 20 : 11;
  for (const auto& word : cell.words) width = std::max(width, word.text().size());
  return static_cast<int>(width);
}

template <Order O, class T>
void store(char* out, T value) {
  if constexpr (O == Order::big) {
    store_big(out, value);
  } else {
    std::memcpy(out, &value, sizeof value);
  }
}

}  // namespace

Result<std::vector<Column>> make_columns(const Schema& schema, const EmitOptions& options) {
  IMREG_ASSIGN(auto cells, make_distinct_cells(schema, options.fields, Style::table));
  std::vector<Column> out;
  int offset = 0;
  for (auto& cell : cells) {
    Column column;
    column.form = form_of(cell);
    column.width = width_of(cell, column.form, options);
    column.offset = offset;
    offset += column.width * cell.elements;
    column.cell = std::move(cell);
    out.push_back(std::move(column));
  }
  return out;
}

std::size_t row_size_of(const std::vector<Column>& columns) {
  const auto& last = columns.back();
  const int end = last.offset + last.width * last.cell.elements;
  return static_cast<std::size_t>(end);
}

double real_of(const Cell& cell, const char* record, int element) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const char* const at = record + cell.offset + element * cell.step;
  double value = 0;
  if (cell.kind == Kind::scaled) {
    const Value scaled = value_of(RecordView(record), cell.field, cell.first_element + element);
    if (const auto* integer = std::get_if<std::int64_t>(&scaled)) return static_cast<double>(*integer);
    const auto* real = std::get_if<double>(&scaled);
    return real ? *real : kUnknown;
  }
  switch (cell.type) {
    case Type::f32: value = static_cast<double>(load_big<float>(at)); break;
    case Type::f64: value = load_big<double>(at); break;
    default: value = static_cast<double>(load_integer(at, cell.type));
  }
  if (is_missing(cell, value)) return kUnknown;
  if (cell.failed_is_minus_one && value == -1) return kUnknown;
  return value;
}

std::optional<std::int64_t> integer_of(const Cell& cell, const char* record, int element) {
  if (cell.kind == Kind::scaled) {
    const Value scaled = value_of(RecordView(record), cell.field, cell.first_element + element);
    if (const auto* integer = std::get_if<std::int64_t>(&scaled)) return *integer;
    return {};
  }
  const auto value = load_integer(record + cell.offset + element * cell.step, cell.type);
  if (cell.missing && value == *cell.missing) return {};
  return value;
}

std::string_view text_of(const Cell& cell, const char* record, int element, Paths& paths, std::string& scratch) {
  const char* const at = record + cell.offset + element * cell.step;
  if (cell.kind == Kind::text) {
    const auto text = trimmed(at, static_cast<std::size_t>(cell.text_size));
    return cell.pathname ? paths.full(text) : text;
  }
  const auto code = load_integer(at, cell.type);
  if (code >= 0 && code < static_cast<std::int64_t>(cell.words.size())) {
    return cell.words[static_cast<std::size_t>(code)].text();
  }
  scratch = std::to_string(code);
  return scratch;
}

Status too_long(const Cell& cell, std::string_view text, int width) {
  return {Code::invalid, cell.field.name + " \"" + std::string(text) + "\" has " + std::to_string(text.size()) +
                             " bytes, more than the " + std::to_string(width) +
                             " of its column; choose other -fields, or a format of text such as csv"};
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool good = text[i] >= 0x20 && text[i] < 0x7f;
    out += good ? text[i] : '?';
    i += std::max<std::size_t>(utf8_length(text.substr(i)), 1);
  }
  return out;
}

template <Order O, bool PrintableOnly>
bool put_row(const std::vector<Column>& columns, char* row, RecordView record, Paths& paths, Status& status) {
  std::string scratch;
  const char* const bytes = record.bytes();
  for (const auto& column : columns) {
    const auto& cell = column.cell;
    char* out = row + column.offset;
    for (int element = 0; element < cell.elements; ++element, out += column.width) {
      const auto integer = [&] { return integer_of(cell, bytes, element).value_or(cell.missing.value_or(0)); };
      switch (column.form) {
        case Form::text: {
          auto text = text_of(cell, bytes, element, paths, scratch);
          if (text.size() > static_cast<std::size_t>(column.width)) {
            status = too_long(cell, text, column.width);
            return false;
          }
          if (PrintableOnly && !std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) {
            text = scratch = printable(text);
          }
          std::memset(std::copy(text.begin(), text.end(), out), 0,
                      static_cast<std::size_t>(column.width) - text.size());
          break;
        }
        case Form::boolean: {
          const char byte = bytes[cell.offset + element * cell.step];
          const bool yes = byte == 'T';
          if (cell.missing && byte == '\0')
            *out = '\0';
          else
            *out = O == Order::big || cell.missing ? (yes ? 'T' : 'F') : static_cast<char>(yes);
          break;
        }
        case Form::u8: *out = static_cast<char>(integer()); break;
        case Form::i16: store<O>(out, static_cast<std::int16_t>(integer())); break;
        case Form::i32: store<O>(out, static_cast<std::int32_t>(integer())); break;
        case Form::u32: {
          const auto value = static_cast<std::uint32_t>(integer());
          store<O>(out, O == Order::big ? value ^ 0x80000000U : value);  // FITS: TZERO 2^31
          break;
        }
        case Form::i64: store<O>(out, integer()); break;
        case Form::f32: store<O>(out, static_cast<float>(real_of(cell, bytes, element))); break;
        case Form::f64: store<O>(out, real_of(cell, bytes, element)); break;
      }
    }
  }
  return true;
}

template bool put_row<Order::little, false>(const std::vector<Column>&, char*, RecordView, Paths&, Status&);
template bool put_row<Order::big, true>(const std::vector<Column>&, char*, RecordView, Paths&, Status&);

}  // namespace imreg::emit

// NPY: numpy's own file of one array (NEP 1), here of records with names. Little-endian; texts are bytes (S) as the
// record holds them; times are seconds. It has no place for units.
#include "emit/counted.h"
#include "emit/emit_internal.h"
#include "emit/fixed.h"

namespace imreg::emit {

namespace {

// A Python literal.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + '\'';
}

std::string type_of_column(const Column& column) {
  switch (column.form) {
    case Form::text: return "|S" + std::to_string(column.width);
    case Form::boolean: return column.cell.missing ? "|S1" : "|b1";  // T, F, or nothing
    case Form::u8: return "|u1";
    case Form::i16: return "<i2";
    case Form::i32: return "<i4";
    case Form::u32: return "<u4";
    case Form::i64: return "<i8";
    case Form::f32: return "<f4";
    case Form::f64: break;
  }
  return "<f8";
}

class Npy {
 public:
  explicit Npy(std::vector<Column> columns) : columns_(std::move(columns)), row_size_(row_size_of(columns_)) {
    for (const auto& column : columns_) {
      description_ += '(' + quoted(column.cell.name()) + ", '" + type_of_column(column) + '\'';
      if (column.cell.array) description_ += ", (" + std::to_string(column.cell.elements) + ",)";
      description_ += "), ";
    }
  }

  std::size_t row_size() const { return row_size_; }
  bool put(char* out, std::int64_t, RecordView record, Paths& paths, Status& status) const {
    return put_row<Order::little, false>(columns_, out, record, paths, status);
  }

  std::string head(std::int64_t rows) const {
    const std::string text =
        "{'descr': [" + description_ + "], 'fortran_order': False, 'shape': (" + std::to_string(rows) + ",), }";
    // One length for any number of rows; rows begin at a multiple of 64 bytes. Version 3: the names are UTF-8.
    const bool ascii =
        std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    const bool large = !ascii || description_.size() > 60000;
    const std::size_t before = large ? 12 : 10;
    const std::size_t longest = description_.size() + 100;
    const std::size_t size = (before + longest + 63) / 64 * 64 - before;
    std::string out = "\x93NUMPY";
    out += !ascii ? '\3' : large ? '\2' : '\1';
    out += '\0';
    for (std::size_t i = 0; i < before - 8; ++i) out += static_cast<char>(size >> (8 * i));
    out += text;
    out.append(before + size - 1 - out.size(), ' ');
    return out + '\n';
  }
  std::string tail(std::int64_t) const { return ""; }

 private:
  std::vector<Column> columns_;
  std::size_t row_size_;
  std::string description_;
};

}  // namespace

MadeWriter make_npy(const Schema& schema, const EmitOptions& options, Sink sink) {
  IMREG_ASSIGN(auto columns, make_columns(schema, options));
  return make_counted_writer(Npy(std::move(columns)), options, std::move(sink));
}

}  // namespace imreg::emit

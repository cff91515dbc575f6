// FITS 4.0: binary tables (7.3) and ASCII tables (7.2). "fits" without -fields writes whole records: a native database
// gives a native database, with an identity of its own and a check in each record; an Elixir database one of its
// version. Any other schema, and chosen fields, give a plain table of these columns.
#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "emit/counted.h"
#include "emit/emit_internal.h"
#include "emit/fixed.h"
#include "imreg/date.h"
#include "record/container.h"
#include "record/record_state.h"

namespace imreg::emit {

namespace {

constexpr long long kUnixMjd = 40587;

std::string now_text() { return format_iso(current_time(), 0).substr(0, 19); }

std::string filling(std::int64_t rows, std::size_t row_size, char fill) {
  const std::int64_t size = rows * static_cast<std::int64_t>(row_size);
  return std::string(static_cast<std::size_t>(round_up(size, kFitsBlock) - size), fill);
}

std::string primary_header() {
  Header primary;
  primary.add("SIMPLE", true, "FITS standard");
  primary.add("BITPIX", 8, "no image here");
  primary.add("NAXIS", 0, "no image here");
  primary.add("EXTEND", true, "the table stands in the first extension");
  return primary.file_bytes();
}

// The cards that every table begins with.
Header table_header(const char* extension, std::int64_t rows, std::size_t row_size) {
  Header header;
  header.add("XTENSION", extension);
  header.add("BITPIX", 8, "bytes");
  header.add("NAXIS", 2, "rows of bytes");
  header.add("NAXIS1", static_cast<long long>(row_size), "bytes of a row");
  header.add("NAXIS2", static_cast<long long>(rows), "rows");
  header.add("PCOUNT", 0, "nothing behind the rows");
  header.add("GCOUNT", 1, "one group");
  return header;
}

void add_origin(Header& header, const std::string& date) {
  header.add("CREATOR", "imreg " IMREG_VERSION, "the software that made this file");
  header.add("DATE", date, "when this file was made, UTC");
}

// Whole records as they are, texts cleaned, paths expanded.
class Records {
 public:
  explicit Records(const Schema& schema) : schema_(schema), uuid_(new_uuid()), date_(now_text()) {
    const FieldInfo *crc = schema_.find("crc"), *changeno = schema_.find("changeno");
    if (crc && crc->type == Type::u32) crc_ = crc->offset;
    if (changeno && changeno->type == Type::i64) changeno_ = changeno->offset;
    for (const auto& field : schema_.fields) {
      if (field.type == Type::text) texts_.push_back(make_cell(schema_, field, Style::table));
    }
  }
  // Cards can be made of it, and read back: a format that is known, whose fields leave no byte out.
  static bool possible(const Schema& schema) {
    if (schema.format.empty() || !builtin_format(schema.format, schema.version)) return false;
    std::vector<std::pair<int, int>> pieces;
    for (const auto& field : schema.fields) pieces.emplace_back(field.offset, field.size());
    int end = 0;
    for (const auto& [offset, size] : pieces) {
      if (offset != end) return false;
      end += size;
    }
    return end == schema.record_size;
  }

  std::size_t row_size() const { return static_cast<std::size_t>(schema_.record_size); }
  bool put(char* out, std::int64_t row, RecordView record, Paths& paths, Status& status) const {
    std::memcpy(out, record.bytes(), row_size());
    for (const auto& cell : texts_) {
      const auto size = static_cast<std::size_t>(cell.text_size);
      auto text = trimmed(record.bytes() + cell.offset, size);
      if (cell.field.display == Display::hidden) text = {};  // spare bytes, which Elixir never cleared
      if (cell.pathname) text = paths.full(text);
      if (text.size() > size) {
        status = too_long(cell, text, cell.text_size);
        return false;
      }
      char* const at = out + cell.offset;
      std::memset(std::copy(text.begin(), text.end(), at), 0, size - text.size());
    }
    if (crc_ < 0) return true;
    if (changeno_ >= 0) store(out, Field<std::int64_t>{changeno_}, std::int64_t{0});
    store(out, Field<std::uint32_t>{crc_}, record_crc(uuid_, row, out, schema_.record_size, crc_));
    return true;
  }
  std::string head(std::int64_t rows) const {
    if (crc_ >= 0) {
      std::string out = make_native_header(schema_, uuid_, date_);
      const std::string counts = make_card_pair(uuid_, PairKind::count, rows, 0);
      return out.replace(out.find(make_card_pair(uuid_, PairKind::count, 0, 0)), counts.size(), counts);
    }
    Header table = table_header("BINTABLE", rows, row_size());
    add_schema_cards(schema_, table);
    add_origin(table, date_);
    return primary_header() + table.file_bytes();
  }
  std::string tail(std::int64_t rows) const { return filling(rows, row_size(), '\0'); }

 private:
  Schema schema_;
  Uuid uuid_;
  std::string date_;
  int crc_ = -1, changeno_ = -1;  // offsets; -1: the records have none
  std::vector<Cell> texts_;
};

// TTYPE: letters, digits and underscores, no two alike in any case. `element` -1 is the whole cell.
class Names {
 public:
  std::string take(const Cell& cell, int element) {
    const auto& field = cell.field;
    const bool spread = field.column.find("..") != std::string::npos;
    std::string name = field.column.empty() || spread ? to_upper(field.name) : field.column;
    const bool of_array = field.count > 1 && field.type != Type::text;
    if (of_array && !(cell.array && element < 0)) name += std::to_string(cell.first_element + std::max(element, 0));
    for (char& c : name) {
      const char letter = lower(c);
      if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9')) c = '_';
    }
    std::string out = name;
    for (int n = 2; !taken_.insert(to_upper(out)).second; ++n) out = name + '_' + std::to_string(n);
    return out;
  }

 private:
  std::set<std::string> taken_;
};

std::string numbered(const char* keyword, int n) { return keyword + std::to_string(n); }

void add_name(Header& header, int n, const std::string& name, const FieldInfo& field) {
  header.add(numbered("TTYPE", n), name, equal_nocase(name, field.name) ? "" : "field " + field.name);
}

// FITS 4.0, 9.2: a time in seconds, UTC, counted from MJDREF. Readers of ours make a date of it again.
bool is_clock(const FieldInfo& field) {
  return field.display == Display::time && field.type == Type::f64 && field.unit == "s";
}

void add_meaning(Header& header, int n, const FieldInfo& field) {
  if (!field.unit.empty()) header.add(numbered("TUNIT", n), field.unit);
  if (!field.meaning.empty()) header.add(numbered("TCOMM", n), field.meaning);
  if (is_clock(field)) header.add(numbered("TCTYP", n), "UTC", "seconds since MJDREF");
}

void add_title(Header& header, const Schema& schema) {
  if (!schema.extname.empty()) header.add("EXTNAME", schema.extname, schema.title);
}

Status refuse_columns(std::size_t columns) {
  if (columns <= 999) return {};
  return {Code::invalid, "FITS allows 999 columns, these are " + std::to_string(columns) + ": name fewer with -fields"};
}

class BinaryTable {
 public:
  BinaryTable(const Schema& schema, std::vector<Column> columns)
      : columns_(std::move(columns)), row_size_(row_size_of(columns_)) {
    cards_.add("TFIELDS", static_cast<long long>(columns_.size()), "columns");
    add_title(cards_, schema);
    Names names;
    int n = 0;
    for (const auto& column : columns_) {
      ++n;
      const auto& field = column.cell.field;
      const int count = column.form == Form::text ? column.width * column.cell.elements : column.cell.elements;
      add_name(cards_, n, names.take(column.cell, -1), field);
      cards_.add(numbered("TFORM", n), std::to_string(count) + kLetters[static_cast<std::size_t>(column.form)]);
      if (column.form == Form::u32) cards_.add(numbered("TZERO", n), 2147483648LL, "unsigned");
      const bool whole = column.form >= Form::u8 && column.form <= Form::i64;
      if (whole && field.missing) {
        cards_.add(numbered("TNULL", n), *field.missing - (column.form == Form::u32 ? 2147483648LL : 0LL), "not known");
      }
      add_meaning(cards_, n, field);
    }
    const bool clock = std::any_of(columns_.begin(), columns_.end(), [](auto& c) { return is_clock(c.cell.field); });
    if (clock) cards_.add("MJDREF", kUnixMjd, "1970-01-01");
    add_origin(cards_, now_text());
  }

  std::size_t row_size() const { return row_size_; }
  bool put(char* out, std::int64_t, RecordView record, Paths& paths, Status& status) const {
    return put_row<Order::big, true>(columns_, out, record, paths, status);
  }
  std::string head(std::int64_t rows) const {
    return primary_header() +
           Header(std::string(table_header("BINTABLE", rows, row_size_).text()) + std::string(cards_.text()))
               .file_bytes();
  }
  std::string tail(std::int64_t rows) const { return filling(rows, row_size_, '\0'); }

 private:
  static constexpr std::string_view kLetters = "ALBIJJKED";  // by Form

  std::vector<Column> columns_;
  std::size_t row_size_;
  Header cards_;
};

// Values as text, one blank between the columns; reals with the digits that give them back; NULL is what is not known.
class AsciiTable {
 public:
  AsciiTable(const Schema& schema, std::vector<Column> columns) : columns_(std::move(columns)) {
    Header cards;
    Names names;
    int n = 0;
    for (const auto& column : columns_) {
      const int width = width_of(column);
      for (int element = 0; element < column.cell.elements; ++element) {
        ++n;
        if (n > 1) ++row_size_;
        add_name(cards, n, names.take(column.cell, element), column.cell.field);
        cards.add(numbered("TBCOL", n), static_cast<long long>(row_size_) + 1);
        cards.add(numbered("TFORM", n), form_of(column, width));
        const bool nullable = column.form >= Form::f32 || column.cell.field.missing;
        if (column.form > Form::boolean && nullable) cards.add(numbered("TNULL", n), kNull, "not known");
        add_meaning(cards, n, column.cell.field);
        row_size_ += static_cast<std::size_t>(width);
      }
    }
    cards_.add("TFIELDS", n, "columns");
    add_title(cards_, schema);
    cards_ = Header(std::string(cards_.text()) + std::string(cards.text()));
    add_origin(cards_, now_text());
  }

  std::size_t row_size() const { return row_size_; }
  bool put(char* out, std::int64_t, RecordView record, Paths& paths, Status& status) const {
    const char* const bytes = record.bytes();
    char* const start = out;
    std::string scratch;
    for (const auto& column : columns_) {
      const auto& cell = column.cell;
      const auto width = static_cast<std::size_t>(width_of(column));
      for (int element = 0; element < cell.elements; ++element) {
        if (out > start) *out++ = ' ';
        char number[kRealWidth + 8];
        std::string_view text;
        if (column.form == Form::text) {
          text = text_of(cell, bytes, element, paths, scratch);
          text = scratch = printable(text);
          if (text.size() > width) {
            status = too_long(cell, text, column.width);
            return false;
          }
          out = std::fill_n(std::copy(text.begin(), text.end(), out), width - text.size(), ' ');
          continue;
        }
        if (column.form == Form::boolean) {
          const char byte = bytes[cell.offset + element * cell.step];
          *out++ = byte == 'T' ? 'T' : cell.missing && byte == '\0' ? ' ' : 'F';
          continue;
        }
        if (column.form == Form::f32 || column.form == Form::f64) {
          text = real_text(number, real_of(cell, bytes, element), column.form == Form::f32 ? 8 : 16);
        } else if (const auto integer = integer_of(cell, bytes, element)) {
          text = std::string_view(number, static_cast<std::size_t>(write_number(number, *integer) - number));
        }
        const std::size_t blanks = width - std::max(text.size(), text.empty() ? kNull.size() : 0);
        if (text.empty()) {  // at the left: TNULL is filled up with blanks
          out = std::copy(kNull.begin(), kNull.end(), out);
          out = std::fill_n(out, blanks, ' ');
        } else {
          out = std::fill_n(out, blanks, ' ');
          out = std::copy(text.begin(), text.end(), out);
        }
      }
    }
    return true;
  }
  std::string head(std::int64_t rows) const {
    return primary_header() +
           Header(std::string(table_header("TABLE", rows, row_size_).text()) + std::string(cards_.text())).file_bytes();
  }
  std::string tail(std::int64_t rows) const { return filling(rows, row_size_, ' '); }

 private:
  static constexpr std::string_view kNull = "NULL";
  static constexpr int kRealWidth = 24;  // -1.2345678901234567E+308

  static int width_of(const Column& column) {
    switch (column.form) {
      case Form::text: return column.width;
      case Form::boolean: return 1;
      case Form::u8: return 4;  // not 3: NULL
      case Form::i16: return 6;
      case Form::i32: return 11;
      case Form::u32: return 10;
      case Form::i64: return 20;
      case Form::f32: return 15;
      case Form::f64: break;
    }
    return kRealWidth;
  }
  static std::string form_of(const Column& column, int width) {
    if (column.form <= Form::boolean) return 'A' + std::to_string(width);
    if (column.form == Form::f32) return "E15.8";
    if (column.form == Form::f64) return "D24.16";
    return 'I' + std::to_string(width);
  }
  static std::string_view real_text(char* out, double value, int decimals) {
    if (!std::isfinite(value)) return {};  // the standard has no infinity here
    char* const end = std::to_chars(out, out + kRealWidth + 8, value, std::chars_format::scientific, decimals).ptr;
    std::replace(out, end, 'e', 'E');
    return {out, static_cast<std::size_t>(end - out)};
  }

  std::vector<Column> columns_;
  std::size_t row_size_ = 0;
  Header cards_;
};

}  // namespace

MadeWriter make_fits(const Schema& schema, const EmitOptions& options, Sink sink) {
  if (options.fields.empty() && Records::possible(schema))
    return make_counted_writer(Records(schema), options, std::move(sink));
  IMREG_ASSIGN(auto columns, make_columns(schema, options));
  IMREG_TRY(refuse_columns(columns.size()));
  return make_counted_writer(BinaryTable(schema, std::move(columns)), options, std::move(sink));
}

MadeWriter make_fits_table(const Schema& schema, const EmitOptions& options, Sink sink) {
  IMREG_ASSIGN(auto columns, make_columns(schema, options));
  std::size_t count = 0;
  for (const auto& column : columns) count += static_cast<std::size_t>(column.cell.elements);
  IMREG_TRY(refuse_columns(count));
  return make_counted_writer(AsciiTable(schema, std::move(columns)), options, std::move(sink));
}

}  // namespace imreg::emit

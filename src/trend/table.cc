// Tables of results in the formats that people and programs read. Binary ones are made by room emit.
#include "trend/table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>

#include "base/text.h"
#include "emit/escape.h"
#include "emit/number.h"
#include "imreg/date.h"
#include "imreg/record.h"
#include "imreg/schema.h"

namespace imreg::trend {

namespace {

// The shortest decimal that reads back as the same value; beyond 15 digits with an exponent.
std::string exact_number(double value) {
  std::array<char, 64> text{};
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-5 && size < 1e15);
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  return {text.data(), end.ptr};
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string bar_of(double value, double most, int width, bool ascii) {
  if (!(value > 0) || !(most > 0)) return {};
  const double eighths = value / most * width * 8;
  if (ascii) return std::string(static_cast<std::size_t>(std::max(1.0, std::round(eighths / 8))), '#');
  const auto whole = static_cast<int>(eighths) / 8, part = static_cast<int>(eighths) % 8;
  std::string out;
  for (int i = 0; i < whole; ++i) out += "\u2588";
  static constexpr std::array<const char*, 8> kParts = {"",       "\u258f", "\u258e", "\u258d",
                                                        "\u258c", "\u258b", "\u258a", "\u2589"};
  out += whole == 0 && part == 0 ? kParts[1] : kParts[static_cast<std::size_t>(part)];
  return out;
}

// What the results are called programs rely on; what rows are of gives way.
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> out(table.columns.size());
  std::set<std::string> taken;
  const auto name = [&](std::size_t i) {
    out[i] = table.columns[i].name;
    while (!taken.insert(out[i]).second) out[i] += '_';
  };
  for (std::size_t i = table.keys; i < out.size(); ++i) name(i);
  for (std::size_t i = 0; i < table.keys; ++i) name(i);
  return out;
}

void write_text(const Table& table, const TableOptions& options, const Sink& sink) {
  std::vector<std::vector<std::string>> cells(table.columns.size());
  std::vector<std::size_t> widths;
  std::size_t line = 0;
  const auto names = names_of(table);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const auto& column = table.columns[c];
    cells[c].push_back(emit::escaped<emit::Style::table>(names[c]));
    for (std::size_t row = 0; row < table.rows(); ++row) cells[c].push_back(cell_text(column, row, options));
    std::size_t width = 0;
    for (const auto& cell : cells[c]) width = std::max(width, characters(cell));
    widths.push_back(width);
    line += width + 2;
  }
  const auto left = static_cast<int>(std::max<std::size_t>(
      10, (options.width > 0 ? static_cast<std::size_t>(options.width) : 80) - std::min<std::size_t>(line + 1, 70)));
  double most = 0;
  if (table.bars >= 0) {
    for (const double value : table.columns[static_cast<std::size_t>(table.bars)].numbers) most = std::max(most, value);
  }
  for (std::size_t row = 0; row <= table.rows(); ++row) {
    std::string out;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string blanks(widths[c] - characters(cells[c][row]), ' ');
      const bool last = c + 1 == cells.size();
      if (table.columns[c].is_text)
        out += cells[c][row] + (last && table.bars < 0 ? "" : blanks);
      else
        out += blanks + cells[c][row];
      if (!last) out += "  ";
    }
    if (table.bars >= 0 && row > 0) {
      const double value = table.columns[static_cast<std::size_t>(table.bars)].numbers[row - 1];
      out += "  " + bar_of(value, most, left, options.ascii);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    if (!sink(out + '\n')) return;
  }
}

template <emit::Style S>
void write_delimited(const Table& table, char separator, const TableOptions& options, const Sink& sink) {
  std::string out;
  for (const auto& name : names_of(table))
    out += (out.empty() ? "" : std::string(1, separator)) + emit::escaped<S>(name);
  if (!sink(out + '\n')) return;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    out.clear();
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto& column = table.columns[c];
      if (c > 0) out += separator;
      if (column.is_text)
        out += emit::escaped<S>(column.texts[row]);
      else if (!column.is_time.empty() && column.is_time[row])
        out += format_iso(column.numbers[row], -1, options.tz_hours);
      else if (!std::isnan(column.numbers[row]))
        out += exact_number(column.numbers[row]);
    }
    if (!sink(out + '\n')) return;
  }
}

void write_json(const Table& table, const Sink& sink) {
  std::string out;
  const auto names = names_of(table);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    out = "{";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto& column = table.columns[c];
      out += (c > 0 ? ", " : "") + emit::escaped<emit::Style::json>(names[c]) + ": ";
      if (column.is_text)
        out += emit::escaped<emit::Style::json>(column.texts[row]);
      else
        out += std::isfinite(column.numbers[row]) ? exact_number(column.numbers[row]) : "null";
    }
    if (!sink(out + "}\n")) return;
  }
}

// As records of a format of its own, for npy and FITS.
Status write_records(const Table& table, std::string_view format, const Sink& sink) {
  Schema schema;
  schema.format = "imstatus";
  schema.version = 1;
  schema.extname = "IMSTATUS";
  const auto names = names_of(table);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& column = table.columns[i];
    FieldInfo field;
    field.name = plain_name(names[i]);
    if (field.name.empty()) field.name = "c" + std::to_string(i + 1);
    while (schema.find(field.name)) field.name += '_';
    field.column = to_upper(field.name);
    field.meaning = column.name;
    field.unit = column.unit;
    field.offset = schema.record_size;
    field.type = column.is_text ? Type::text : column.is_count ? Type::i64 : Type::f64;
    if (column.is_text) {
      std::size_t width = 1;
      for (const auto& text : column.texts) width = std::max(width, text.size());
      field.count = static_cast<int>(std::min<std::size_t>(width, 4096));
    } else if (!column.is_time.empty() &&
               std::find(column.is_time.begin(), column.is_time.end(), false) == column.is_time.end()) {
      field.display = Display::time;
      field.unit = "s";
    }
    schema.record_size += field.size();
    schema.fields.push_back(std::move(field));
  }
  EmitOptions options;
  for (const auto& field : schema.fields) options.fields.push_back(field.name);
  IMREG_ASSIGN(const auto writer, make_row_writer(format, schema, options, sink));
  Record record(static_cast<std::size_t>(schema.record_size));
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto& column = table.columns[c];
      const auto& field = schema.fields[c];
      char* const at = record.data() + field.offset;
      if (column.is_text)
        store(record.data(), Field<Text>{field.offset, field.count}, std::string_view(column.texts[row]));
      else if (column.is_count)
        store_big(at, static_cast<std::int64_t>(column.numbers[row]));
      else
        store_big(at, column.numbers[row]);
    }
    if (!writer->row(static_cast<std::int64_t>(row) + 1, record.view())) break;
  }
  writer->finish();
  return writer->status();
}

}  // namespace

TableColumn& Table::key(std::size_t at, const TableColumn& like) {
  if (keys <= at) columns.insert(columns.begin() + static_cast<std::ptrdiff_t>(keys++), like);
  return columns[at];
}

TableColumn& Table::operator[](std::string_view name) {
  for (std::size_t i = keys; i < columns.size(); ++i) {
    if (columns[i].name == name) return columns[i];
  }
  columns.push_back({.name = std::string(name)});
  return columns.back();
}

std::string plain_name(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool good = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (good || (!out.empty() && out.back() != '_')) out += good ? c : '_';
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

std::vector<std::string> table_formats() { return {"text", "csv", "tsv", "json", "npy", "fits"}; }

Status write_table(const Table& table, std::string_view format, const TableOptions& options, const Sink& sink) {
  if (format == "text") return write_text(table, options, sink), Status();
  if (format == "csv") return write_delimited<emit::Style::csv>(table, ',', options, sink), Status();
  if (format == "tsv") return write_delimited<emit::Style::tsv>(table, '\t', options, sink), Status();
  if (format == "json") return write_json(table, sink), Status();
  if (format == "npy" || format == "fits") return write_records(table, format, sink);
  std::string all;
  for (const auto& name : table_formats()) all += (all.empty() ? "" : ", ") + name;
  return {Code::invalid, "there is no format \"" + std::string(format) + "\": it is one of " + all};
}

std::string short_number(double value, int digits) {
  if (std::isnan(value)) return "-";
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits);
  std::string out(text.data(), end.ptr);
  // 123457000 and not 1.23457e+08, as long as that is short.
  if (out.find('e') != out.npos && std::abs(value) >= 1 && std::abs(value) < 1e10) {
    const auto whole =
        std::to_chars(text.data(), text.data() + text.size(), std::round(value), std::chars_format::fixed);
    out.assign(text.data(), whole.ptr);
  }
  return out;
}

std::string cell_text(const TableColumn& column, std::size_t row, const TableOptions& options) {
  if (column.is_text) return column.texts[row].empty() ? "-" : emit::escaped<emit::Style::table>(column.texts[row]);
  const double value = column.numbers[row];
  if (!column.is_time.empty() && column.is_time[row]) {
    const auto text = format_iso(value, std::floor(value) == value ? 0 : 1, options.tz_hours);
    return text.empty() ? "-" : text;
  }
  if (options.exact && std::isfinite(value)) return exact_number(value);
  const double size = std::abs(value);
  return short_number(value, column.is_count ? 17 : std::max(column.digits, size >= 1e6 ? 11 : size >= 1e4 ? 9 : 6));
}

}  // namespace imreg::trend

// Reads text tables, our own and other people's.
#include "trend/read_table.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "imreg/vectors.h"
#include "os/file.h"
#include "trend/table.h"

namespace imreg::trend {

namespace {

bool is_unknown(std::string_view cell) {
  return cell.empty() || cell == "-" || equal_nocase(cell, "nan") || equal_nocase(cell, "null");
}

// RFC 4180: quotes around a cell, two inside for one.
std::vector<std::string> csv_cells(std::string_view line, char separator) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"')
      out.back() += line[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (c == separator && !quoted)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

std::vector<std::string> cells_of(std::string_view line, char separator) {
  if (separator == ',' || separator == ';') return csv_cells(line, separator);
  std::vector<std::string> out;
  const auto parts = separator == '\t' ? split(line, '\t') : words(line);
  for (const auto part : parts) out.emplace_back(part);
  return out;
}

// What we write of infinite values is read back.
bool read_number(std::string_view cell, double& value) {
  if (parse_number(cell, value)) return true;
  const bool negative = cell.starts_with('-');
  if (negative || cell.starts_with('+')) cell.remove_prefix(1);
  value = negative ? -HUGE_VAL : HUGE_VAL;
  return equal_nocase(cell, "inf") || equal_nocase(cell, "infinity");
}

bool is_number(std::string_view cell) {
  double value = 0;
  return is_unknown(cell) || read_number(cell, value);
}

VectorPtr vector_of(const std::vector<std::string>& cells, const DateSettings& dates) {
  std::vector<double> values;
  if (std::all_of(cells.begin(), cells.end(), is_number)) {
    for (const auto& cell : cells) {
      double value = vectors::kUnknown;
      if (!is_unknown(cell)) (void)read_number(cell, value);
      values.push_back(value);
    }
    return std::make_shared<const Vector>(number_vector(std::move(values)));
  }
  for (const auto& cell : cells) {
    const auto date = is_unknown(cell) ? Result<double>(vectors::kUnknown) : parse_date(cell, dates);
    const bool looks_so = is_unknown(cell) || cell.find_first_of("-/:") != cell.npos;  // "5d" is a text here
    if (!date || !looks_so) {
      std::vector<std::string> texts;
      for (const auto& one : cells) texts.push_back(is_unknown(one) ? "" : one);
      return std::make_shared<const Vector>(text_vector(texts));
    }
    values.push_back(*date);
  }
  Vector out = number_vector(std::move(values));
  out.column.shape.display = Display::time;
  return std::make_shared<const Vector>(std::move(out));
}

}  // namespace

std::string vector_name(std::string_view text, std::size_t column) {
  std::string out = plain_name(text);
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0])) != 0) out = "c" + std::to_string(column + 1);
  return out.substr(0, 64);
}

Result<std::vector<std::pair<std::string, VectorPtr>>> read_text_table(const std::string& path,
                                                                       const DateSettings& dates) {
  IMREG_ASSIGN(const std::string whole, read_file(path, std::size_t{1} << 30));
  std::string_view text = whole;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // the mark of UTF-8 that some programs write
  if (trim(text.substr(0, 1000)).starts_with('{'))
    return Status(Code::invalid, "looks like JSON, which is not read: CSV, TSV, text and FITS tables are")
        .in_file(path);
  const auto bad = [&](std::int64_t line, const std::string& what) {
    return Status(Code::invalid, "line " + std::to_string(line) + ": " + what).in_file(path);
  };
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> columns;
  char separator = to_lower(path).ends_with(".csv") ? ',' : to_lower(path).ends_with(".tsv") ? '\t' : ' ';
  std::int64_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool comment = line.starts_with('#');
    if (comment && (!names.empty() || !columns.empty())) continue;
    if (comment) line.remove_prefix(1);
    if (trim(line).empty()) continue;
    if (line.find('\0') != line.npos) return bad(number, "a NUL byte: this is no table of text");
    const bool first = names.empty() && columns.empty();
    if (first && separator == ',' && line.find(',') == line.npos && line.find(';') != line.npos) separator = ';';
    auto cells = cells_of(line, separator);
    if (columns.empty()) {
      const bool names_here = comment || !std::all_of(cells.begin(), cells.end(), is_number);
      if (names_here && names.empty()) {
        names = cells;
        if (!comment) columns.resize(cells.size());
        continue;
      }
      columns.resize(cells.size());
    }
    if (cells.size() != columns.size())
      return bad(number, std::to_string(cells.size()) + " columns, and " + std::to_string(columns.size()) + " before");
    for (std::size_t i = 0; i < cells.size(); ++i) columns[i].emplace_back(trim(cells[i]));
  }
  if (columns.empty()) return Status(Code::invalid, "there is no line of values").in_file(path);
  std::vector<std::pair<std::string, VectorPtr>> out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string name = vector_name(names.size() == columns.size() ? names[i] : "", i);
    const auto taken = [&](const std::string& one) {
      return std::any_of(out.begin(), out.end(), [&](const auto& before) { return equal_nocase(before.first, one); });
    };
    std::string own = name;  // of two columns with one name none is lost
    for (int n = 2; taken(own); ++n) own = name + "_" + std::to_string(n);
    out.emplace_back(own, vector_of(columns[i], dates));
  }
  return out;
}

}  // namespace imreg::trend

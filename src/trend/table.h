// What a verb of imstatus answers: columns with names, of numbers or texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imreg/emit.h"
#include "imreg/status.h"

namespace imreg::trend {

struct TableColumn {
  std::string name;
  std::string unit{};
  bool is_text = false;
  bool is_count = false;          ///< whole numbers
  int digits = 0;                 ///< of `text`, when six are not enough
  std::vector<double> numbers{};  ///< NaN: an empty cell
  std::vector<bool> is_time{};    ///< rows whose number is a time (seconds since 1970 UTC); empty: none is
  std::vector<std::string> texts{};

  void add(double number, bool time = false) {
    numbers.push_back(number);
    if (time || !is_time.empty()) is_time.resize(numbers.size() - 1), is_time.push_back(time);
  }
  std::size_t size() const { return is_text ? texts.size() : numbers.size(); }
};

struct Table {
  std::vector<TableColumn> columns;
  std::size_t keys = 0;  ///< so many of them, in front, say what a row is of; they have people's names
  int bars = -1;         ///< the column that text draws as bars; -1: none

  std::size_t rows() const { return columns.empty() ? 0 : columns[0].size(); }
  /// Key number `at`; made, like this one, when there are no more than `at`.
  TableColumn& key(std::size_t at, const TableColumn& like);
  /// The column of this name that is no key; made behind the others when there is none.
  TableColumn& operator[](std::string_view name);
};

struct TableOptions {
  double tz_hours = 0;
  int width = 0;       ///< columns of the terminal for bars; 0: 80
  bool ascii = false;  ///< bars of #, not of blocks
  bool exact = false;  ///< of text: all digits
};

/// Columns of one name are told apart by _ behind it, keys first. Formats: text (aligned, six digits), csv, tsv, json (an object a line), npy, fits. Error: invalid (no such format).
std::vector<std::string> table_formats();
Status write_table(const Table& table, std::string_view format, const TableOptions& options, const Sink& sink);

/// As `text` has it: six digits, no zeros behind, more of large numbers, which often are days; "-" for NaN; a date for a time.
std::string short_number(double value, int digits = 6);
/// "mean(fwhm)" as a name of a vector or a FITS column: letters and digits, with one _ for what stands between; mean_fwhm.
std::string plain_name(std::string_view text);
std::string cell_text(const TableColumn& column, std::size_t row, const TableOptions& options);

}  // namespace imreg::trend

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
  int bars = -1;  ///< the column that text draws as bars; -1: none

  std::size_t rows() const { return columns.empty() ? 0 : columns[0].size(); }
  /// The column of this name; made behind the others when there is none.
  TableColumn& operator[](std::string_view name);
};

struct TableOptions {
  double tz_hours = 0;
  int width = 0;       ///< columns of the terminal for bars; 0: 80
  bool ascii = false;  ///< bars of #, not of blocks
};

/// Formats: text (aligned, six digits), csv, tsv, json (an object a line), npy, fits. Error: invalid (no such format).
std::vector<std::string> table_formats();
Status write_table(const Table& table, std::string_view format, const TableOptions& options, const Sink& sink);

/// As `text` has it: six digits, no zeros behind; "-" for NaN; a date for a time.
std::string short_number(double value, int digits = 6);
std::string cell_text(const TableColumn& column, std::size_t row, const TableOptions& options);

}  // namespace imreg::trend

// Temperatures into rows of images.
#pragma once

#include <string>

#include "imreg/bulk_edit.h"
#include "imreg/record.h"
#include "imreg/registry.h"
#include "imreg/temps.h"

namespace imreg {

/// What became of the temperatures of a row: `none` wants some and nothing is known, `untimed` has no time to look for.
enum class Filled { complete, filled, none, untimed };
/// Puts what is known into those of its temperatures that are not.
Filled fill_row(Record& row, Temperatures& temperatures);

/// imtemps fill: completes rows without temperatures, as one step that can be undone. man 1 imtemps.
struct FillReport {
  BulkEditReport edit;
  std::int64_t complete = 0;  ///< rows that have all temperatures
  std::int64_t without = 0;   ///< rows that stay as they are: nothing is known about their time
};
/// Errors: those of edit_rows, and of the filters.
Result<FillReport> fill_temperatures(const SearchOptions& search, const TemperatureOptions& temperatures,
                                     const BulkEditOptions& options, const std::string& command);
std::string report_text(const FillReport& report);
std::string report_json(const FillReport& report, const BulkEditOptions& options);

}  // namespace imreg

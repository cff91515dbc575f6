// How a program that changes many rows tells of it.
#pragma once

#include <string>

#include "cli/options.h"
#include "imreg/bulk_edit.h"

namespace imreg::cli {

/// Prints the report and, with -v, the rate; notes and damaged records. Merges the index behind the program's end. The exit code: 0,
/// 1 no row changes, 3 records are damaged and stay, 4 the plan is refused, or rows of an undo were changed since.
int tell_edit(std::string_view program, const Parsed& args, const BulkEditReport& report,
              const BulkEditOptions& options, const std::string& text);

/// -db, -wait and what the environment says of a network. Errors: those of Parsed::number.
Status read_edit_options(const Parsed& args, const std::string& database, BulkEditOptions& options);

/// -modify FIELD VALUE, -delete, -n, -all, -wait of a program with filters.
inline constexpr Option kModifyOptions[] = {
    {"modify", "FIELD VALUE", "set path, mode, dist, type or filter of all rows found"},
    {"delete", "", "mark all rows found as deleted"},
    {"n", "", "-modify, -delete: rehearse, change nothing"},
    {"all", "", "-modify, -delete: without a filter, every row"},
    kWaitOption,
};
/// Error: invalid, one of the last three without one of the first two.
Status check_modify(const Parsed& args);
/// Does it, and tells of it. Returns the exit code.
int modify_rows_of(std::string_view program, const Parsed& args, const SearchOptions& search);

}  // namespace imreg::cli

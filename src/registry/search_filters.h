// The filters of imsearch: what the words of each option mean, as conditions of a Selection.
#pragma once

#include <string_view>

#include "imreg/registry.h"
#include "imreg/scan.h"
#include "imreg/schema.h"

namespace imreg {

/// All filters of a search, and the rule that deleted rows are not found. Error: invalid, beginning with the option.
Result<Selection> make_selection(const SearchOptions& options, const Schema& schema);

}  // namespace imreg

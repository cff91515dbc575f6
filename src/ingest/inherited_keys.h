// What the row of an extension has from the primary HDU of its file.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "imreg/record_file.h"

namespace imreg::ingest {

/// The table of the primary HDU beside that of an extension: wfc_flt_0 of wfc_flt_1; empty: it is one itself, or there is none.
std::string primary_of(const std::string& folder, const std::string& table);

/// The columns of `primary` that one of the texts names and that not all rows of the extension have. Not those that tell how an HDU is
/// made, such as NAXIS or CHECKSUM. Errors: those of a scan.
Result<std::set<std::string>> inherited_keys(const RecordFile& extension, const Schema& primary,
                                             const std::vector<std::string>& texts, int jobs);

}  // namespace imreg::ingest
